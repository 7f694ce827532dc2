import { describe, expect, test } from 'vitest';
import { compareSteps, stepDivergence, type ScoredStep } from '../../../tools/quality/compare';

/** A step from probabilities by token, likeliest first. */
function step(
  target: number,
  probabilities: readonly (readonly [id: number, p: number])[],
  targetP?: number,
): ScoredStep {
  const p = targetP ?? probabilities.find(([id]) => id === target)![1];
  return {
    target,
    targetLogprob: Math.log(p),
    ids: probabilities.map(([id]) => id),
    logprobs: probabilities.map(([, value]) => Math.log(value)),
  };
}

describe('divergence of a step', () => {
  test('is that of the whole distribution where both tell all of it', () => {
    const p = step(0, [
      [0, 0.5],
      [1, 0.3],
      [2, 0.2],
    ]);
    const q = step(0, [
      [1, 0.6],
      [0, 0.25],
      [2, 0.15],
    ]);
    const whole = 0.5 * Math.log(2) + 0.3 * Math.log(0.5) + 0.2 * Math.log(0.2 / 0.15);
    expect(stepDivergence(p, q)).toBeCloseTo(whole, 9);
    expect(stepDivergence(p, p)).toBe(0);
  });

  test('takes tokens that only one of them tells together with all that nobody tells', () => {
    const p = step(0, [
      [0, 0.5],
      [1, 0.3],
    ]);
    const q = step(0, [
      [0, 0.4],
      [2, 0.35],
    ]);
    expect(stepDivergence(p, q)).toBeCloseTo(0.5 * Math.log(0.5 / 0.4) + 0.5 * Math.log(0.5 / 0.6), 9);
  });

  test('knows the text’s token even where it is not among the likeliest', () => {
    const p = step(9, [[0, 0.9]], 0.05);
    const q = step(9, [[0, 0.9]], 0.001);
    const expected = 0.05 * Math.log(50) + 0.05 * Math.log(0.05 / 0.099);
    expect(stepDivergence(p, q)).toBeCloseTo(expected, 9);
  });

  test('is never negative, whatever logarithms in f32 add up to', () => {
    const p = step(0, [[0, 1.0000001]]);
    expect(stepDivergence(p, step(0, [[0, 1.0000002]]))).toBe(0);
  });
});

describe('a setting against dense attention', () => {
  const dense = [
    step(0, [
      [0, 0.5],
      [1, 0.5],
    ]),
    step(1, [
      [0, 0.75],
      [1, 0.25],
    ]),
  ];

  test('perplexities, agreement and hits', () => {
    const other = [
      step(0, [
        [1, 0.75],
        [0, 0.25],
      ]),
      step(1, [
        [0, 0.75],
        [1, 0.25],
      ]),
    ];
    const compared = compareSteps(dense, other);
    expect(compared.numTokens).toBe(2);
    expect(compared.densePerplexity).toBeCloseTo(Math.sqrt(8), 9);
    expect(compared.perplexity).toBeCloseTo(4, 9);
    expect(compared.perplexityRatio).toBeCloseTo(Math.SQRT2, 9);
    expect(compared.meanKl).toBeCloseTo(stepDivergence(dense[0]!, other[0]!) / 2, 9);
    expect([compared.top1Agreement, compared.denseTop1, compared.top1]).toEqual([0.5, 0.5, 0]);
  });

  test('one step in a hundred is beyond the high divergence', () => {
    const far = step(0, [
      [0, 0.01],
      [1, 0.99],
    ]);
    const many = Array.from({ length: 201 }, () => dense[0]!);
    const few = many.map((same, i) => (i < 2 ? far : same));
    expect(compareSteps(many, few).kl99).toBe(0);
    expect(
      compareSteps(
        many,
        many.map((same, i) => (i < 3 ? far : same)),
      ).kl99,
    ).toBeGreaterThan(1);
  });

  test('other tokens, or none, are refused', () => {
    expect(() => compareSteps(dense, dense.slice(1))).toThrow(RangeError);
    expect(() => compareSteps([], [])).toThrow(RangeError);
    expect(() => compareSteps(dense, [...dense].reverse())).toThrow('another token');
  });
});
