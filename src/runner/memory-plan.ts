/** Shares the memory limit among everything that is not weights, before anything is allocated: pure. */
import {
  largestHead,
  planCacheLayout,
  summaryBytesOf,
  type CacheShape,
  type PageSelection,
} from '../cache/cache-layout';
import { HeadSet } from '../cache/head-set';
import { pagesFor, pageTokens } from '../cache/page';
import type { BytesByCategory } from '../gpu/buffer';
import { bufferCategories } from '../gpu/buffer';
import { recorderBytes } from '../gpu/recorder';
import { elementOf, pageBytes, type KvFormat } from '../kernels/attention/kv-format';
import {
  activationSizes,
  chunkBytesPerToken,
  segmentBytesPerToken,
  type ActivationShape,
} from '../graph/activations';
import type { ModelConfig } from '../config/model-config';
import { ropeTableBytes } from '../config/rope';
import { plannedSamplerBytes } from '../sampler/sampler';
import { numOffloadSlots } from '../offload/offloader';
import { reloaderBytes } from '../offload/reloader';
import {
  parseHeadProfile,
  retrievalHeads as retrievalHeadsOf,
  unstableHeads,
  unstableHeadsUnmeasured,
} from '../stability/head-profile';
import { maxOffset } from '../stability/stability';
import { EngineError } from '../util/errors';
import { ceilDiv, roundUp } from '../util/math';
import type { KvOptions } from './kv-options';
import { defaultKv, givenWay, planSteps, type GivenWay } from './plan-steps';
import { firstRerankStep, longestTail, type RerankOptions } from './rerank-schedule';
import { stepSlotBytes } from './slot-bytes';
import { planUploads, uploadBytes } from './upload-plan';
import type { ObserverOptions } from '../stability/stability-observer';

export type { KvOptions } from './kv-options';

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

/** Read-back slots of an engine: one for each step that may be in flight. */
export const numReadbackSlots = 4;

const leastDefaultBytes = 512 * 2 ** 20;
const defaultHostBytes = 4 * 2 ** 30;
const defaultShare = defaultKv.unstableShare;
const defaultSequences = defaultKv.numSequences;
const defaultPages = defaultKv.pagesPerHead;
const mostRerankQueries = 16;
const largestTile = 2048;
const smallestTile = 256;
const usualChunk = 256;
const smallestChunk = 64;
const largestChunk = 512;
/** What the buffers of a prefill may take where tiles are as small as they get. */
const mostTightBytes = 62 * 2 ** 20;
/** What larger chunks may take of the limit, and only where nothing else wants it. */
const largestChunkShare = 1 / 16;

/**
 * The largest tiles and the longest context that fit the limit, up to what the model was made for. Options that nobody set give way
 * before the context does (`planSteps`), no further than they must; where a context is wanted, the share of unstable heads does too.
 * @throws EngineError `gpu-memory` when a wanted context cannot fit, with the bytes it needs and the nearest that fits
 * @throws EngineError `limit-too-small` when one head's pages exceed what the GPU binds at once
 * @throws RangeError for options out of range
 */
export function planMemory({ keptFormat, ...input }: PlanInput): MemoryPlan {
  if (keptFormat !== undefined && input.kv.format === undefined) {
    try {
      return planLongest({ ...input, kv: { ...input.kv, format: keptFormat } });
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
    }
  }
  return planLongest(input);
}

