/**
 * When a selection is worth its cost, and which kernels it takes: one for short lists, where a dispatch costs more than its work, two
 * for long ones. Pure.
 */
import type { DeviceFeature } from '../gpu/device';

/**
 * Channels of a head's pages, of which each is a minimum and a maximum to read, up to which one workgroup costs less than a
 * dispatch more. An H200 at head dimension 128, 256 pages: one kernel 29 µs, two 10.6 and 8.6; at 2,048 pages 125, and 12.4 and
 * 13.9. Two never take less than about 15 µs, and one takes as long at 256 pages of 32 channels (H100).
 */
const mostFusedChannels = 8192;

/**
 * Whether one kernel scores and selects, from lists of at most `numChannels` channels (pages · head dimension), by `numQueries`
 * queries each.
 */
export function isSelectionFused(
  features: ReadonlySet<DeviceFeature>,
  numChannels: number,
  numQueries: number,
): boolean {
  return features.has('fused-selection') && numQueries === 1 && numChannels <= mostFusedChannels;
}

/**
 * Budgets up to whose pages an unstable head attends all that it has. An H200, a shape of 8B and K = 64, over 4,096 tokens: 4.19 ms a
 * step so and 4.57 by choosing; of eight rows both take 18.8. Over many more pages eight rows would lose.
 */
const wholeBudgets = 10;

/** The most pages of which unstable heads choose none, because they attend all of them; at least K, their budget. */
export function mostWholePages(features: ReadonlySet<DeviceFeature>, pagesPerHead: number): number {
  return features.has('whole-lists') ? wholeBudgets * pagesPerHead : pagesPerHead;
}
