/**
 * How fast the disk stores are in Chromium, on the disk and in a private window: `npx tsx test/bench/host-stores.ts`. Files
 * are written into the system's temporary folder: where that is memory, set TMPDIR to a folder on the disk.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BrowserContext } from 'playwright';
import { build } from 'vite';
import { launchBrowser, launchProfile } from '../../tools/browser/launch.mjs';
import { serve } from '../../tools/serve/static-server.mjs';
import type { StoreFigures } from './host-stores-worker';

const storeNames = ['IndexedDB', 'OPFS'];
/** Rounds of every store, taking turns, so that a busy moment of the machine meets all of them. */
const numRounds = 3;

async function buildWorker(outDir: string): Promise<void> {
  await build({
    configFile: false,
    logLevel: 'warn',
    publicDir: false,
    build: {
      outDir,
      emptyOutDir: true,
      target: 'es2023',
      rolldownOptions: {
        input: fileURLToPath(new URL('host-stores-worker.ts', import.meta.url)),
        output: { entryFileNames: 'worker.js', codeSplitting: false },
      },
    },
  });
}

async function measureIn(context: BrowserContext, origin: string, store: string): Promise<StoreFigures> {
  const page = await context.newPage();
  await page.goto(origin);
  const { figures, error } = await page.evaluate(
    (name) =>
      new Promise<{ figures?: StoreFigures; error?: string }>((resolve) => {
        const worker = new Worker('/worker.js', { type: 'module' });
        worker.onmessage = ({ data }) => resolve(data as { figures?: StoreFigures; error?: string });
        worker.onerror = ({ message }) => resolve({ error: message });
        worker.postMessage(name);
      }),
    store,
  );
  await page.close();
  if (!figures) throw new Error(`${store}: ${error}`);
  return figures;
}

const median = (values: number[]) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

async function measureStores(context: BrowserContext, origin: string, where: string): Promise<void> {
  const rounds: Record<string, StoreFigures[]> = {};
  for (let round = 0; round < numRounds; round++) {
    for (const name of storeNames) (rounds[name] ??= []).push(await measureIn(context, origin, name));
  }
  for (const [name, figures] of Object.entries(rounds)) {
    const of = (key: keyof StoreFigures) => Number(median(figures.map((all) => all[key])).toPrecision(3));
    console.log(
      `${where}, ${name}: write ${of('writeMegabytesPerSecond')} MB/s, read ${of('readMegabytesPerSecond')} MB/s, ` +
        `move ${of('moveMegabytesPerSecond')} MB/s, rerank of 48 heads ${of('rerankMs')} ms`,
    );
  }
}

const folder = mkdtempSync(join(tmpdir(), 'longpage-bench-'));
await buildWorker(join(folder, 'worker'));
const server = await serve({
  mounts: [{ prefix: '/', folder: join(folder, 'worker') }],
  pages: { '/': '<!doctype html><title>Stores</title>' },
});
const profile = await launchProfile(join(folder, 'profile'));
await measureStores(profile, server.origin, 'on the disk');
await profile.close();
const browser = await launchBrowser();
await measureStores(await browser.newContext(), server.origin, 'in a private window');
await browser.close();
await server.close();
rmSync(folder, { recursive: true });
