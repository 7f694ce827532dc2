/** Medians and percentiles of a benchmark's samples. Pure. */

/** The sample that at least `share` of all samples do not exceed (nearest rank), 0 < share ≤ 1. @throws RangeError without samples */
export function percentile(samples: readonly number[], share: number): number {
  if (samples.length === 0) throw new RangeError('There are no samples to take a percentile of.');
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
}

/** The middle sample, or the mean of the two in the middle. @throws RangeError without samples */
export function median(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1
    ? percentile(samples, 0.5)
    : (percentile(samples, 0.5) + (sorted[middle] ?? 0)) / 2;
}
