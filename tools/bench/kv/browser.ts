/** `npm run bench -- kv`: in a page of headless Chromium, or in the bundle for Node. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'vite';
import { runKvBench } from './bench';
import { launchBrowser } from '../../browser/launch.mjs';
import { serve } from '../../serve/static-server.mjs';
import { wgsl } from '../../vite/wgsl-plugin';
import { repositoryRoot } from '../browser-engine';
import type { KvCommand } from './options';
import { pageModule } from '../../browser/page-module';

/** Measures in a page. @throws Error with what the engine says */
export async function runKvInBrowser(command: KvCommand): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'longpage-bench-kv-'));
  try {
    await buildPage(folder);
    const mounts = [{ prefix: '/bench/', folder }];
    const site = await serve({ mounts, pages: { '/': '<!doctype html><title>bench</title>' } });
    const browser = await launchBrowser({ adapter: 'system' });
    try {
      // A page for each: what one has allocated is gone for the next.
      const inPage = async <R>(name: string, ...args: unknown[]): Promise<R> => {
        const page = await browser.newPage();
        await page.goto(site.origin);
        const result = await pageModule(page, '/bench/page.mjs')<R>(name, ...args);
        await page.close();
        return result;
      };
      await runKvBench(command, repositoryRoot, {
        runCase: (kvCase) => inPage('runCase', command, kvCase),
        runLong: (options) => inPage('runLongCase', options),
      });
    } finally {
      await browser.close();
      await site.close();
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** One module with everything in it: `page.mjs`. */
async function buildPage(outDir: string): Promise<void> {
  await build({
    root: repositoryRoot,
    configFile: false,
    logLevel: 'warn',
    publicDir: false,
    plugins: [wgsl()],
    build: {
      outDir,
      emptyOutDir: true,
      target: 'es2022',
      lib: {
        entry: join(repositoryRoot, 'tools/bench/kv/page.ts'),
        formats: ['es'],
        fileName: () => 'page.mjs',
      },
      rolldownOptions: { output: { codeSplitting: false } },
    },
  });
}
