/**
 * The benchmark under Dawn for Node: entry of the bundle that `tools/bench/bench.ts` builds, which also runs on a machine
 * without this repository. Paths of models start from the current folder.
 */
import { join } from 'node:path';
import { kvUsage, parseKvOptions, type KvCommand } from './kv/options';
import { parseOptions, usage, type BenchOptions } from './options';
import { checkOutput } from '../command-line/files.mjs';
import { UsageError } from '../command-line/options';
import { nodeGpu, runNodeProgram } from '../node/harness';
import { runKvBench } from './kv/bench';
import { runLong } from './kv/long';
import { runKvCase } from './kv/run';
import { measureMatvecs } from './matvec';
import { openNodeEngine } from './node-engine';
import { profile } from './profile/profile';
import { describeReport, writeReport, type BenchReport } from './report';
import { runModels } from './run-models';

async function runKv(command: KvCommand): Promise<void> {
  if (command.jsonPath !== undefined) checkOutput(command.jsonPath);
  const gpu = nodeGpu();
  await runKvBench({ ...command, runner: 'node' }, process.cwd(), {
    runCase: (kvCase) => runKvCase(gpu, command, kvCase),
    runLong: (options) => runLong(gpu, options),
  });
}

async function runBench(options: BenchOptions): Promise<void> {
  if (options.runner === 'browser')
    throw new UsageError('This is the node runner: npm run bench has the browser.');
  if (options.jsonPath !== undefined) checkOutput(options.jsonPath);
  const startedAt = new Date().toISOString();
  const root = process.cwd();
  const measured = await runModels(options, {
    engine: 'Longpage, Node',
    root,
    open: openNodeEngine,
    profile,
  });
  const isOnGpu = measured.models.some(({ isSoftware }) => !isSoftware);
  const matvec =
    options.hasMatvec || isOnGpu
      ? await measureMatvecs(nodeGpu(), {
          ...(options.numMatvecLayers !== undefined && { numLayers: options.numMatvecLayers }),
        })
      : undefined;
  const report: BenchReport = { startedAt, ...measured, ...(matvec && { matvec }) };
  const path = options.jsonPath ?? join(root, '.cache/bench', `${startedAt.replaceAll(':', '-')}.json`);
  writeReport(path, report);
  console.log(describeReport(report));
  console.error(`JSON: ${path}`);
}

const [first, ...rest] = process.argv.slice(2);
if (first === 'kv') runNodeProgram({ args: rest, parse: parseKvOptions, usage: kvUsage }, runKv);
else runNodeProgram({ parse: parseOptions, usage }, runBench);
