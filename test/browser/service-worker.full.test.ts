/** An engine in a service worker of a real browser: in one script it runs, in several it says what it needs. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'vite';
import { expect, test } from 'vitest';
import { launchBrowser } from '../../tools/browser/launch.mjs';
import { serve } from '../../tools/serve/static-server.mjs';
import { wgsl } from '../../tools/vite/wgsl-plugin';

/** What the worker answers a prompt with, when it is built in one script or in several. */
async function askServiceWorker(codeSplitting: boolean, prompt: number[]): Promise<unknown> {
  const folder = mkdtempSync(join(tmpdir(), 'longpage-service-worker-'));
  await build({
    configFile: false,
    logLevel: 'error',
    publicDir: false,
    base: './',
    plugins: [wgsl()],
    worker: { format: 'es', plugins: () => [wgsl()] },
    build: {
      outDir: folder,
      target: 'es2023',
      rolldownOptions: {
        input: join(import.meta.dirname, 'service-worker.ts'),
        output: { entryFileNames: 'sw.js', codeSplitting },
      },
    },
  });
  const server = await serve({
    mounts: [
      { prefix: '/', folder },
      { prefix: '/models/test/', folder: join(import.meta.dirname, '../fixtures/models/tiny-llama') },
    ],
    pages: { '/': '<!doctype html><title>Service worker</title>' },
  });
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage();
    await page.goto(server.origin);
    return await page.evaluate(async (ids) => {
      await navigator.serviceWorker.register('/sw.js', { type: 'module' });
      const { active } = await navigator.serviceWorker.ready;
      const { port1, port2 } = new MessageChannel();
      const answered = new Promise<unknown>((resolve) => (port1.onmessage = ({ data }) => resolve(data)));
      active!.postMessage(ids, [port2]);
      return answered;
    }, prompt);
  } finally {
    await browser.close();
    await server.close();
    rmSync(folder, { recursive: true });
  }
}

test('in one script it answers', async () => {
  const ids = await askServiceWorker(false, [5, 6, 7, 8]);
  expect(ids).toHaveLength(6);
});

test('in several it says what it needs', async () => {
  expect(await askServiceWorker(true, [5, 6, 7, 8])).toBe('worker-failed');
});
