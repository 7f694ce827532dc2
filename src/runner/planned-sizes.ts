/** What an engine has for one context, and the GPU bytes that it takes: pure. */
import { isPacked, largestHead, needsHost, type CacheShape } from '../cache/cache-layout';
import { HeadSet } from '../cache/head-set';
import { pagesFor, pageTokens } from '../cache/page';
import { ringPagesFor } from '../cache/window-pages';
import type { ModelConfig } from '../config/model-config';
import type { BytesByCategory } from '../gpu/buffer';
import { chunkBytesPerToken, segmentBytesPerToken, type ActivationShape } from '../graph/activations';
import { elementOf, pageBytes, type KvFormat } from '../kernels/attention/kv-format';
import {
  parseHeadProfile,
  retrievalHeads,
  selectingHeads,
  unstableHeads,
  unstableHeadsUnmeasured,
} from '../stability/head-profile';
import { maxOffset } from '../stability/stability';
import type { ObserverOptions } from '../stability/stability-observer';
import { ceilDiv } from '../util/math';
import { deviceBytes } from './device-parts';
import type { KvOptions } from './kv-options';
import type { GivenWay } from './plan-steps';
import { firstRerankStep, longestTail, type RerankOptions } from './rerank-schedule';
import { resolveKv, type ResolvedKv } from './resolve-kv';
import { planUploads } from './upload-plan';

/** Steps from a rerank to the flip with `'overlap'`: those in flight, and one more for the pages to arrive. */
const overlapLag = 4;

/** Sizes of an engine, and the GPU bytes that they take by category at most, weights included. */
export interface MemoryPlan {
  readonly contextTokens: number;
  readonly cache: CacheShape;
  readonly activations: ActivationShape;
  readonly rerank: RerankOptions;
  /** Buffers that pages are read to on their way to the GPU. */
  readonly numUploads: number;
  /** What answers attend that say nothing else. */
  readonly attention: 'all' | 'selected';
  /** Whether follow-ups over an offloaded context attend what heads select. */
  readonly isFollowUpSparse: boolean;
  /** Share of KV heads that are unstable: as set, and as it is to be. That is less only where the context needs it. */
  readonly unstableShare: { readonly wanted: number; readonly inForce: number };
  /** What is other than it was to be, so that the context fits, or to make it fit. */
  readonly gaveWay: readonly GivenWay[];
  /** The limit of all but the weights. */
  readonly limitBytes: number;
  /** How the stability of heads is measured; undefined when it is not. */
  readonly observe: ObserverOptions | undefined;
  /** Limit of the pages in the tab's memory. */
  readonly hostBytes: number;
  /** Bytes of a full context's pages outside the GPU: in memory up to `hostBytes`, on the disk beyond. */
  readonly contextBytes: { readonly host: number; readonly disk: number };
  readonly gpuBytes: BytesByCategory;
  readonly totalGpuBytes: number;
}

/** What a plan is made from. */
export interface PlanInput {
  readonly config: ModelConfig;
  readonly weightBytes: number;
  readonly maxBindingBytes: number;
  readonly kv: KvOptions;
  /** The format of pages that are stored already: it stays, unless another one is set, or no wanted context fits with it. */
  readonly keptFormat?: KvFormat | undefined;
  /** Whether products of a chunk's rows are of integers; not if left out. */
  readonly isInt8?: boolean;
}

/** Tokens of the least tile that a prefill is cut into, where the context has as many. */
export const smallestTile = 256;
const leastDefaultBytes = 512 * 2 ** 20;
const usualChunk = 256;
const smallestChunk = 64;
/** What the buffers of a prefill may take where tiles are as small as they get. */
const mostTightBytes = 62 * 2 ** 20;

/** `kv.gpuBytes` where it is not set. Grows with the model, since who has room for it has more; a GPU that binds little at once has little memory. */
export function defaultLimit({ weightBytes, maxBindingBytes }: PlanInput): number {
  const most = Math.max(leastDefaultBytes, Math.floor(maxBindingBytes / 2));
  return Math.min(most, Math.max(leastDefaultBytes, Math.floor(weightBytes / 2)));
}

