/**
 * The benchmark under Dawn for Node: entry of the bundle that `tools/bench/bench.ts` builds, which also runs on a machine
 * without this repository. Paths of models start from the current folder.
 */
import { join } from 'node:path';
import { kvUsage, parseKvOptions } from '../../tools/bench/kv-options';
import { parseOptions, usage } from '../../tools/bench/options';
import { checkOutput } from '../../tools/command-line/files.mjs';
import { UsageError } from '../../tools/command-line/options';
import { runCommand } from '../../tools/command-line/run';
import { loadDawn } from './dawn';
import { runKvBench } from './kv/bench';
import { runLong } from './kv/long';
import { runKvCase } from './kv/run';
import { measureMatvecs } from './matvec';
import { openNodeEngine } from './node-engine';
import { profile } from './profile';
import { describeReport, writeReport, type BenchReport } from './report';
import { runModels } from './run-models';

async function runKv(args: readonly string[]): Promise<void> {
  const command = parseKvOptions(args);
  if (command === 'help') {
    console.log(kvUsage);
    return;
  }
  if (command.jsonPath !== undefined) checkOutput(command.jsonPath);
  const gpu = loadDawn();
  await runKvBench({ ...command, runner: 'node' }, process.cwd(), {
    runCase: (kvCase) => runKvCase(gpu, command, kvCase),
    runLong: (options) => runLong(gpu, options),
  });
}

async function main(): Promise<void> {
  const [first, ...rest] = process.argv.slice(2);
  if (first === 'kv') return runKv(rest);
  const options = parseOptions(process.argv.slice(2));
  if (options === 'help') {
    console.log(usage);
    return;
  }
  if (options.runner === 'browser')
    throw new UsageError('This is the node runner: npm run bench has the browser.');
  if (options.jsonPath !== undefined) checkOutput(options.jsonPath);
  const startedAt = new Date().toISOString();
  const gpu = loadDawn();
  const root = process.cwd();
  const measured = await runModels(options, {
    engine: 'Longpage, Node',
    root,
    open: (model, kv) => openNodeEngine(gpu, model, kv),
    profile,
  });
  const isOnGpu = measured.models.some(({ isSoftware }) => !isSoftware);
  const matvec =
    options.hasMatvec || isOnGpu
      ? await measureMatvecs(gpu, {
          ...(options.numMatvecLayers !== undefined && { numLayers: options.numMatvecLayers }),
        })
      : undefined;
  const report: BenchReport = { startedAt, ...measured, ...(matvec && { matvec }) };
  const path = options.jsonPath ?? join(root, '.cache/bench', `${startedAt.replaceAll(':', '-')}.json`);
  writeReport(path, report);
  console.log(describeReport(report));
  console.error(`JSON: ${path}`);
}

runCommand(main, { endsProcess: true });
