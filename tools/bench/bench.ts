/**
 * `npm run bench`: speed and memory of the engine as tables on the screen and JSON in a file. The default runner drives the
 * built library in headless Chromium; the node runner is a bundle that this builds and starts. Exit code 0: measured; 2:
 * called wrongly; 1: the rest.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeReport, writeReport, type BenchReport } from './report';
import { runModels } from './run-models';
import { launchBrowser } from '../browser/launch.mjs';
import { checkOutput } from '../command-line/files.mjs';
import { runCommand } from '../command-line/run';
import { runInNode } from '../node/run-in-node';
import { openBrowserEngine, repositoryRoot } from './browser-engine';
import { runKvInBrowser } from './kv/browser';
import { kvUsage, parseKvOptions } from './kv/options';
import { parseOptions, usage, type BenchOptions } from './options';
import { openPeer } from './peers';

/** Runs to its end with its own output. @returns its exit code */
function benchInNode(args: readonly string[], environment?: Record<string, string>): Promise<number> {
  return runInNode('tools/bench/node.ts', 'bench', args, environment);
}

async function runInBrowser(options: BenchOptions): Promise<void> {
  const startedAt = new Date().toISOString();
  const folder = join(repositoryRoot, '.cache/bench');
  const stem = startedAt.replaceAll(':', '-');
  const path = options.jsonPath ?? join(folder, `${stem}.json`);
  const browser = await launchBrowser({ adapter: 'system' });
  let report: BenchReport;
  try {
    const measured = await runModels(options, {
      engine: 'Longpage, Chromium',
      root: repositoryRoot,
      open: (model, kv) => openBrowserEngine(browser, model, kv),
      openPeer: (model) => openPeer(browser, model, options),
    });
    report = { startedAt, ...measured };
  } finally {
    await browser.close();
  }
  console.log(describeReport(report));
  if (report.models.some(({ isSoftware }) => !isSoftware)) {
    const matvecPath = join(folder, `${stem}-matvec.json`);
    const args = ['--models', 'none', '--matvec', '--json', matvecPath];
    const status = await benchInNode(args, { LONGPAGE_ADAPTER: 'system' });
    if (status !== 0) throw new Error(`The matvecs under Node ended with status ${status}.`);
    const { matvec } = JSON.parse(readFileSync(matvecPath, 'utf8')) as BenchReport;
    if (matvec) report = { ...report, matvec };
  }
  writeReport(path, report);
  console.error(`JSON: ${path}`);
}

async function runKv(args: readonly string[]): Promise<void> {
  const command = parseKvOptions(args);
  if (command === 'help') {
    console.log(kvUsage);
    return;
  }
  if (command.jsonPath !== undefined) checkOutput(command.jsonPath);
  if (command.runner === 'browser') await runKvInBrowser(command);
  else process.exitCode = await benchInNode(['kv', ...args]);
}

runCommand(async () => {
  const args = process.argv.slice(2);
  if (args[0] === 'kv') return runKv(args.slice(1));
  const options = parseOptions(args);
  if (options === 'help') {
    console.log(usage);
    return;
  }
  if (options.jsonPath !== undefined) checkOutput(options.jsonPath);
  if (options.runner === 'node') process.exitCode = await benchInNode(args);
  else await runInBrowser(options);
});
