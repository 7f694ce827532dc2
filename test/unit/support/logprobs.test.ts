import { describe, expect, test } from 'vitest';
import { expectTopLogprobs, logSoftmax } from '../../support/logprobs';

const logits = [3, 1, 2, -1, 0];
const logprobs = logSoftmax(logits);
const expected = { ids: [0, 2, 1], logprobs: [logprobs[0]!, logprobs[2]!, logprobs[1]!] };

describe('expectTopLogprobs', () => {
  test('accepts what it was made from and a shift of all logits', () => {
    expect(expectTopLogprobs(logits, expected, 1e-9)).toBe(0);
    expectTopLogprobs(
      logits.map((logit) => logit + 7),
      expected,
      1e-9,
    );
  });

  test('refuses a log-probability out of tolerance, and NaN', () => {
    expect(() => expectTopLogprobs([3, 1, 2.1, -1, 0], expected, 1e-2)).toThrow('token 2');
    expect(() => expectTopLogprobs([3, NaN, 2, -1, 0], expected, 1e-2)).toThrow('NaN');
  });

  test('refuses a strong token that the referee does not list', () => {
    const faint = { ids: [0, 2], logprobs: [logprobs[0]!, logprobs[2]!] };
    expectTopLogprobs(logits, faint, 1e-9);
    expect(() =>
      expectTopLogprobs(logits, { ids: [0, 1], logprobs: [logprobs[0]!, logprobs[1]!] }, 1e-2),
    ).toThrow('token 2');
  });

  test('refuses another greedy token, unless the margin is within twice the tolerance', () => {
    const swapped = { ids: [2, 0], logprobs: [logprobs[2]! + 1.1, logprobs[2]! + 0.9] };
    expect(() => expectTopLogprobs(logits, swapped, 1.2)).not.toThrow();
    const decided = { ids: [2, 0], logprobs: [logprobs[2]! + 1.19, logprobs[0]! - 1.19] };
    expect(decided.logprobs[0]! - decided.logprobs[1]!).toBeGreaterThan(1.3);
    expect(() => expectTopLogprobs(logits, decided, 0.6)).toThrow();
  });
});
