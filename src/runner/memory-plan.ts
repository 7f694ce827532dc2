/** Shares the memory limit among everything that is not weights, before anything is allocated: pure. */
import { largestHead, ringPagesOf, summaryBytesOf, type CacheShape } from '../cache/cache-layout';
import { pagesFor, pageTokens } from '../cache/page';
import { chunkBytesPerToken } from '../graph/activations';
import { pageBytes } from '../kernels/attention/kv-format';
import { EngineError } from '../util/errors';
import { givenWay, planSteps } from './plan-steps';
import { defaultLimit, sizesOf, smallestTile, type MemoryPlan, type PlanInput } from './planned-sizes';
import { checkInteger, checkKv, resolveKv, wantsAll } from './resolve-kv';

export type { KvOptions } from './kv-options';
export type { MemoryPlan, PlanInput } from './planned-sizes';

const largestTile = 2048;
const largestChunk = 512;
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
  checkKv(kv);
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
        plan.unstableShare.inForce < resolveKv(kv).unstableShare
          ? fitShare(input, step, wanted, limit)!
          : plan,
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
  const { cache } = sizesOf(least, wanted, smallestTile, pagesFor(wanted));
  if (!isBindable(least, cache)) {
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
  return { ...plan, gaveWay, unstableShare: { wanted: resolveKv(kv).unstableShare, inForce } };
}

/** The least `kv.gpuBytes` with which a context fits, the share of unstable heads as it is set. */
export function leastGpuBytes(input: PlanInput, contextTokens: number): number {
  const tileTokens = Math.min(smallestTile, tileFor(contextTokens));
  const { totalGpuBytes, gpuBytes } = sizesOf(input, contextTokens, tileTokens, pagesFor(contextTokens));
  return totalGpuBytes - gpuBytes.weights;
}

function withShare(input: PlanInput, unstableShare: number): PlanInput {
  return { ...input, kv: { ...input.kv, unstableShare } };
}

function leastShare(input: PlanInput): PlanInput {
  return wantsAll(input.kv) ? input : withShare(input, 0);
}

/** The plan of a step with the largest share below the wanted one that fits, a whole number of heads. */
function fitShare(
  { config, kv }: PlanInput,
  step: PlanInput,
  contextTokens: number,
  limit: number,
): MemoryPlan | undefined {
  if (wantsAll(kv)) return undefined;
  const wanted = resolveKv(kv).unstableShare;
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

/** The plan with the largest tile within the limit and as many pages as then fit, up to all sequences full. */
function fitTiles(input: PlanInput, contextTokens: number, limit: number): MemoryPlan | undefined {
  const ownPages = pagesFor(contextTokens);
  const { numSequences } = resolveKv(input.kv);
  for (let tile = tileFor(contextTokens); ; tile /= 2) {
    const least = sizesOf(input, contextTokens, tile, ownPages);
    const spare = limit - (least.totalGpuBytes - least.gpuBytes.weights);
    // A page costs the same in every plan, so what is left over is more pages for further sequences.
    const perPage = bytesPerPage(input, least.cache);
    const isEnough = spare >= 0 && isBindable(input, least.cache);
    if (isEnough) {
      const affordable = perPage > 0 ? Math.floor(spare / perPage) : Infinity;
      const more = Math.min(affordable, (numSequences - 1) * ownPages);
      const numPages = mostBindable(input, least.cache, ownPages + more);
      const larger = sizesOf(input, contextTokens, tile, numPages, largestChunk);
      const isWithin = larger.totalGpuBytes - larger.gpuBytes.weights <= limit;
      const isSmall = largestChunk * chunkBytesPerToken(input.config) <= largestChunkShare * limit;
      return isWithin && isSmall ? larger : sizesOf(input, contextTokens, tile, numPages);
    }
    if (tile / 2 < smallestTile) return undefined;
  }
}

/** A power of two in [32, 2048] that holds the whole context if it can. */
function tileFor(contextTokens: number): number {
  return Math.min(largestTile, Math.max(32, 2 ** Math.ceil(Math.log2(contextTokens))));
}

/** GPU bytes of one logical page: a slot for every unstable head, and every head's summary but in layers with rings. */
function bytesPerPage({ config, kv }: PlanInput, cache: CacheShape): number {
  const { format, selection } = resolveKv(kv);
  const { numLayers, numKvHeads, headDim } = config;
  const summary = summaryBytesOf({ selection, format, headDim });
  const numChosen = Array.from({ length: numLayers }, (_, layer) => ringPagesOf(cache, layer)).filter(
    (slots) => slots === 0,
  ).length;
  return cache.unstable.size * pageBytes(format, headDim) + numChosen * numKvHeads * summary;
}

function isBindable({ maxBindingBytes }: PlanInput, cache: CacheShape): boolean {
  const slots = largestHead({ ...cache, slotsPerStableHead: 0 });
  return slots * pageBytes(cache.format, cache.headDim) <= maxBindingBytes;
}

/** Pages of all sequences that one head's slots of them still fit a binding with, up to `wanted`. */
function mostBindable(input: PlanInput, cache: CacheShape, wanted: number): number {
  const { format, headDim, numPageIds } = cache;
  if (isBindable(input, { ...cache, numPageIds: wanted })) return wanted;
  return Math.max(numPageIds, Math.floor(input.maxBindingBytes / pageBytes(format, headDim)));
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
