/** How many buffers a plan has for pages that come back. */
import { expect, test } from 'vitest';
import { HeadSet } from '../../../src/cache/head-set';
import { planUploads } from '../../../src/runner/upload-plan';

const pageBytes = 8192;

/** Llama-3.1-8B at 32k: 64 of 256 heads keep all their pages. */
const cache = {
  numLayers: 32,
  numKvHeads: 8,
  unstable: new HeadSet(
    32,
    8,
    Array.from({ length: 64 }, (_, i) => 4 * i),
  ),
  pagesPerHead: 64,
  slotsPerStableHead: 68,
  maxPages: 2048,
  format: 'f16',
  hostFormat: 'f16',
  headDim: 128,
} as Parameters<typeof planUploads>[0];
const rerank = { interval: 16, lag: 4, isStaggered: true, firstStep: 1 };

test('a quarter of the sets of what is under way, in megabytes, for each row', () => {
  // 12 heads a step, 16 pages each, 1.5 MiB; six steps until the buffers are back.
  expect(planUploads(cache, rerank, 1)).toBe(6 * 2);
  expect(planUploads(cache, rerank, 8)).toBe(8 * 6 * 2);
  // 192 heads at once, 24 MiB.
  expect(planUploads(cache, { ...rerank, isStaggered: false }, 1)).toBe(24);
});

test('none where all heads keep their pages; else one at least, and no more than a 32nd of the contexts', () => {
  const all = { ...cache, unstable: HeadSet.all(32, 8) };
  expect(planUploads(all, rerank, 1)).toBe(0);
  const short = { ...cache, maxPages: 80 };
  const contextBytes = (64 * 80 + 192 * 68) * pageBytes;
  expect(planUploads(short, rerank, 1)).toBe(Math.floor(contextBytes / 32 / 2 ** 20));
  const tiny = { ...cache, pagesPerHead: 2, slotsPerStableHead: 5, maxPages: 6, headDim: 1 };
  expect(planUploads(tiny, rerank, 1)).toBe(1);
});
