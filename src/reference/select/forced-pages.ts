/** CPU twin of lib/forced-pages. */

/** Which pages are always chosen. */
export interface ForcedPages {
  /** The last pages of a sequence, the row's own among them: at least 1. */
  readonly window: number;
  /** Its first pages. */
  readonly sinks: number;
}

/** Gives the pages of `scores` that are always chosen the largest finite number. */
export function forcePages(scores: Float32Array, { window, sinks }: ForcedPages): void {
  scores.subarray(0, sinks).fill(3.4028234e38);
  scores.subarray(Math.max(0, scores.length - window)).fill(3.4028234e38);
}
