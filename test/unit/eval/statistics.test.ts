import { describe, expect, test } from 'vitest';
import { compare, type ScorePair } from '../../../tools/eval/statistics';

const pair = (task: ScorePair['task'], score: number, dense: number): ScorePair => ({ task, score, dense });
const many = (count: number, make: (i: number) => ScorePair) =>
  Array.from({ length: count }, (_, i) => make(i));

describe('compare', () => {
  test('a setting that answers as dense attention does is 1, and certain', () => {
    const result = compare(
      many(20, (i) => pair('one-fact', i % 2, i % 2)),
      1,
    );
    expect(result).toMatchObject({ numQuestions: 20, score: 0.5, dense: 0.5, ratio: 1, interval: [1, 1] });
  });

  test('tasks count the same, however many questions they have', () => {
    const pairs = [...many(9, () => pair('one-fact', 1, 1)), pair('count', 0, 1)];
    expect(compare(pairs, 1)).toMatchObject({ score: 0.5, dense: 1, ratio: 0.5 });
  });

  test('the interval holds the ratio, narrows with more questions, and follows the seed', () => {
    const half = (count: number) =>
      compare(
        many(count, (i) => pair('latest', i % 2, 1)),
        7,
      );
    const [few, more] = [half(10), half(1000)];
    expect(few.interval![0]).toBeLessThan(0.5);
    expect(few.interval![1]).toBeGreaterThan(0.5);
    expect(more.interval![1] - more.interval![0]).toBeLessThan((few.interval![1] - few.interval![0]) / 5);
    expect(half(10)).toEqual(few);
    // Standard error of a mean of 1,000 fair coins: 0.0158.
    expect(more.interval![1] - more.interval![0]).toBeCloseTo(2 * 1.96 * 0.0158, 2);
  });

  test('pairing: a question that is hard for both costs no certainty', () => {
    const paired = compare(
      many(40, (i) => pair('quote', i % 2, i % 2)),
      1,
    );
    const crossed = compare(
      many(40, (i) => pair('quote', i % 2, (i + 1) % 2)),
      1,
    );
    expect(paired.interval).toEqual([1, 1]);
    expect(crossed.ratio).toBe(1);
    expect(crossed.interval![1] - crossed.interval![0]).toBeGreaterThan(0.5);
  });

  test('no ratio where dense attention fails everywhere', () => {
    expect(compare([pair('count', 1, 0)], 1)).toMatchObject({ ratio: null, interval: null, score: 1 });
  });

  test('no questions, no answer', () => expect(() => compare([], 1)).toThrow(RangeError));
});