function planLongest(input: PlanInput): MemoryPlan {
  const { config, kv } = input;
  checkOptions(kv);
  const limit = kv.gpuBytes ?? defaultLimit(input);
  checkInteger('kv.gpuBytes', limit, 1, Number.MAX_SAFE_INTEGER);
  const wanted = kv.contextTokens ?? Math.max(config.usualContext, pageTokens);
  checkInteger('kv.contextTokens', wanted, pageTokens, 2 ** 24);
  const isFixed = kv.contextTokens !== undefined;

  const steps = planSteps(kv).map((step): PlanInput => ({ ...input, kv: step }));
  for (const step of steps) {
    const plan = fitTiles(step, wanted, limit);
    if (plan)
      return described(
        input,
        step,
        plan.unstableShare.inForce < shareOf(kv) ? fitShare(input, step, wanted, limit)! : plan,
      );
  }
  const last = steps.at(-1)!;
  const lowered = isFixed ? fitShare(input, last, wanted, limit) : undefined;
  if (lowered) return described(input, last, lowered);
  const least = isFixed ? leastShare(last) : last;
  const fits = (contextTokens: number) => fitTiles(least, contextTokens, limit);
  const nearest = longestThatFits(wanted, (tokens) => fits(tokens) !== undefined);
  if (nearest > 0 && !isFixed) return described(input, last, fits(nearest)!, wanted);
  const advice = adviceOf(nearest, wanted, (tokens) => {
    const alone = { ...least, kv: { ...least.kv, numSequences: 1 } };
    return fitTiles(alone, tokens, limit) !== undefined;
  });
  if (!isBindable(least, pagesFor(wanted))) {
    const pages = `One KV head's pages of a context of ${wanted} tokens`;
    throw new EngineError(
      'limit-too-small',
      `${pages} exceed the ${input.maxBindingBytes} bytes that this GPU binds at once.${advice}`,
    );
  }
  throw new EngineError(
    'gpu-memory',
    `A context of ${wanted} tokens needs ${leastGpuBytes(least, wanted)} bytes on the GPU beside the weights; ` +
      `kv.gpuBytes is ${limit}.${advice}`,
  );
}

/** The nearest context that fits, and the one with a single sequence where that is longer. */
function adviceOf(nearest: number, wanted: number, fitsAlone: (tokens: number) => boolean): string {
  const alone = longestThatFits(wanted, fitsAlone);
  const orAlone = alone > nearest ? `a context of ${alone} tokens fits with kv.numSequences 1` : '';
  if (nearest > 0) {
    return ` Within the limit a context of ${nearest} tokens fits${orAlone && `; ${orAlone}`}.`;
  }
  return orAlone && ` Within the limit ${orAlone}.`;
}

function checkOptions(kv: KvOptions): void {
  checkInteger('kv.numSequences', kv.numSequences ?? defaultSequences, 1, 64);
  checkInteger('kv.pagesPerHead', kv.pagesPerHead ?? defaultPages, 2, 256);
  const mostQueries = selectionOf(kv) === 'digest' ? mostRerankQueries : 1;
  checkInteger('kv.rerankQueries', kv.rerankQueries ?? 1, 1, mostQueries);
  checkInteger('kv.window', kv.window ?? 1, 1, 64);
  checkInteger('kv.sinks', kv.sinks ?? 0, 0, 8);
  checkInteger('kv.rerankInterval', kv.rerankInterval ?? 16, 1, 2 ** 16);
  checkInteger('kv.hostBytes', kv.hostBytes ?? defaultHostBytes, 0, Number.MAX_SAFE_INTEGER);
  const share = shareOf(kv);
  if (!(share >= 0 && share <= 1))
    throw new RangeError(`kv.unstableShare must be a number from 0 to 1, not ${share}.`);
}

/** Grows with the model, since who has room for it has more; a GPU that binds little at once has little memory. */
function defaultLimit({ weightBytes, maxBindingBytes }: PlanInput): number {
  const most = Math.max(leastDefaultBytes, Math.floor(maxBindingBytes / 2));
  return Math.min(most, Math.max(leastDefaultBytes, Math.floor(weightBytes / 2)));
}

function shareOf({ unstableShare = defaultShare }: KvOptions): number {
  return unstableShare;
}

/** A plan of one of the steps, and what is other in it than its input says. */
function described(
  { kv }: PlanInput,
  step: PlanInput,
  plan: MemoryPlan,
  wantedTokens = plan.contextTokens,
): MemoryPlan {
  const { contextTokens } = plan;
  const { inForce } = plan.unstableShare;
  const gaveWay = givenWay(kv, { ...step.kv, unstableShare: inForce });
  if (contextTokens < wantedTokens)
    gaveWay.push({ option: 'contextTokens', wanted: wantedTokens, inForce: contextTokens });
  return { ...plan, gaveWay, unstableShare: { wanted: shareOf(kv), inForce } };
}

