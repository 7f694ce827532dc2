/** Sizes of the KV cache's buffers, from the model's shape and the number of pages: pure, shared by plan and allocation. */
import { assert } from '../util/assert';
import { ceilDiv } from '../util/math';
import { pageBytes, summaryBytes, type KvFormat } from '../kernels/attention/kv-format';
import { blockTableLength } from './block-table';

/** What the cache must hold. */
export interface CacheShape {
  readonly format: KvFormat;
  readonly numLayers: number;
  readonly numKvHeads: number;
  readonly headDim: number;
  /** Sequences that own KV at the same time, idle ones included. */
  readonly numSequences: number;
  /** Pages of one sequence at most. */
  readonly maxPages: number;
  /** Page slots per KV head of one layer, shared by all sequences. */
  readonly slotsPerHead: number;
}

/** A range of KV heads that share a binding. */
export interface Slab {
  readonly firstKvHead: number;
  readonly numKvHeads: number;
}

/** How a layer's pool is cut, and the bytes of everything that the cache allocates. */
export interface CacheLayout {
  readonly slabs: readonly Slab[];
  readonly pageBytes: number;
  readonly summaryBytes: number;
  readonly poolBytes: number;
  readonly summaryPoolBytes: number;
  readonly tableBytes: number;
}

/**
 * Cuts the pool into slabs of whole KV heads that fit a binding.
 * @throws RangeError when one head's pages do not fit a binding of `maxBindingBytes`
 */
export function planCacheLayout(shape: CacheShape, maxBindingBytes: number): CacheLayout {
  const { numLayers, numKvHeads, slotsPerHead, numSequences, maxPages } = shape;
  const page = pageBytes(shape.format, shape.headDim);
  const summary = summaryBytes(shape.format, shape.headDim);
  const headsPerSlab = Math.min(numKvHeads, Math.floor(maxBindingBytes / (page * slotsPerHead)));
  if (headsPerSlab < 1) {
    const most = Math.floor(maxBindingBytes / page);
    throw new RangeError(`One KV head may have ${most} pages on this GPU; ${slotsPerHead} were asked for.`);
  }
  const slabs: Slab[] = [];
  for (let firstKvHead = 0; firstKvHead < numKvHeads; firstKvHead += headsPerSlab) {
    slabs.push({ firstKvHead, numKvHeads: Math.min(headsPerSlab, numKvHeads - firstKvHead) });
  }
  assert(slabs.length === ceilDiv(numKvHeads, headsPerSlab), 'slabs cover every KV head once');
  const tableEntries =
    blockTableLength({ numLayers, numSequences, numKvHeads, maxPages }) + // block table
    numSequences * maxPages + // summary table
    3 * numLayers * numSequences * numKvHeads; // list states and lists of one entry
  return {
    slabs,
    pageBytes: page,
    summaryBytes: summary,
    poolBytes: numLayers * numKvHeads * slotsPerHead * page,
    summaryPoolBytes: numLayers * numKvHeads * slotsPerHead * summary,
    tableBytes: 4 * tableEntries,
  };
}
