/** CPU twin of select/page-score, for one pair. */

/** Score of one page. */
export function pageScore(
  /** `[group, headDim]` */
  queries: Float32Array,
  /** `[2, headDim]`: per-channel minimum, then maximum */
  summary: Float32Array,
  headDim: number,
): number {
  let best = -Infinity;
  for (let start = 0; start < queries.length; start += headDim) {
    let sum = 0;
    for (let j = 0; j < headDim; j++) {
      const q = queries[start + j]!;
      sum += Math.max(q * summary[j]!, q * summary[headDim + j]!);
    }
    best = Math.max(best, sum);
  }
  return best;
}
