import { describe, expect, test } from 'vitest';
import type { PageIndex } from '../../../src/cache/page';
import { countShared, electUnstableHeads, randomCorrectedOverlap } from '../../../src/stability/stability';
import { randomSource } from '../../../tools/util/random';

const pages = (...values: number[]) => values as PageIndex[];

describe('random-corrected overlap', () => {
  test('is 1 for the same set and 0 for disjoint ones', () => {
    expect(randomCorrectedOverlap(pages(1, 4, 6), pages(1, 4, 6), 100)).toBe(1);
    expect(randomCorrectedOverlap(pages(1, 4, 6), pages(2, 5, 7), 100)).toBe(0);
  });

  test('takes off what chance gives', () => {
    // Half of 4 out of 16 in common: (0.5 − 0.25) / 0.75.
    expect(randomCorrectedOverlap(pages(0, 1, 2, 3), pages(2, 3, 4, 5), 16)).toBeCloseTo(1 / 3, 12);
  });

  test('is near 0 on average for random sets', () => {
    const next = randomSource(5);
    const draw = () => {
      const all = Array.from({ length: 64 }, (_, page) => ({ page, key: next() }));
      return pages(
        ...all
          .sort((a, b) => a.key - b.key)
          .slice(0, 16)
          .map(({ page }) => page),
      ).sort((a, b) => a - b);
    };
    const overlaps = Array.from({ length: 400 }, () => randomCorrectedOverlap(draw(), draw(), 64));
    const mean = overlaps.reduce((sum, value) => sum + value, 0) / overlaps.length;
    expect(mean).toBeLessThan(0.08);
  });

  test('is 1 when there is nothing to choose', () => {
    expect(randomCorrectedOverlap(pages(0, 1), pages(0, 1), 2)).toBe(1);
  });

  test('refuses a selection larger than its choice', () => {
    expect(() => randomCorrectedOverlap(pages(0, 1, 2), pages(0), 2)).toThrow('selection');
  });
});

test('shared pages of ascending lists', () => {
  expect(countShared([1, 3, 5, 9], [0, 3, 4, 9, 11])).toBe(2);
  expect(countShared([], [1])).toBe(0);
});

describe('election of unstable heads', () => {
  test('the heads that most chunks find least stable', () => {
    const stability = [
      [0.9, 0.1, 0.5, 0.8],
      [0.9, 0.2, 0.1, 0.8],
      [0.1, 0.3, 0.9, 0.8],
    ];
    expect(electUnstableHeads(stability, 1)).toEqual([1]);
    expect(electUnstableHeads(stability, 2)).toEqual([1, 2]);
    expect(electUnstableHeads(stability, 0)).toEqual([]);
    expect(electUnstableHeads(stability, 4)).toEqual([0, 1, 2, 3]);
  });
});
