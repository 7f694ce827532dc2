/** The process of a browser that does the GPU's work, and how much memory it may have. Linux only. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Browser } from 'playwright';

/** Whether a process can be held to a limit here. */
export const canLimitMemory = process.platform === 'linux' && hasPrlimit();

function hasPrlimit(): boolean {
  try {
    execFileSync('prlimit', ['--version']);
    return true;
  } catch {
    // A system without util-linux.
    return false;
  }
}

async function gpuProcessOf(browser: Browser): Promise<number> {
  const devtools = await browser.newBrowserCDPSession();
  const { processInfo } = await devtools.send('SystemInfo.getProcessInfo');
  await devtools.detach();
  const id = processInfo.find(({ type }) => type === 'GPU')?.id;
  if (id === undefined) throw new Error('The browser has no GPU process.');
  return id;
}

/** Memory of its own that the GPU process of `browser` has now, in bytes. */
async function gpuMemoryOf(browser: Browser): Promise<number> {
  const status = readFileSync(`/proc/${await gpuProcessOf(browser)}/status`, 'utf8');
  return 1024 * Number(/^VmData:\s+(\d+)/m.exec(status)![1]);
}

/** The most memory of its own that the GPU process of `browser` is seen with while `work` runs, in bytes. */
export async function peakGpuMemory(browser: Browser, work: Promise<void>): Promise<number> {
  let isDone = false;
  const end = work.finally(() => (isDone = true));
  let peak = 0;
  while (!isDone) peak = Math.max(peak, await gpuMemoryOf(browser));
  await end;
  return peak;
}

/** Lets the GPU process of `browser` have so many bytes of memory of its own and no more. */
export async function limitGpuMemory(browser: Browser, mostBytes: number): Promise<void> {
  execFileSync('prlimit', ['--pid', String(await gpuProcessOf(browser)), `--data=${mostBytes}`]);
}