/**
 * Rows that a prefill takes at once. Where even the smallest tile has little room, models so wide that their rows would take more than
 * all pages get fewer; elsewhere larger products are faster.
 */
function chunkFor(config: ModelConfig, tileTokens: number): number {
  let chunkTokens = usualChunk;
  if (tileTokens > smallestTile) return chunkTokens;
  const tileBytes = tileTokens * segmentBytesPerToken(config);
  while (chunkTokens > smallestChunk && tileBytes + chunkTokens * chunkBytesPerToken(config) > mostTightBytes)
    chunkTokens /= 2;
  return chunkTokens;
}

/** What an engine for a context has, with its prefill in tiles of `tileTokens` and `numPageIds` pages over all sequences. */
export function sizesOf(
  input: PlanInput,
  contextTokens: number,
  tileTokens: number,
  numPageIds: number,
  chunkTokens = chunkFor(input.config, tileTokens),
): MemoryPlan {
  const { config, weightBytes, maxBindingBytes, isInt8 = false } = input;
  const kv = resolveKv(input.kv);
  const { format, hostFormat, numSequences, selection, rerankQueries } = kv;
  const maxPages = pagesFor(contextTokens);
  const { numLayers, numKvHeads, headDim } = config;
  const rerank = {
    interval: kv.rerankInterval,
    lag: kv.reload === 'overlap' ? Math.min(overlapLag, kv.rerankInterval) : 1,
    isStaggered: kv.rerankStagger,
    firstStep: firstRerankStep(kv.rerankInterval, rerankQueries),
  };
  const pagesPerHead = Math.min(kv.pagesPerHead, maxPages);
  const forced = chooseForced(kv, pagesPerHead);
  // Pages born from one flip to the next, and a set that begins in the middle of a page.
  const slotsPerStableHead = pagesPerHead + ceilDiv(longestTail(rerank), pageTokens) + 2;
  const observe = pagesPerHead < maxPages && kv.attention !== 'all' ? chooseObserved(kv) : undefined;
  const cache: CacheShape = {
    format,
    hostFormat,
    selection,
    rerankQueries,
    ...forced,
    numLayers,
    numKvHeads,
    headDim,
    ...chooseHeads(config, kv, maxPages),
    pagesPerHead,
    slotsPerStableHead,
    numSequences,
    maxPages,
    numPageIds,
    isObserved: observe !== undefined,
  };
  const maxRows = rowsFor(numSequences);
  const activations: ActivationShape = {
    maxRows,
    maxPages,
    chunkTokens: Math.min(chunkTokens, tileTokens),
    tileTokens,
    pageBytes: pageBytes(elementOf(format), headDim),
    packedPageBytes: cache.hostFormat === 'int8' ? pageBytes('int8', headDim) : 0,
    filledPageBytes:
      isPacked(cache) || needsHost(cache) ? numLayers * numKvHeads * pageBytes(hostFormat, headDim) : 0,
    numHeldMasses: observe && selection === 'digest' ? numLayers * numKvHeads : 0,
    isInt8,
    numQueryPlaces: selection === 'digest' ? numLayers * numSequences * cache.rerankQueries : 0,
  };
  const numUploads = planUploads(cache, rerank, maxRows);
  const shape = { config, contextTokens, cache, activations, numUploads };
  // Whether pages can be bound is another question; what they would take is told all the same.
  const binding = Math.max(maxBindingBytes, largestHead(cache) * pageBytes(format, headDim));
  const gpuBytes = deviceBytes({ ...shape, maxBindingBytes: binding });
  gpuBytes.weights = weightBytes;
  const totalGpuBytes = Object.values(gpuBytes).reduce((sum, bytes) => sum + bytes, 0);
  const { hostBytes, unstableShare } = kv;
  const allBytes = needsHost(cache) ? maxPages * numLayers * numKvHeads * pageBytes(hostFormat, headDim) : 0;
  const contextBytes = { host: Math.min(allBytes, hostBytes), disk: Math.max(0, allBytes - hostBytes) };
  return {
    contextTokens,
    cache,
    activations,
    rerank,
    numUploads,
    isFollowUpSparse: kv.followUp === 'sparse',
    unstableShare: { wanted: unstableShare, inForce: unstableShare },
    gaveWay: [],
    limitBytes: input.kv.gpuBytes ?? defaultLimit(input),
    attention: kv.attention,
    observe,
    hostBytes,
    contextBytes,
    gpuBytes,
    totalGpuBytes,
  };
}