/** The least `kv.gpuBytes` with which a context fits, the share of unstable heads as it is set. */
export function leastGpuBytes(input: PlanInput, contextTokens: number): number {
  const tileTokens = Math.min(smallestTile, tileFor(contextTokens));
  const { totalGpuBytes, gpuBytes } = describe(input, contextTokens, tileTokens, pagesFor(contextTokens));
  return totalGpuBytes - gpuBytes.weights;
}

/** What pages are chosen by: digests where it is known which heads lose by holding a set: on those their quality was measured. Else the paper's bounds. */
function selectionOf({ selection, headProfile }: KvOptions): PageSelection {
  return selection ?? (headProfile?.massLost ? 'digest' : 'minmax');
}

function withShare(input: PlanInput, unstableShare: number): PlanInput {
  return { ...input, kv: { ...input.kv, unstableShare } };
}

/** With all heads unstable a caller wants exact answers: those are not traded for a longer context. */
function leastShare(input: PlanInput): PlanInput {
  return input.kv.unstableShare === 1 ? input : withShare(input, 0);
}

/** The plan of a step with the largest share below the wanted one that fits, a whole number of heads. */
function fitShare(
  { config, kv }: PlanInput,
  step: PlanInput,
  contextTokens: number,
  limit: number,
): MemoryPlan | undefined {
  const wanted = shareOf(kv);
  if (wanted === 1) return undefined;
  const numHeads = config.numLayers * config.numKvHeads;
  const planWith = (numUnstable: number) =>
    fitTiles(withShare(step, numUnstable / numHeads), contextTokens, limit);
  let best = planWith(0);
  let low = 0;
  for (let high = Math.round(wanted * numHeads) - 1; best && low < high;) {
    const middle = Math.ceil((low + high) / 2);
    const plan = planWith(middle);
    if (plan) [best, low] = [plan, middle];
    else high = middle - 1;
  }
  return best;
}

function checkInteger(name: string, value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`${name} must be a whole number from ${min} to ${max}, not ${value}.`);
  }
}

/** The plan with the largest tile within the limit and as many pages as then fit, up to all sequences full. */
function fitTiles(input: PlanInput, contextTokens: number, limit: number): MemoryPlan | undefined {
  const ownPages = pagesFor(contextTokens);
  const { numSequences = defaultSequences } = input.kv;
  for (let tile = tileFor(contextTokens); ; tile /= 2) {
    const least = describe(input, contextTokens, tile, ownPages);
    const spare = limit - (least.totalGpuBytes - least.gpuBytes.weights);
    // A page costs the same in every plan, so what is left over is more pages for further sequences.
    const perPage = bytesPerPage(input, least.cache);
    const isEnough = spare >= 0 && isBindable(input, ownPages);
    if (isEnough) {
      const more = Math.min(Math.floor(spare / perPage), (numSequences - 1) * ownPages);
      const numPages = mostBindable(input, ownPages, ownPages + more);
      const larger = describe(input, contextTokens, tile, numPages, largestChunk);
      const isWithin = larger.totalGpuBytes - larger.gpuBytes.weights <= limit;
      const isSmall = largestChunk * chunkBytesPerToken(input.config) <= largestChunkShare * limit;
      return isWithin && isSmall ? larger : describe(input, contextTokens, tile, numPages);
    }
    if (tile / 2 < smallestTile) return undefined;
  }
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

/** A power of two in [32, 2048] that holds the whole context if it can. */
function tileFor(contextTokens: number): number {
  return Math.min(largestTile, Math.max(32, 2 ** Math.ceil(Math.log2(contextTokens))));
}

/** GPU bytes of one logical page: a slot for every unstable head, and every head's summary. */
function bytesPerPage({ config, kv }: PlanInput, { unstable }: CacheShape): number {
  const { format = 'f16' } = kv;
  const { numLayers, numKvHeads, headDim } = config;
  const summary = summaryBytesOf({ selection: selectionOf(kv), format, headDim });
  return unstable.size * pageBytes(format, headDim) + numLayers * numKvHeads * summary;
}

function isBindable({ config, kv, maxBindingBytes }: PlanInput, slotsPerHead: number): boolean {
  return slotsPerHead * pageBytes(kv.format ?? 'f16', config.headDim) <= maxBindingBytes;
}

function mostBindable({ config, kv, maxBindingBytes }: PlanInput, least: number, wanted: number): number {
  const most = Math.floor(maxBindingBytes / pageBytes(kv.format ?? 'f16', config.headDim));
  return Math.max(least, Math.min(wanted, most));
}

function longestThatFits(below: number, fits: (tokens: number) => boolean): number {
  let low = 0;
  let high = Math.floor(below / pageTokens);
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (fits(middle * pageTokens)) low = middle;
    else high = middle - 1;
  }
  return low * pageTokens;
}

