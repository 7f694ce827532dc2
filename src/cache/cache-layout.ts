/** Sizes of the KV cache's buffers, from the model's shape and the number of pages: pure, shared by plan and allocation. */
import { pageBytes, summariesOfOpenPage, summaryBytes, type KvFormat } from '../kernels/attention/kv-format';
import { digestBytes } from '../kernels/cache/page-digest';
import { bufferAlignment } from '../gpu/buffer';
import { roundUp } from '../util/math';
import { blockTableLength } from './block-table';
import type { HeadSet } from './head-set';

/**
 * What pages are chosen by: `'digest'`, an estimate of what each weighs in the softmax, from its keys in two bits a channel; or
 * `'minmax'`, an upper bound of its scores, from the range of its keys by channel (Quest, FlexiCache).
 */
export type PageSelection = 'minmax' | 'digest';

/** What the cache must hold. */
export interface CacheShape {
  readonly format: KvFormat;
  /** How pages are stored outside the GPU: as on the GPU, or in 8 bits. Then full pages hold what 8 bits can, everywhere. */
  readonly hostFormat: KvFormat;
  readonly selection: PageSelection;
  /** The latest queries of a sequence that a rerank uses, where pages are chosen by digests: 1 to 16. */
  readonly rerankQueries: number;
  /** The last pages of a sequence that are always among K, the one that is being written included: at least 1. */
  readonly window: number;
  /** The first pages of a sequence that are always among K; with the window no more than K. */
  readonly sinks: number;
  readonly numLayers: number;
  readonly numKvHeads: number;
  readonly headDim: number;
  /** Heads that keep all their pages on the GPU; none of a layer with rings. */
  readonly unstable: HeadSet;
  /**
   * By layer: the slots that each head of a layer with a sliding window has for one sequence (`WindowRings`); 0 for a layer without,
   * or whose window is wider than any sequence. Left out, no layer has rings.
   */
  readonly ringPages?: readonly number[];
  /** Those of the unstable heads that also attend all their pages. */
  readonly exactHeads: HeadSet;
  /** Pages that a head attends at most, but for `exactHeads`, and that a stable head keeps: K. */
  readonly pagesPerHead: number;
  /** Slots of a stable head for one sequence: K, and the pages that are born between two reranks. */
  readonly slotsPerStableHead: number;
  /** Sequences that own KV at the same time, idle ones included. */
  readonly numSequences: number;
  /** Pages of one sequence at most. */
  readonly maxPages: number;
  /** Logical pages of all sequences together; an unstable head has a slot for each. */
  readonly numPageIds: number;
  /** Whether heads can also select without effect, so that their stability is measured. */
  readonly isObserved?: boolean;
}

/** A range of KV heads that share a binding. */
export interface Slab {
  readonly firstKvHead: number;
  readonly numKvHeads: number;
}

/** How pools are cut, and the bytes of everything that the cache allocates. */
export interface CacheLayout {
  readonly slabs: readonly Slab[];
  readonly pageBytes: number;
  readonly hostPageBytes: number;
  readonly summaryBytes: number;
  readonly poolBytes: number;
  readonly summaryPoolBytes: number;
  readonly tableBytes: number;
}

/** Whether heads keep and attend their pages in the same ways. */
export function hasSameHeads(
  a: Pick<CacheShape, 'unstable' | 'exactHeads'>,
  b: Pick<CacheShape, 'unstable' | 'exactHeads'>,
): boolean {
  return a.unstable.equals(b.unstable) && a.exactHeads.equals(b.exactHeads);
}

/** Slots of a head of `layer` for one sequence, where they are a ring; else 0. */
export function ringPagesOf({ ringPages }: Pick<CacheShape, 'ringPages'>, layer: number): number {
  return ringPages?.[layer] ?? 0;
}

/** Heads of layers with rings. */
function numRingHeads({ ringPages = [], numKvHeads }: Pick<CacheShape, 'ringPages' | 'numKvHeads'>): number {
  return numKvHeads * ringPages.filter((pages) => pages > 0).length;
}

/** Heads that keep on the GPU what they select. */
export function numStableHeads(
  shape: Pick<CacheShape, 'numLayers' | 'numKvHeads' | 'unstable' | 'ringPages'>,
): number {
  return shape.numLayers * shape.numKvHeads - shape.unstable.size - numRingHeads(shape);
}

/** Whether some pages of every sequence are on the host alone. */
export function needsHost(
  shape: Pick<CacheShape, 'numLayers' | 'numKvHeads' | 'unstable' | 'ringPages'>,
): boolean {
  return shape.unstable.size < shape.numLayers * shape.numKvHeads;
}

/** Whether the host has pages in 8 bits that pools have as elements. */
export function isPacked({ format, hostFormat }: Pick<CacheShape, 'format' | 'hostFormat'>): boolean {
  return hostFormat !== format;
}

/** Slots of one KV head of one layer. */
function slotsOfHead(shape: CacheShape, layer: number, kvHead: number): number {
  const ring = ringPagesOf(shape, layer);
  if (ring > 0) return shape.numSequences * ring;
  return shape.unstable.has(layer, kvHead) ? shape.numPageIds : shape.numSequences * shape.slotsPerStableHead;
}

/** Slots of one slab of one layer. */
export function slotsOfSlab(shape: CacheShape, layer: number, { firstKvHead, numKvHeads }: Slab): number {
  let numSlots = 0;
  for (let i = 0; i < numKvHeads; i++) numSlots += slotsOfHead(shape, layer, firstKvHead + i);
  return numSlots;
}

/** Bytes of what a page is chosen by: its range by channel, or its digest. */
export function summaryBytesOf({
  selection,
  format,
  headDim,
}: Pick<CacheShape, 'selection' | 'format' | 'headDim'>): number {
  return selection === 'digest' ? digestBytes(headDim) : summaryBytes(format, headDim);
}

