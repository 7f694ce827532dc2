import { describe, expect, test } from 'vitest';
import {
  maxPagesPerSplit,
  mostSplits,
  numSplits,
  wantedSplits,
} from '../../../src/kernels/attention/page-splits';

const splits = 32;
const atPages = (numPages: number) => ({ position: 16 * numPages - 1, splits });

describe('splits of a page list', () => {
  test.each([
    [1, 1],
    [splits, splits],
    [splits + 1, Math.ceil((splits + 1) / 2)],
    [2 * splits, splits],
    [maxPagesPerSplit * splits, splits],
    [maxPagesPerSplit * splits + 1, splits + 1],
    [8192, 8192 / maxPagesPerSplit],
  ])('%i pages are %i splits', (numPages, wanted) => {
    expect(numSplits(atPages(numPages))).toBe(wanted);
  });

  test('a list and its tail are cut as all pages are', () => {
    expect(numSplits({ ...atPages(70), count: 50, tailStart: 50 })).toBe(numSplits(atPages(70)));
    expect(numSplits({ ...atPages(7000), count: 30, tailStart: 6990 })).toBe(numSplits(atPages(40)));
  });

  test('a window has the splits of its pages, and none before it', () => {
    expect(numSplits({ ...atPages(5000), window: 16 * 20 })).toBe(20);
    expect(numSplits({ position: 16 * 5000, window: 16 * 20, splits })).toBe(21);
  });

  test('no list of up to so many pages has more splits than mostSplits says, and some has as many', () => {
    for (const limit of [1, 5, 31, 32, 33, 64, 100, 511, 512, 513, 1000]) {
      const counts = Array.from({ length: limit }, (_, i) => numSplits(atPages(i + 1)));
      expect(Math.max(...counts), String(limit)).toBe(mostSplits(limit, splits));
    }
  });

  test('more KV heads want fewer splits', () => {
    expect([1, 2, 4, 8, 32, 64].map(wantedSplits)).toEqual([64, 64, 64, 32, 8, 8]);
  });
});