/** Stability is about the steps from one rerank to the next, so those are a chunk; now and then is every eighth chunk. */
function chooseObserved({ measureStability, rerankInterval }: ResolvedKv) {
  if (measureStability === false) return undefined;
  const window = Math.min(Math.max(rerankInterval, 2), maxOffset);
  if (measureStability === 'every-step') return { window, spacing: window, maxChunks: Infinity };
  return { window, spacing: 8 * window, maxChunks: 64 };
}

/** The pages that are always among K: what is asked for, as far as K has room beside the last page. */
function chooseForced(
  { window, sinks }: ResolvedKv,
  pagesPerHead: number,
): Pick<CacheShape, 'window' | 'sinks'> {
  const first = Math.min(sinks, pagesPerHead - 1);
  return { window: Math.min(window, pagesPerHead - first), sinks: first };
}

/** The rows of a decode step: the least of 1, 2, 4 and 8 that holds all sequences, or 8: so up to 8 answers never take turns. */
function rowsFor(numSequences: number): number {
  return 2 ** Math.min(3, Math.ceil(Math.log2(numSequences)));
}

/**
 * How heads keep their pages: in rings those of layers with a sliding window that is shorter than a sequence may be; of the others the
 * unstable ones, by profile or by share, keep all, and so do all where no head may have more pages than it attends. A layer with a
 * longer window attends all of it.
 */
function chooseHeads(
  config: ModelConfig,
  kv: ResolvedKv,
  maxPages: number,
): Pick<CacheShape, 'unstable' | 'exactHeads' | 'ringPages'> {
  const { numLayers, numKvHeads, layers } = config;
  const rings = layers.map(({ slidingWindow }) => (slidingWindow ? ringPagesFor(slidingWindow) : 0));
  const ringPages = rings.map((slots) => (slots < maxPages ? slots : 0));
  const isSparse = kv.pagesPerHead < maxPages;
  const chosen = isSparse ? chooseUnstable(config, kv) : undefined;
  const heads: number[] = [];
  for (let layer = 0; layer < numLayers; layer++) {
    if (ringPages[layer]! > 0) continue;
    const isWindowed = layers[layer]!.slidingWindow !== undefined;
    for (let kvHead = 0; kvHead < numKvHeads; kvHead++) {
      if (!chosen || isWindowed || chosen.unstable.has(layer, kvHead))
        heads.push(layer * numKvHeads + kvHead);
    }
  }
  const unstable = new HeadSet(numLayers, numKvHeads, heads);
  const exactHeads = (chosen?.retrieving ?? []).filter((head) => heads.includes(head));
  return {
    unstable,
    exactHeads: new HeadSet(numLayers, numKvHeads, exactHeads),
    ...(ringPages.some((slots) => slots > 0) && { ringPages }),
  };
}

/** The unstable heads by profile or by share, and those that the profile finds to retrieve. */
function chooseUnstable({ numLayers, numKvHeads, layers }: ModelConfig, kv: ResolvedKv) {
  const { headProfile, unstableShare, selection } = kv;
  const profile = headProfile && parseHeadProfile(headProfile, numLayers, numKvHeads);
  const retrieving = profile && kv.retrievalHeads === 'exact' ? retrievalHeads(profile) : [];
  const selecting = selectingHeads(layers, numKvHeads);
  const unstable = profile
    ? unstableHeads(profile, unstableShare, {
        selecting,
        wanted: retrieving,
        classes: selection === 'digest' ? 'mass-lost' : 'overlap',
      })
    : unstableHeadsUnmeasured(numLayers, numKvHeads, unstableShare, selecting);
  return { unstable, retrieving };
}
