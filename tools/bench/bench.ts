/**
 * `npm run bench`: speed and memory of the engine as tables on the screen and JSON in a file. The default runner drives the
 * built library in headless Chromium; the node runner is a bundle that this builds and starts. Exit code 0: measured; 2:
 * called wrongly; 1: the rest.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeReport, writeReport, type BenchReport } from '../../test/bench/report';
import { runModels } from '../../test/bench/run-models';
import { launchBrowser } from '../browser/launch.mjs';
import { ensureLibrary } from '../build/ensure-library.mjs';
import { gpuEnvironment } from '../setup/gpu-environment.mjs';
import { openBrowserEngine, repositoryRoot } from './browser-engine';
import { buildNodeBench, dawnPath } from './build-node';
import { runKvInBrowser } from './kv';
import { kvUsage, parseKvOptions } from './kv-options';
import { parseOptions, usage, UsageError, type BenchOptions } from './options';
import { openPeer } from './peers';

/** Builds the bundle and runs it to its end with its own output. @throws Error when it fails */
async function runInNode(args: readonly string[], environment: Record<string, string>): Promise<void> {
  const bundle = await buildNodeBench();
  const { status } = spawnSync(process.execPath, [bundle, ...args], {
    cwd: repositoryRoot,
    env: { LONGPAGE_DAWN: dawnPath(), ...process.env, ...environment },
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error(`The benchmark under Node ended with status ${String(status)}.`);
}

async function runInBrowser(options: BenchOptions): Promise<void> {
  const startedAt = new Date().toISOString();
  const folder = join(repositoryRoot, '.cache/bench');
  const stem = startedAt.replaceAll(':', '-');
  const path = options.jsonPath ?? join(folder, `${stem}.json`);
  // Once, so that every model is measured with the same build.
  const library = ensureLibrary();
  const browser = await launchBrowser({ adapter: 'system' });
  let report: BenchReport;
  try {
    const measured = await runModels(options, {
      engine: 'Longpage, Chromium',
      root: repositoryRoot,
      open: (model, kv) => openBrowserEngine(browser, library, model, kv),
      openPeer: (model) => openPeer(browser, model, options),
    });
    report = { startedAt, ...measured };
  } finally {
    await browser.close();
  }
  console.log(describeReport(report));
  if (report.models.some(({ isSoftware }) => !isSoftware)) {
    const matvecPath = join(folder, `${stem}-matvec.json`);
    await runInNode(['--models', 'none', '--matvec', '--json', matvecPath], { LONGPAGE_ADAPTER: 'system' });
    const { matvec } = JSON.parse(readFileSync(matvecPath, 'utf8')) as BenchReport;
    if (matvec) report = { ...report, matvec };
  }
  writeReport(path, report);
  console.error(`JSON: ${path}`);
}

async function runKv(args: readonly string[]): Promise<void> {
  const command = parseKvOptions(args);
  if (command === 'help') console.log(kvUsage);
  else if (command.runner === 'browser') await runKvInBrowser(command);
  else await runInNode(['kv', ...args], gpuEnvironment(process.env['LONGPAGE_BROWSER']));
}

async function main(args: readonly string[]): Promise<void> {
  if (args[0] === 'kv') return runKv(args.slice(1));
  const options = parseOptions(args);
  if (options === 'help') console.log(usage);
  else if (options.runner === 'node') await runInNode(args, gpuEnvironment(process.env['LONGPAGE_BROWSER']));
  else await runInBrowser(options);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.exitCode = error instanceof UsageError ? 2 : 1;
  console.error(error instanceof UsageError ? error.message : error);
});
