/** Log-probabilities from logits, and their comparison with what a referee gave. */
import type { TopLogprobs } from '../../tools/tiny-models/models';

/** Natural-log probabilities at temperature 1, in f64. */
export function logSoftmax(logits: ArrayLike<number>): Float64Array {
  const values = Float64Array.from(logits);
  const largest = values.reduce((a, b) => Math.max(a, b), -Infinity);
  const sum = values.reduce((total, value) => total + Math.exp(value - largest), 0);
  return values.map((value) => value - largest - Math.log(sum));
}

/** The index of the largest value, the first of equals. */
export function argmax(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}

/** By how much the referee's best token beats its second best. */
export function greedyMargin({ logprobs }: TopLogprobs): number {
  return logprobs[0]! - logprobs[1]!;
}

/**
 * Compares logits with a referee's top tokens: every log-probability within `tolerance`, no token outside the list above
 * the list's end by more than that, and the same greedy token wherever the margin is more than twice the tolerance.
 * @returns the largest difference
 * @throws Error naming the token that differs most
 */
export function expectTopLogprobs(
  logits: ArrayLike<number>,
  expected: TopLogprobs,
  tolerance: number,
  what = 'logits',
): number {
  const actual = logSoftmax(logits);
  let worst = 0;
  let worstIndex = 0;
  expected.ids.forEach((id, index) => {
    const difference = Math.abs((actual[id] ?? NaN) - expected.logprobs[index]!);
    if (!(difference <= worst)) {
      worst = Number.isNaN(difference) ? Infinity : difference;
      worstIndex = index;
    }
  });
  if (worst > tolerance) {
    const id = expected.ids[worstIndex]!;
    throw new Error(
      `${what}: log-probability of token ${id} is ${actual[id]}, expected ${expected.logprobs[worstIndex]}`,
    );
  }
  const listed = new Set(expected.ids);
  const end = Math.min(...expected.logprobs);
  actual.forEach((logprob, id) => {
    if (!listed.has(id) && !(logprob <= end + tolerance)) {
      throw new Error(
        `${what}: token ${id} has log-probability ${logprob} but is not among the referee's best`,
      );
    }
  });
  const greedy = argmax(actual);
  if (greedyMargin(expected) > 2 * tolerance && greedy !== expected.ids[0]) {
    throw new Error(`${what}: the greedy token is ${greedy}, expected ${expected.ids[0]}`);
  }
  return worst;
}
