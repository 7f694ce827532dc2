/** The built library in headless Chromium, as the benchmark drives it. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright';
import type { KvOptions } from '../../src/engine/memory-plan';
import type { EngineStats } from '../../src/engine/stats';
import type { BenchEngine } from '../../test/bench/measure';
import type { BenchModel } from '../../test/bench/models';
import { serve } from '../serve/static-server.mjs';
import { pageModule } from './page-module';
import { serveSource } from './serve-source';

const here = dirname(fileURLToPath(import.meta.url));

/** Loads a model in a page of its own, with the library built in that folder. @throws Error with what the engine says */
export async function openBrowserEngine(
  browser: Browser,
  library: string,
  model: BenchModel,
  kv: KvOptions,
): Promise<BenchEngine> {
  const mounts = [
    { prefix: '/dist/', folder: library },
    { prefix: '/bench/', folder: here },
  ];
  const site = await serve({ mounts, pages: { '/': '<!doctype html><title>bench</title>' } });
  const files = await serveSource(model.source);
  const page = await browser.newPage();
  const close = async () => {
    await page.close();
    await files.close();
    await site.close();
  };
  page.on('console', (message) => {
    if (message.type() === 'warning') console.error(message.text().split('\n', 1)[0]);
  });
  try {
    await page.goto(site.origin);
    const call = pageModule(page, '/bench/page.mjs');
    const isSoftware = await call<boolean>('load', files.url, { weights: model.weights, kv });
    return {
      isSoftware,
      complete: (promptIds, maxTokens) => call('complete', promptIds, maxTokens),
      stats: () => call<EngineStats>('stats'),
      dispose: async () => {
        await call('dispose');
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The folder of this repository. */
export const repositoryRoot = join(here, '../..');