function describe(
  input: PlanInput,
  contextTokens: number,
  tileTokens: number,
  numPageIds: number,
  chunkTokens = chunkFor(input.config, tileTokens),
): MemoryPlan {
  const { config, kv, weightBytes, maxBindingBytes, isInt8 = false } = input;
  const { format = 'f16', numSequences = defaultSequences } = kv;
  const maxPages = pagesFor(contextTokens);
  const { numLayers, numKvHeads, headDim, vocabSize } = config;
  const selection = selectionOf(kv);
  const { rerankInterval = 16, reload = 'overlap', rerankStagger = true } = kv;
  const rerankQueries = selection === 'digest' ? (kv.rerankQueries ?? mostRerankQueries) : 1;
  const rerank = {
    interval: rerankInterval,
    lag: reload === 'overlap' ? Math.min(overlapLag, rerankInterval) : 1,
    isStaggered: rerankStagger,
    firstStep: firstRerankStep(rerankInterval, rerankQueries),
  };
  const pagesPerHead = Math.min(kv.pagesPerHead ?? defaultPages, maxPages);
  const forced = chooseForced(kv, pagesPerHead);
  // Pages born from one flip to the next, and a set that begins in the middle of a page.
  const slotsPerStableHead = pagesPerHead + ceilDiv(longestTail(rerank), pageTokens) + 2;
  const observe = pagesPerHead < maxPages ? chooseObserved(kv, rerankInterval) : undefined;
  const cache: CacheShape = {
    format,
    hostFormat: kv.hostFormat === 'int8' ? 'int8' : format,
    selection,
    rerankQueries,
    ...forced,
    numLayers,
    numKvHeads,
    headDim,
    ...(pagesPerHead < maxPages
      ? chooseUnstable(config, kv)
      : { unstable: HeadSet.all(numLayers, numKvHeads), exactHeads: new HeadSet(numLayers, numKvHeads, []) }),
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
    numFilledPages: cache.hostFormat === format ? 0 : numLayers * numKvHeads,
    numHeldMasses: observe && selection === 'digest' ? numLayers * numKvHeads : 0,
    isInt8,
    numQueryPlaces: selection === 'digest' ? numLayers * numSequences * cache.rerankQueries : 0,
  };
  const layout = planCacheLayout(
    cache,
    Math.max(maxBindingBytes, largestHead(cache) * pageBytes(format, headDim)),
  );
  const gpuBytes = Object.fromEntries(bufferCategories.map((name) => [name, 0])) as BytesByCategory;
  gpuBytes.weights = weightBytes;
  gpuBytes.kv = layout.poolBytes;
  gpuBytes.summaries = layout.summaryPoolBytes;
  const ropeBytes = roundUp(ropeTableBytes(config.rope, contextTokens), 16);
  gpuBytes.tables = layout.tableBytes + (config.windowRope ? 2 : 1) * ropeBytes;
  // The history comes only with the first request that needs it, but the limit must have room for it then.
  const sampler = plannedSamplerBytes({ vocabSize, numSequences, maxRows });
  gpuBytes.sampler = sampler.always + sampler.history;
  const sizes = { cache, activations };
  gpuBytes.staging = recorderBytes() + numReadbackSlots * roundUp(stepSlotBytes(sizes), 16);
  gpuBytes.staging += numOffloadSlots * roundUp(offloadSlotBytes(sizes), 16);
  gpuBytes.staging += roundUp(reloaderBytes(layout.hostPageBytes), 16);
  const numUploads = planUploads({ cache, rerank, maxRows, ...layout });
  gpuBytes.staging += uploadBytes(numUploads, layout.hostPageBytes);
  if (pagesPerHead < maxPages) gpuBytes.staging += roundUp(mapSlotBytes(cache), 16);
  for (const { category, sizeBytes } of Object.values(activationSizes(config, activations))) {
    gpuBytes[category] += roundUp(sizeBytes, 16);
  }
  const totalGpuBytes = Object.values(gpuBytes).reduce((sum, bytes) => sum + bytes, 0);
  const { hostBytes = defaultHostBytes, unstableShare = defaultShare } = kv;
  const hasStable = cache.unstable.size < numLayers * numKvHeads;
  const allBytes = hasStable ? maxPages * numLayers * numKvHeads * layout.hostPageBytes : 0;
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
    limitBytes: kv.gpuBytes ?? defaultLimit(input),
    observe,
    hostBytes,
    contextBytes,
    gpuBytes,
    totalGpuBytes,
  };
}