/** Places for summaries of one KV head of a layer without rings: one for each logical page, then those that open pages take, where they are not apart. */
export function numSummarySlots(shape: CacheShape): number {
  return shape.numPageIds + (shape.selection === 'digest' ? 0 : numOpenSlots(shape));
}

/** Summaries whose places the keys of all open pages of one KV head take. */
function numOpenSlots({ format, numSequences }: CacheShape): number {
  return numSequences * summariesOfOpenPage(format);
}

/** Where a KV head's open pages are in `LayerSlab.open`, counted in summaries by range: their first, and from head to head. */
export function openSlots(
  shape: CacheShape,
  layer: number,
): { readonly first: number; readonly perHead: number } {
  if (!hasRanges(shape, layer)) return { first: 0, perHead: numOpenSlots(shape) };
  return { first: shape.numPageIds, perHead: numSummarySlots(shape) };
}

/** Whether the pages of a layer have the ranges of their keys to be chosen by. */
export function hasRanges(shape: Pick<CacheShape, 'selection' | 'ringPages'>, layer: number): boolean {
  return shape.selection === 'minmax' && ringPagesOf(shape, layer) === 0;
}

/** Whether the keys of open pages of some layer lie apart: where pages have digests, and where they have nothing to be chosen by. */
export function hasApart(shape: CacheShape): boolean {
  return shape.selection === 'digest' || numRingHeads(shape) > 0;
}

/** Bytes of the keys of open pages of one KV head where they lie apart from its summaries. */
export function openBytesOf(shape: CacheShape, layer: number): number {
  if (hasRanges(shape, layer)) return 0;
  return numOpenSlots(shape) * summaryBytes(shape.format, shape.headDim);
}

/** Bytes of summaries and open pages of one KV head of `layer`: what is never selected has no summaries. */
function summaryBytesOfHead(shape: CacheShape, layer: number): number {
  const numSummaries = ringPagesOf(shape, layer) > 0 ? 0 : numSummarySlots(shape);
  return numSummaries * summaryBytesOf(shape) + openBytesOf(shape, layer);
}

/** Bytes of the buffer that stands for summaries or open pages where there are none: a binding needs one. */
export const noOpenBytes = 32;

/** The most slots that any head may need. */
export function largestHead(shape: CacheShape): number {
  const { numLayers, numKvHeads, numSequences, numPageIds, slotsPerStableHead, ringPages = [] } = shape;
  const ofRings = numSequences * Math.max(0, ...ringPages);
  if (numRingHeads(shape) === numLayers * numKvHeads) return ofRings;
  return Math.max(numPageIds, numSequences * slotsPerStableHead, ofRings);
}

/**
 * Cuts pools into slabs of whole KV heads that fit a binding, alike in all layers.
 * @throws RangeError when one head's pages do not fit a binding of `maxBindingBytes`
 */
export function planCacheLayout(shape: CacheShape, maxBindingBytes: number): CacheLayout {
  const { numLayers, numKvHeads, numSequences, maxPages } = shape;
  const page = pageBytes(shape.format, shape.headDim);
  const summary = summaryBytesOf(shape);
  const headsPerSlab = Math.min(numKvHeads, Math.floor(maxBindingBytes / (page * largestHead(shape))));
  if (headsPerSlab < 1) {
    const most = Math.floor(maxBindingBytes / page);
    throw new RangeError(
      `One KV head may have ${most} pages on this GPU; ${largestHead(shape)} were asked for.`,
    );
  }
  const slabs: Slab[] = [];
  for (let firstKvHead = 0; firstKvHead < numKvHeads; firstKvHead += headsPerSlab) {
    slabs.push({ firstKvHead, numKvHeads: Math.min(headsPerSlab, numKvHeads - firstKvHead) });
  }
  let numSlots = 0;
  let summaryPoolBytes = hasApart(shape) ? noOpenBytes : 0;
  for (let layer = 0; layer < numLayers; layer++) {
    for (const slab of slabs) numSlots += slotsOfSlab(shape, layer, slab);
    summaryPoolBytes += numKvHeads * summaryBytesOfHead(shape, layer);
  }
  const numTargets = numListTargets(shape);
  // A buffer each.
  const tables = [
    4 * blockTableLength({ numLayers, numSequences, numKvHeads, maxPages }),
    4 * numSequences * maxPages,
    4 * numTargets * numListEntries(shape),
    8 * numTargets * numLists(shape),
    4 * numListEntries(shape),
  ];
  return {
    slabs,
    pageBytes: page,
    hostPageBytes: pageBytes(shape.hostFormat, shape.headDim),
    summaryBytes: summary,
    poolBytes: numSlots * page,
    summaryPoolBytes,
    tableBytes: tables.reduce((sum, sizeBytes) => sum + roundUp(sizeBytes, bufferAlignment), 0),
  };
}

/** KV heads of all layers and sequences: as many page lists there are. */
export function numLists({ numLayers, numSequences, numKvHeads }: CacheShape): number {
  return numLayers * numSequences * numKvHeads;
}

/**
 * Where a selection goes: the lists that heads attend; what stable heads selected last, which takes over when its pages are
 * there; what heads would select, which only their stability is measured by; and what they would have at the first step of a
 * chunk of those, held to its end.
 */
export const listTargets = { attended: 0, selected: 1, observed: 2, held: 3 } as const;

/** How many of the targets a cache has. */
export function numListTargets({ isObserved, selection }: CacheShape): number {
  if (!isObserved) return 2;
  return selection === 'digest' ? 4 : 3;
}

/** Entries of all page lists. */
export function numListEntries(shape: CacheShape): number {
  return numLists(shape) * shape.pagesPerHead;
}
