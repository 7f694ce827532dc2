/** The cache map: what each byte says, from what the host and the GPU know. */
import { expect, test } from 'vitest';
import { HeadSet } from '../../../src/cache/head-set';
import { buildCacheMap, type CacheMapInput } from '../../../src/runner/cache-map';

/** Two layers of two heads; the first head of each is unstable; two pages a head. */
const shape: CacheMapInput['shape'] = {
  format: 'f16',
  hostFormat: 'f16',
  selection: 'minmax',
  rerankQueries: 1,
  window: 1,
  sinks: 0,
  numLayers: 2,
  numKvHeads: 2,
  headDim: 8,
  unstable: new HeadSet(2, 2, [0, 2]),
  exactHeads: new HeadSet(2, 2, []),
  pagesPerHead: 2,
  slotsPerStableHead: 4,
  numSequences: 1,
  maxPages: 8,
  numPageIds: 8,
};

test('on the GPU, in memory, attended, on the disk', () => {
  const map = buildCacheMap({
    shape,
    numPages: 5,
    residentPages: (layer, kvHead) => (layer === 0 && kvHead === 1 ? [1, 3, 4] : [0, 3, 4]),
    tierOf: (layer, _, page) => (page === 4 ? undefined : layer === 1 && page < 2 ? 'disk' : 'host'),
    // Page 9 was there when it was selected, and is cut off now.
    lists: Uint32Array.of(0, 4, 1, 3, 2, 9, 0, 3),
    listStates: Uint32Array.of(2, 5, 2, 4, 2, 10, 2, 4),
  });
  expect(map).toMatchObject({ numLayers: 2, numKvHeads: 2, numPages: 5, pagesPerHead: 2 });
  expect([...map.isUnstable]).toEqual([1, 0, 1, 0]);
  const [resident, host, attended, disk] = [1, 2, 4, 8];
  expect([...map.pages]).toEqual([
    ...[resident + host + attended, resident + host, resident + host, resident + host, resident + attended],
    ...[host, resident + host + attended, host, resident + host + attended, resident + attended],
    ...[resident + disk, resident + disk, resident + host + attended, resident + host, resident],
    ...[resident + disk + attended, disk, host, resident + host + attended, resident + attended],
  ]);
});

test('without lists, or before a selection, every page is attended', () => {
  const input = { shape, numPages: 3, residentPages: () => [], tierOf: () => undefined };
  expect([...buildCacheMap(input).pages]).toEqual([5, 5, 5, 4, 4, 4, 5, 5, 5, 4, 4, 4]);
  const empty = { lists: new Uint32Array(8), listStates: new Uint32Array(8) };
  expect(buildCacheMap({ ...input, ...empty })).toEqual(buildCacheMap(input));
});

test('a layer with a sliding window attends it, and has it and spare pages on the GPU', () => {
  const map = buildCacheMap({
    shape: { ...shape, unstable: new HeadSet(2, 2, [0]), ringPages: [0, 4] },
    numPages: 5,
    residentPages: (layer) => (layer === 1 ? [1, 2, 3, 4] : []),
    tierOf: (_, __, page) => (page === 4 ? undefined : 'host'),
  });
  expect([...map.isUnstable]).toEqual([1, 0, 0, 0]);
  const [resident, host, attended] = [1, 2, 4];
  expect([...map.pages.subarray(10, 15)]).toEqual([
    ...[host, resident + host, resident + host, resident + host + attended, resident + attended],
  ]);
});

test('of nothing', () => {
  const map = buildCacheMap({ shape, numPages: 0, residentPages: () => [], tierOf: () => undefined });
  expect(map.pages.length).toBe(0);
});
