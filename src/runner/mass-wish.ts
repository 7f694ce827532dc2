/** Which page masses are wanted, and what they take in a step's read-back slot: pure. */

/** Which masses are wanted. */
export interface MassWish {
  /** Heads to take the mean over, as indices `layer · numKvHeads + kvHead`. */
  readonly heads: readonly number[];
  /** Positions whose mass counts, `[firstCounted, endCounted)`, unsigned 32-bit. */
  readonly firstCounted: number;
  readonly endCounted: number;
}