/** Stability is about the steps from one rerank to the next, so those are a chunk; now and then is every eighth chunk. */
function chooseObserved({ headProfile, measureStability }: KvOptions, interval: number) {
  const measures = measureStability ?? !headProfile;
  if (measures === false) return undefined;
  const window = Math.min(Math.max(interval, 2), maxOffset);
  if (measures === 'every-step') return { window, spacing: window, maxChunks: Infinity };
  return { window, spacing: 8 * window, maxChunks: 64 };
}

/** The pages that are always among K: what is asked for, as far as K has room beside the last page. */
function chooseForced(
  { window = 1, sinks = 0 }: KvOptions,
  pagesPerHead: number,
): Pick<CacheShape, 'window' | 'sinks'> {
  const first = Math.min(sinks, pagesPerHead - 1);
  return { window: Math.min(window, pagesPerHead - first), sinks: first };
}

/** The rows of a decode step: the least of 1, 2, 4 and 8 that holds all sequences, or 8: so up to 8 answers never take turns. */
function rowsFor(numSequences: number): number {
  return 2 ** Math.min(3, Math.ceil(Math.log2(numSequences)));
}

/** The unstable heads by profile or by share; a layer with a sliding window attends all of it, so its heads keep their pages. */
function chooseUnstable(config: ModelConfig, kv: KvOptions): Pick<CacheShape, 'unstable' | 'exactHeads'> {
  const { numLayers, numKvHeads, layers } = config;
  const { headProfile, unstableShare = defaultShare, retrievalHeads } = kv;
  const profile = headProfile && parseHeadProfile(headProfile, numLayers, numKvHeads);
  const selection = selectionOf(kv);
  // Digests let heads that retrieve select as the others do; bounds do not.
  const attending = retrievalHeads ?? (selection === 'digest' ? 'selected' : 'exact');
  const retrieving = profile && attending === 'exact' ? retrievalHeadsOf(profile) : [];
  const chosen = profile
    ? unstableHeads(profile, unstableShare, {
        wanted: retrieving,
        classes: selection === 'digest' ? 'mass-lost' : 'overlap',
      })
    : unstableHeadsUnmeasured(numLayers, numKvHeads, unstableShare);
  const heads: number[] = [];
  for (let layer = 0; layer < numLayers; layer++) {
    const isWindowed = layers[layer]!.slidingWindow !== undefined;
    for (let kvHead = 0; kvHead < numKvHeads; kvHead++) {
      if (isWindowed || chosen.has(layer, kvHead)) heads.push(layer * numKvHeads + kvHead);
    }
  }
  const exactHeads = retrieving.filter((head) =>
    chosen.has(Math.floor(head / numKvHeads), head % numKvHeads),
  );
  return {
    unstable: new HeadSet(numLayers, numKvHeads, heads),
    exactHeads: new HeadSet(numLayers, numKvHeads, exactHeads),
  };
}

/** Bytes to read the page lists of one sequence with, and their states. */
export function mapSlotBytes({ numLayers, numKvHeads, pagesPerHead }: CacheShape): number {
  return 4 * numLayers * numKvHeads * (pagesPerHead + 2);
}

/** Bytes of an offload slot: a tile of one layer, or a page of all layers for each row of a step. */
export function offloadSlotBytes({ cache, activations }: Pick<MemoryPlan, 'cache' | 'activations'>): number {
  const perPage = cache.numKvHeads * pageBytes(cache.hostFormat, cache.headDim);
  return perPage * Math.max(activations.tileTokens / pageTokens, activations.maxRows * cache.numLayers);
}
