/** Bytes of the slots that are read back: a step's, with what its tokens take and each of its riders at most, an offload's, and the map's. Pure. */
import { numStableHeads, type CacheShape } from '../cache/cache-layout';
import { pageTokens } from '../cache/page';
import type { ActivationShape } from '../graph/activations';
import { pageBytes } from '../kernels/attention/kv-format';
import { resultBytesPerRow } from '../sampler/results';

/** What the sizes depend on. */
interface StepShape {
  readonly cache: CacheShape;
  readonly activations: Pick<ActivationShape, 'maxRows'>;
}

/** Bytes of what all heads of one sequence select. */
function selectionBytes({ numLayers, numKvHeads, pagesPerHead }: CacheShape): number {
  return 4 * numLayers * numKvHeads * pagesPerHead;
}

/** Bytes of the masses that come back with the selections of heads that are observed: with digests, two a head. */
export function heldMassBytes({ selection, numLayers, numKvHeads }: CacheShape): number {
  return selection === 'digest' ? 8 * numLayers * numKvHeads : 0;
}

/** Every rider's share at most; filled pages have a ring of their own. */
const riderSlotBytes = {
  reranker: ({ cache, activations }: StepShape) => {
    const hasStable = numStableHeads(cache) > 0;
    return hasStable ? activations.maxRows * selectionBytes(cache) : 0;
  },
  observedSelections: ({ cache }: StepShape) =>
    cache.isObserved ? selectionBytes(cache) + heldMassBytes(cache) : 0,
  pageMasses: ({ cache, activations }: StepShape) => 4 * activations.maxRows * cache.maxPages,
  filledPages: () => 0,
} as const satisfies Record<string, (shape: StepShape) => number>;

/** Bytes of the slot. */
export function stepSlotBytes(shape: StepShape): number {
  const riders = Object.values(riderSlotBytes).reduce((sum, bytesOf) => sum + bytesOf(shape), 0);
  return shape.activations.maxRows * resultBytesPerRow + riders;
}

/** Bytes to read the page lists of one sequence with, and their states. */
export function mapSlotBytes({ numLayers, numKvHeads, pagesPerHead }: CacheShape): number {
  return 4 * numLayers * numKvHeads * (pagesPerHead + 2);
}

/** Bytes of an offload slot: a tile of one layer, or a page of all layers for each row of a step. */
export function offloadSlotBytes({
  cache,
  activations,
}: Pick<StepShape, 'cache'> & { readonly activations: ActivationShape }): number {
  const perPage = cache.numKvHeads * pageBytes(cache.hostFormat, cache.headDim);
  return perPage * Math.max(activations.tileTokens / pageTokens, activations.maxRows * cache.numLayers);
}
