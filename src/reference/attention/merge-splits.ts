/** CPU twin of attention/merge-splits. */

/**
 * The merged row of `partials [numSplits, 4 + headDim]`: (m, l, -, -, acc) a split, m in log2 units. Sums in f64.
 */
export function mergeSplits(partials: Float32Array, numSplits: number, headDim: number): number[] {
  const splits = Array.from({ length: numSplits }, (_, i) =>
    partials.subarray(i * (headDim + 4), (i + 1) * (headDim + 4)),
  );
  const largest = splits.reduce((m, split) => Math.max(m, split[0]!), -Infinity);
  const weights = splits.map((split) => 2 ** (split[0]! - largest));
  const sum = splits.reduce((total, split, i) => total + weights[i]! * split[1]!, 0);
  return Array.from({ length: headDim }, (_, channel) => {
    return splits.reduce((total, split, i) => total + weights[i]! * split[4 + channel]!, 0) / sum;
  });
}
