/** How much must be measured of how stable heads are: to use it, to choose anew by it, and to measure no more. Pure. */

/** Chunks from which on a measured profile is used: fewer votes would be chance. */
export const enoughChunks = 16;
/** Chunks after which nothing more is measured. */
export const mostChunks = 64;

/**
 * Whether a profile of `numChunks` chunks should take the place of one of `numDecided`, 0 for none: once there is enough, and
 * again when there is much more, for every change costs time.
 */
export function isDue(numChunks: number, numDecided: number): boolean {
  return numChunks >= Math.max(enoughChunks, 4 * numDecided);
}
