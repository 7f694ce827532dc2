/** `npm run verify`: a model against llama.cpp on the same file; see `--help`. Exit code 0: they agree. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { runCommand } from '../command-line/run';
import { runInNode } from '../command-line/run-in-node';
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

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2));
  if (options === 'help') {
    console.log(usage);
    return;
  }
  const ours = await runOurs(options);
  const wide = join(folder, 'reference.gguf');
  dequantiseGguf(options.model, wide);
  const reference = await runLlamaCpp(wide, ours.prompts, options.numSteps);
  rmSync(wide);
  const tolerance = tolerances[options.arithmetic];
  const rows = ours.prompts.map((prompt, i) =>
    compareSteps(prompt.ids.length, untilEnd(reference.steps[i]!, ours.eosIds), ours.steps[i]!, tolerance),
  );
  if (!rows.every(({ isEqual }) => isEqual)) process.exitCode = 1;
  const { adapter, weightBytes, fileBytes, peakExtraBytes, loadMs } = ours;
  const { version } = reference;
  if (options.isJson) {
    console.log(
      JSON.stringify({ version, adapter, tolerance, weightBytes, fileBytes, peakExtraBytes, loadMs, rows }),
    );
    return;
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
}

runCommand(main);
