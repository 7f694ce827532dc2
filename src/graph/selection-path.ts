/** Which kernels a selection takes: one for short lists, where a dispatch costs more than its work, two for long ones. Pure. */
import type { DeviceFeature } from '../gpu/device';

/**
 * Pages up to which a workgroup for each head costs less than a dispatch more: on an H100 one kernel takes 15 µs for 21 at 256
 * pages, as long as two at 2,048, and 13 µs more at 4,096.
 */
const mostFused = 2560;

/** Whether one kernel scores and selects from lists of at most `numPages` pages, by `numQueries` queries each. */
export function isSelectionFused(
  features: ReadonlySet<DeviceFeature>,
  numPages: number,
  numQueries: number,
): boolean {
  return features.has('fused-selection') && numQueries === 1 && numPages <= mostFused;
}
