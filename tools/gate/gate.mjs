/**
 * `npm test`: runs every step of `steps.mjs`, one line each when it passes and its whole output when it does not, and
 * ends with 'N passed, N failed' alone on a line. Arguments name the steps to run; `--full` adds the long tests.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { findOrInstallBrowser } from '../setup/find-browser.mjs';
import { countVitest, notesOf, summarize } from './counts.mjs';
import { batchesOf, steps } from './steps.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

/** Runs a command with Node and resolves to its exit code and everything it printed. */
function runNode(args, env) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data));
    child.on('close', (code) => resolve({ code, output }));
  });
}

/** Runs one step; resolves to its counts, its output, and a note for its line. */
async function runStep(step, env, folder) {
  if (step.kind === 'check') {
    const { code, output } = await runNode(step.command, env);
    const passed = code === 0;
    // The last line of a check that passed says what it looked at.
    const note = passed ? (output.trim().split('\n').at(-1) ?? '') : '';
    return { passed: passed ? 1 : 0, failed: passed ? 0 : 1, skipped: 0, output, note };
  }
  const reportPath = join(folder, `${step.name}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportPath}`];
  const { code, output } = await runNode([...step.command, ...reporters], env);
  const report = await readFile(reportPath, 'utf8').then(JSON.parse, () => undefined);
  return { ...countVitest(report, code), output, note: notesOf(output) };
}

async function main() {
  const { values, positionals } = parseArgs({
    options: { full: { type: 'boolean' } },
    allowPositionals: true,
  });
  const unknown = positionals.find((name) => !steps.some((step) => step.name === name));
  if (unknown)
    throw new Error(`There is no step '${unknown}'; the steps are ${steps.map((s) => s.name).join(', ')}.`);
  const chosen = steps.filter((step) => positionals.length === 0 || positionals.includes(step.name));
  const browser = await findOrInstallBrowser();
  console.log(`Browser: ${browser.path} (${browser.origin})`);
  const env = { ...process.env, LONGPAGE_BROWSER: browser.path, ...(values.full && { LONGPAGE_FULL: '1' }) };
  const folder = await mkdtemp(join(tmpdir(), 'longpage-gate-'));
  const failedSteps = new Set();
  const totals = { passed: 0, failed: 0, skipped: 0 };
  const runTimed = async (step) => {
    const start = performance.now();
    const result = failedSteps.has(step.needs)
      ? { passed: 0, failed: 1, skipped: 0, output: `not run, because '${step.needs}' failed`, note: '' }
      : await runStep(step, env, folder);
    return { step, result, durationMs: performance.now() - start };
  };
  for (const batch of batchesOf(chosen)) {
    // Each says its line as soon as those before it have said theirs.
    for (const running of batch.map(runTimed)) {
      const { step, result, durationMs } = await running;
      for (const key of ['passed', 'failed', 'skipped']) totals[key] += result[key];
      console.log(summarize(step.name, result, durationMs));
      if (result.failed > 0) {
        failedSteps.add(step.name);
        console.log(result.output.trimEnd());
      }
    }
  }
  await rm(folder, { recursive: true });
  if (failedSteps.size > 0) console.log(`Failed: ${[...failedSteps].join(', ')}`);
  if (totals.skipped > 0) console.log(`${totals.skipped} skipped`);
  console.log(`${totals.passed} passed, ${totals.failed} failed`);
  process.exitCode = totals.failed > 0 ? 1 : 0;
}

main().catch((error) => {
  console.error(error.message);
  console.log('0 passed, 1 failed');
  process.exitCode = 1;
});
