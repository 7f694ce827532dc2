/** Watching the hierarchy from the page: the map and the events cross from the worker of the built library. */
import { join } from 'node:path';
import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type * as Longpage from '../../src/index';
import { ensureLibrary } from '../../tools/build/ensure-library.mjs';
import { launchBrowser } from '../../tools/browser/launch.mjs';
import { serve } from '../../tools/serve/static-server.mjs';

const modelFolder = join(import.meta.dirname, '../fixtures/models/tiny-llama');
let server: Awaited<ReturnType<typeof serve>>;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  server = await serve({
    mounts: [
      { prefix: '/dist/', folder: ensureLibrary() },
      { prefix: '/model/', folder: modelFolder },
    ],
    pages: {
      '/': `<!doctype html><title>Watching</title>
        <script type="module">import * as longpage from '/dist/index.js'; Object.assign(window, { longpage });</script>`,
    },
  });
  browser = await launchBrowser();
  page = await browser.newPage();
  await page.goto(server.origin);
  await page.waitForFunction(() => 'longpage' in window);
});

afterAll(async () => {
  await browser.close();
  await server.close();
});

test('events of an answer, a map, the figures; an engine that was disposed refuses', async () => {
  const seen = await page.evaluate(async () => {
    const { Engine } = (window as unknown as { longpage: typeof Longpage }).longpage;
    const kv = {
      contextTokens: 512,
      pagesPerHead: 4,
      unstableShare: 0.5,
      rerankInterval: 8,
      rerankStagger: false,
    };
    const engine = await Engine.load('/model/', { kv });
    const events: Longpage.CacheEvent[] = [];
    const stop = engine.onCacheEvent((event) => events.push(event));
    const stopOther = engine.onCacheEvent(() => undefined);
    const prompt = Array.from({ length: 200 }, (_, i) => 4 + ((37 * i) % 300));
    const run = () => engine.completions.create({ prompt, max_tokens: 40, temperature: 0, ignore_eos: true });
    await run();
    const map = await engine.cacheMap();
    const stats = await engine.stats();
    const numEvents = events.length;
    stop();
    stopOther();
    await run();
    await engine.dispose();
    const refusals = [await engine.cacheMap().catch((error: unknown) => error)];
    try {
      engine.onCacheEvent(() => undefined);
    } catch (error) {
      refusals.push(error);
    }
    return {
      events,
      numEvents,
      map: { ...map, pages: [...map.pages], isUnstable: [...map.isUnstable] },
      kv: stats.kv,
      codes: refusals.map((error) => (error as { code?: string }).code),
    };
  });
  const reranks = seen.events.filter(({ kind }) => kind === 'rerank');
  // Selected at positions 200, 208 … 232, there four steps later.
  expect(reranks.length).toBe(5);
  expect(reranks.length).toBe(seen.kv.reranks);
  expect(seen.events.length).toBe(seen.numEvents);
  expect(seen.map).toMatchObject({ numLayers: 3, numKvHeads: 2, numPages: 14, pagesPerHead: 4 });
  expect(seen.map.isUnstable).toEqual([1, 0, 1, 0, 1, 0]);
  expect(seen.map.pages.length).toBe(6 * 14);
  expect(seen.codes).toEqual(['disposed', 'disposed']);
});
