/** `npm run verify`: models against llama.cpp or transformers on the same file; see `--help`. Exit code 0: they agree, or there was none. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { runCommand } from '../command-line/run';
import { runInNode } from '../node/run-in-node';
import { compareSteps, untilEnd } from './compare';
import { dequantiseGguf } from './dequantise';
import { runLlamaCpp } from './llama-cpp';
import type { NodeResult } from './node';
import { parseOptions, usage, type VerifyOptions } from './options';

const root = join(import.meta.dirname, '../..');
const folder = join(root, '.cache/verify');
const tolerances = { f32: 2e-3, f16: 0.15 } as const;

async function runOurs(options: VerifyOptions): Promise<NodeResult> {
  mkdirSync(folder, { recursive: true });
  const [request, result] = [join(folder, 'request.json'), join(folder, 'ours.json')];
  writeFileSync(request, JSON.stringify(options));
  const code = await runInNode('tools/verify/node.ts', 'verify', [request, result]);
  if (code !== 0) throw new Error(`Our half ended with exit code ${code}.`);
  return JSON.parse(readFileSync(result, 'utf8')) as NodeResult;
}

const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/** transformers on the file as it is; it prints its own lines. */
function runTransformers({ model, arithmetic }: VerifyOptions): boolean {
  const script = join(root, 'tools/verify/transformers_gguf.py');
  const args = [script, model, join(folder, 'ours.json'), String(tolerances[arithmetic])];
  const { status, error } = spawnSync(process.env['PYTHON'] ?? 'python3', args, { stdio: 'inherit' });
  if (error) throw error;
  return status === 0;
}

async function main(): Promise<void> {
  const models = parseOptions(process.argv.slice(2), process.env['LONGPAGE_MODELS']);
  if (models === 'help') {
    console.log(usage);
    return;
  }
  if (models.length === 0) {
    console.log(
      'Nothing was verified: no --model is named, and LONGPAGE_MODELS is no folder with GGUF files.',
    );
    return;
  }
  for (const options of models) if (!(await verify(options))) process.exitCode = 1;
}

/** Whether a model agrees with its reference. */
async function verify(options: VerifyOptions): Promise<boolean> {
  const ours = await runOurs(options);
  if (options.reference === 'transformers') {
    console.log(`${basename(options.model)} on ${ours.adapter}, against transformers`);
    return runTransformers(options);
  }
  const wide = join(folder, 'reference.gguf');
  dequantiseGguf(options.model, wide);
  const reference = await runLlamaCpp(wide, ours.prompts, options.numSteps);
  rmSync(wide);
  const tolerance = tolerances[options.arithmetic];
  const rows = ours.prompts.map((prompt, i) =>
    compareSteps(prompt.ids.length, untilEnd(reference.steps[i]!, ours.eosIds), ours.steps[i]!, tolerance),
  );
  const isEqual = rows.every((row) => row.isEqual);
  const { adapter, weightBytes, fileBytes, peakExtraBytes, loadMs } = ours;
  const { version } = reference;
  if (options.isJson) {
    console.log(
      JSON.stringify({ version, adapter, tolerance, weightBytes, fileBytes, peakExtraBytes, loadMs, rows }),
    );
    return isEqual;
  }
  console.log(`${basename(options.model)} on ${adapter}, against llama.cpp ${version}; within ${tolerance}`);
  console.log(
    `weights on the GPU ${mebibytes(weightBytes)}, file ${mebibytes(fileBytes)}; ` +
      `most memory while loading ${mebibytes(peakExtraBytes)}; ${Math.round(loadMs)} ms`,
  );
  console.log('prompt  steps  equal  worst Δ logprob  margin where they part');
  for (const { promptTokens, numSteps, equalTokens, worst, marginAtParting, isEqual } of rows) {
    const cells = [
      String(promptTokens).padStart(6),
      String(numSteps).padStart(5),
      String(equalTokens).padStart(5),
      worst.toExponential(1).padStart(15),
      marginAtParting === undefined ? '' : marginAtParting.toFixed(4),
    ];
    console.log(`${cells.join('  ')}${isEqual ? '' : '  differs'}`);
  }
  return isEqual;
}

runCommand(main);
