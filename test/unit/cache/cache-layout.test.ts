/** The cache's buffers: slabs of whole heads, and the bytes of each kind. */
import { describe, expect, test } from 'vitest';
import { HeadSet } from '../../../src/cache/head-set';
import {
  hasSameHeads,
  needsHost,
  numStableHeads,
  planCacheLayout,
  type CacheShape,
} from '../../../src/cache/cache-layout';

const shape: CacheShape = {
  selection: 'minmax',
  rerankQueries: 1,
  window: 1,
  sinks: 0,
  format: 'f16',
  hostFormat: 'f16',
  numLayers: 3,
  numKvHeads: 5,
  headDim: 32,
  numSequences: 2,
  maxPages: 10,
  unstable: HeadSet.all(3, 5),
  exactHeads: new HeadSet(3, 5, []),
  pagesPerHead: 10,
  slotsPerStableHead: 0,
  numPageIds: 15,
};
const pageBytes = 2 * 16 * 32 * 2;

test('one slab when all heads fit one binding', () => {
  const { slabs } = planCacheLayout(shape, 5 * 15 * pageBytes);
  expect(slabs).toEqual([{ firstKvHead: 0, numKvHeads: 5 }]);
});

test.each([
  [4, [4, 1]],
  [2, [2, 2, 1]],
  [1, [1, 1, 1, 1, 1]],
])('whole heads only: room for %i gives slabs of %j', (heads, sizes) => {
  // Half a head more of room changes nothing.
  const { slabs } = planCacheLayout(shape, (heads + 0.5) * 15 * pageBytes);
  expect(slabs.map(({ numKvHeads }) => numKvHeads)).toEqual(sizes);
  let next = 0;
  for (const { firstKvHead, numKvHeads } of slabs) {
    expect(firstKvHead).toBe(next);
    next += numKvHeads;
  }
  expect(next).toBe(5);
});

test('a head that fits no binding is refused with both numbers', () => {
  expect(() => planCacheLayout(shape, 15 * pageBytes - 1)).toThrow(
    new RangeError('One KV head may have 14 pages on this GPU; 15 were asked for.'),
  );
});

test('bytes by hand, and twice as many for pages in f32', () => {
  const layout = planCacheLayout(shape, 2 ** 27);
  expect(layout.pageBytes).toBe(2048);
  expect(layout.summaryBytes).toBe(128);
  expect(layout.poolBytes).toBe(3 * 5 * 15 * 2048);
  expect(layout.summaryPoolBytes).toBe(3 * 5 * 15 * 128);
  // Block table, page table; lists, selections and slots of ten entries; two states of two words.
  expect(layout.tableBytes).toBe(4 * (3 * 2 * 5 * 10 + 2 * 10 + (3 * 10 + 4) * (3 * 2 * 5)));
  const wide = planCacheLayout({ ...shape, format: 'f32' }, 2 ** 27);
  expect([wide.poolBytes, wide.summaryPoolBytes]).toEqual([
    2 * layout.poolBytes,
    2 * layout.summaryPoolBytes,
  ]);
  expect(wide.tableBytes).toBe(layout.tableBytes);
});

test('tables have the sizes that buffers have: each is rounded up', () => {
  const odd = { ...shape, numLayers: 1, numSequences: 1, numKvHeads: 1, maxPages: 3, pagesPerHead: 3 };
  // 12 bytes of block table, page table and slots each, 24 of lists, 16 of states.
  expect(planCacheLayout({ ...odd, unstable: HeadSet.all(1, 1) }, 2 ** 27).tableBytes).toBe(
    16 + 16 + 32 + 16 + 16,
  );
});

test.each([
  [[3, 4], [3], true],
  [[3, 5], [3], false],
  [[3, 4], [4], false],
  [[3, 4], [], false],
])('unstable heads %j, of which %j attend everything: the same heads: %s', (unstable, exact, isSame) => {
  const heads = (kept: number[], attending: number[]) => ({
    unstable: new HeadSet(2, 3, kept),
    exactHeads: new HeadSet(2, 3, attending),
  });
  expect(hasSameHeads(heads(unstable, exact), heads([3, 4], [3]))).toBe(isSame);
});

describe('layers with a sliding window', () => {
  // The middle layer has rings of 4 pages, and of the other two layers' heads one is unstable in each.
  const windowed: CacheShape = {
    ...shape,
    unstable: new HeadSet(3, 5, [0, 10]),
    slotsPerStableHead: 3,
    ringPages: [0, 4, 0],
  };

  test.each(['f16', 'int8'] as const)(
    'bytes by hand, %s: a ring for each sequence, and no summaries',
    (format) => {
      const { pageBytes: page, ...layout } = planCacheLayout(
        { ...windowed, format, hostFormat: format },
        2 ** 27,
      );
      expect(layout.poolBytes).toBe((2 * (15 + 4 * 2 * 3) + 5 * 2 * 4) * page);
      // Keys of an open page, 16 · 32 of two bytes, lie behind the summaries, or alone; and a place for what there is not.
      const open = format === 'int8' ? 2 * 16 * 32 * 2 : 0;
      expect(layout.summaryPoolBytes).toBe(2 * 5 * (15 * 128 + open) + 5 * open + 32);
    },
  );

  test('count neither as stable nor as unstable, and need the host', () => {
    expect([numStableHeads(windowed), needsHost(windowed)]).toEqual([8, true]);
    const all = { ...windowed, unstable: HeadSet.all(3, 5), ringPages: [0, 0, 0] };
    expect([numStableHeads(all), needsHost(all)]).toEqual([0, false]);
  });

  test('a binding holds whole rings, whatever the pages are that have none', () => {
    const all = { ...windowed, unstable: new HeadSet(3, 5, []), ringPages: [4, 4, 4] };
    expect(planCacheLayout(all, 5 * 8 * 2048).slabs).toHaveLength(1);
    expect(planCacheLayout(all, 8 * 2048).slabs).toHaveLength(5);
    expect(planCacheLayout({ ...windowed, ringPages: [0, 9, 0] }, 5 * 18 * 2048).slabs).toHaveLength(1);
  });
});
