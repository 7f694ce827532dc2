/** Plain attention of one query over stored keys and values: what every attention kernel's twin is made of. */

/** One stored key with its value: indices of their first elements. */
export interface KeyValue {
  readonly key: number;
  readonly value: number;
}

/** How a product of query and key becomes a score. */
export interface ScoreOptions {
  readonly scale: number;
  /** Scores stay within ±softCap; 0 or missing: no bound. */
  readonly softCap?: number;
}

/**
 * `softmax(scale · q·k) v` over `pairs`, in f64; `load` gives stored elements. No pair gives zeros.
 */
export function attend(
  query: ArrayLike<number>,
  pairs: readonly KeyValue[],
  load: (index: number) => number,
  score: ScoreOptions,
): Float64Array {
  const headDim = query.length;
  const weights = softmaxWeights(query, pairs, load, score);
  const result = new Float64Array(headDim);
  pairs.forEach(({ value }, index) => {
    for (let i = 0; i < headDim; i++) result[i]! += weights[index]! * load(value + i);
  });
  return result;
}

/** `softmax(scale · q·k)` over the keys of `pairs`, in f64; it sums to 1. */
export function softmaxWeights(
  query: ArrayLike<number>,
  pairs: readonly KeyValue[],
  load: (index: number) => number,
  { scale, softCap = 0 }: ScoreOptions,
): number[] {
  const headDim = query.length;
  const scores = pairs.map(({ key }) => {
    let score = 0;
    for (let i = 0; i < headDim; i++) score += query[i]! * load(key + i);
    return softCap === 0 ? score * scale : softCap * Math.tanh((score * scale) / softCap);
  });
  const largest = scores.reduce((a, b) => Math.max(a, b), -Infinity);
  const weights = scores.map((score) => Math.exp(score - largest));
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / sum);
}
