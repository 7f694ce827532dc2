/** Which kernels a selection takes: one for short lists, where a dispatch costs more than its work, two for long ones. Pure. */
import type { DeviceFeature } from '../gpu/device';

/** Pages up to which a workgroup for each head is not slower than a dispatch more. */
const mostFused = 4096;

/** Whether one kernel scores and selects from lists of at most `numPages` pages, by `numQueries` queries each. */
export function isSelectionFused(
  features: ReadonlySet<DeviceFeature>,
  numPages: number,
  numQueries: number,
): boolean {
  return features.has('fused-selection') && numQueries === 1 && numPages <= mostFused;
}
