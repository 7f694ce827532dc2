/** How many buffers pages are read to on their way to the GPU: pure. */
import { numStableHeads, type CacheShape } from '../cache/cache-layout';
import { pageBytes } from '../kernels/attention/kv-format';
import { pieceBytes } from '../offload/upload-pieces';
import { ceilDiv } from '../util/math';
import type { RerankOptions } from './rerank-schedule';

/** Share of a set that a rerank changes, as a rule at most. What changes beyond it goes through ordinary memory. */
const usualChange = 1 / 4;

/** Steps from a flip until the buffers that it used are mapped again. */
const stepsUntilMapped = 2;

/** What the buffers may take of the pages of the contexts that decode at a time. */
const mostShare = 1 / 32;

/** Buffers for the flips that are under way at a time, those of each row of a step: none where no page ever comes back. */
export function planUploads(cache: CacheShape, rerank: RerankOptions, maxRows: number): number {
  const { numLayers, unstable, pagesPerHead, slotsPerStableHead, maxPages, headDim } = cache;
  const hostPageBytes = pageBytes(cache.hostFormat, headDim);
  const numStable = numStableHeads(cache);
  if (numStable === 0) return 0;
  const { interval, lag, isStaggered } = rerank;
  const numGroups = isStaggered ? Math.min(interval, numLayers) : 1;
  const numUnderWay = Math.min(numGroups, ceilDiv((lag + stepsUntilMapped) * numGroups, interval));
  const perFlip = ceilDiv(usualChange * pagesPerHead * ceilDiv(numStable, numGroups), 1) * hostPageBytes;
  const size = pieceBytes(hostPageBytes);
  const wanted = numUnderWay * ceilDiv(perFlip, size);
  const contextBytes =
    (unstable.size * maxPages + numStable * slotsPerStableHead) * pageBytes(cache.format, headDim);
  const most = Math.floor((mostShare * contextBytes) / size);
  return maxRows * Math.max(1, Math.min(wanted, most));
}
