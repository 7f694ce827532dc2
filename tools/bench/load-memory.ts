/**
 * Memory of a load: `npx tsx tools/bench/load-memory.ts FILE.gguf` loads it in headless Chromium and says how far resident memory rose,
 * by process, above what it was with a blank page: at most while the model loaded, and 3 s after. Linux alone (`/proc`). On a software
 * adapter the GPU process's memory is the GPU's. Exit code 2: called wrongly.
 */
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { openEnginePage } from '../browser/engine-page';
import { launchBrowser } from '../browser/launch.mjs';
import { runCommand } from '../command-line/run';
import { UsageError } from '../command-line/usage-error.mjs';

const mebi = 2 ** 20;
/** What Chromium calls its kinds of processes. */
const kinds = ['renderer', 'gpu-process'] as const;
type Resident = Record<(typeof kinds)[number], number>;

/** Resident bytes of the processes below this one, by kind. Those that end while it looks have none. */
function resident(): Resident {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    const stat = read(`/proc/${name}/stat`);
    parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
  }
  const isOwn = (pid: number | undefined): boolean =>
    pid !== undefined && pid > 1 && (pid === process.pid || isOwn(parents.get(pid)));
  const sums: Resident = { renderer: 0, 'gpu-process': 0 };
  for (const pid of parents.keys()) {
    const kind = kinds.find((name) => read(`/proc/${pid}/cmdline`).includes(`--type=${name}`));
    if (!kind || !isOwn(pid)) continue;
    const [, kilobytes = 0] = /VmRSS:\s+(\d+)/.exec(read(`/proc/${pid}/status`)) ?? [];
    sums[kind] += 1024 * Number(kilobytes);
  }
  return sums;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

runCommand(async () => {
  const [path, ...others] = process.argv.slice(2);
  if (path === undefined || others.length > 0 || !existsSync(path))
    throw new UsageError('Name one GGUF file.');
  const browser = await launchBrowser({ adapter: 'system' });
  try {
    const blank = await browser.newPage();
    await sleep(1000);
    const before = resident();
    const most = { ...before };
    const timer = setInterval(() => {
      const now = resident();
      for (const kind of kinds) most[kind] = Math.max(most[kind], now[kind]);
    }, 50);
    const engine = await openEnginePage(browser, path, { kv: { contextTokens: 256 } });
    await sleep(3000);
    clearInterval(timer);
    const after = resident();
    const { memory } = await engine.stats();
    const show = (bytes: number) => `${(bytes / mebi).toFixed(1)} MiB`;
    for (const kind of kinds)
      console.log(
        `${kind}: ${show(most[kind] - before[kind])} at most, ${show(after[kind] - before[kind])} after`,
      );
    const share = (100 * memory.gpuBytes.weights) / statSync(path).size;
    console.log(
      `GPU bytes: ${show(memory.total)}, at most ${show(memory.peakTotal)}; weights ${memory.gpuBytes.weights} bytes, ${share.toFixed(2)} % of the file`,
    );
    await engine.dispose();
    await blank.close();
  } finally {
    await browser.close();
  }
});
