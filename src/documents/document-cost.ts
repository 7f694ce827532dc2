/** What a document would cost: bytes from the memory plan, time from two prefills that really ran. Pure. */
import { numStableHeads } from '../cache/cache-layout';
import { pageTokens, wholePageTokens } from '../cache/page';
import type { DocumentCost, StorageQuota } from './document-info';
import type { ModelConfig } from '../config/model-config';
import { tokenCost } from '../graph/prefill-plan';
import type { MemoryPlan } from '../runner/memory-plan';

/** A prefill of `numTokens` tokens that took `durationMs`. */
export interface TimedPrefill {
  readonly numTokens: number;
  readonly durationMs: number;
}

/** Time of a prefill of n tokens: `a·n + b·n²` milliseconds. */
export interface PrefillTime {
  readonly a: number;
  readonly b: number;
}

/**
 * Attention's share of the longer prefill's arithmetic, relative to the rest, below which the two do not show how it grows: a
 * tenth more or less for either, as any busy machine has, would be taken for attention and extrapolated.
 */
const leastShare = 0.5;

/**
 * Fits the time to two prefills, the second the longer. Where they are too short to show how attention grows, the share of
 * attention in the model's arithmetic says it.
 */
export function fitPrefillTime(config: ModelConfig, short: TimedPrefill, long: TimedPrefill): PrefillTime {
  const [n1, n2] = [short.numTokens, long.numTokens];
  const [perToken1, perToken2] = [short.durationMs / n1, long.durationMs / n2];
  const first = tokenCost(config, 0);
  const share = (tokenCost(config, 1) - first) / (2 * first);
  const b = n2 > n1 ? (perToken2 - perToken1) / (n2 - n1) : 0;
  const a = perToken1 - b * n1;
  if (share * n2 >= leastShare && a > 0 && b > 0) return { a, b };
  const linear = perToken2 / (1 + share * n2);
  return { a: linear, b: linear * share };
}

/** What the bytes are reckoned from. */
export interface CostInput {
  readonly numTokens: number;
  readonly textBytes: number;
  readonly plan: MemoryPlan;
  readonly summaryBytes: number;
  /** Of a page outside the GPU. */
  readonly hostPageBytes: number;
  readonly time: PrefillTime;
  /** Undefined where the browser does not say. */
  readonly quota: StorageQuota | undefined;
  /** What a longer context would need. @throws Error that says why it does not fit, and what would */
  readonly planFor: (contextTokens: number) => MemoryPlan;
}

/** Tokens that a question and its answer should have room for. */
const answerTokens = 512;

/** Bytes, time, and whether it fits; if not, what would. */
export function documentCost(input: CostInput): DocumentCost {
  const { numTokens, textBytes, plan, summaryBytes, hostPageBytes, time, quota } = input;
  const { cache, activations } = plan;
  const lists = cache.numLayers * cache.numKvHeads;
  const numPages = wholePageTokens(numTokens) / pageTokens;
  const { pageBytes } = activations;
  const { ringPages = [], numKvHeads } = cache;
  const stablePages = numStableHeads(cache) * Math.min(cache.pagesPerHead, numPages);
  const windowPages = numKvHeads * ringPages.reduce((sum, slots) => sum + Math.min(slots, numPages), 0);
  const summaries = lists * numPages * summaryBytes;
  const allBytes = lists * numPages * hostPageBytes;
  // What the tab may not keep in memory lies on the disk beside the stored document, as long as the engine works with it.
  const spilledBytes = Math.max(0, allBytes - plan.hostBytes);
  const diskBytes = allBytes + summaries + textBytes + 4 * numTokens + spilledBytes;
  const advice = adviceFor(input, diskBytes, spilledBytes, quota);
  return {
    numTokens,
    gpuBytes: (cache.unstable.size * numPages + stablePages + windowPages) * pageBytes + summaries,
    hostBytes: allBytes - spilledBytes,
    diskBytes,
    expectedMs: time.a * numTokens + time.b * numTokens ** 2,
    fits: advice === undefined,
    ...(advice !== undefined && { advice }),
  };
}

function adviceFor(
  { numTokens, plan, planFor }: CostInput,
  diskBytes: number,
  spilledBytes: number,
  quota: StorageQuota | undefined,
): string | undefined {
  const room = Math.min(answerTokens, plan.contextTokens / 4);
  if (numTokens + room > plan.contextTokens) {
    const wanted = Math.ceil((numTokens + answerTokens) / pageTokens) * pageTokens;
    const most = Math.floor(plan.contextTokens - room);
    const part = `This engine reads the first ${most} of its ${numTokens} tokens.`;
    try {
      planFor(wanted);
      return `Load the model with kv.contextTokens ${wanted}. ${part}`;
    } catch (error) {
      return `${(error as Error).message} ${part}`;
    }
  }
  const freeBytes = quota && quota.quotaBytes - quota.usedBytes;
  if (freeBytes !== undefined && freeBytes < diskBytes) {
    const needs = `It needs ${diskBytes} bytes on the disk, and the browser grants ${freeBytes} more`;
    // Memory would do, if the tab may take it.
    if (spilledBytes > 0 && diskBytes - spilledBytes <= freeBytes) {
      const wanted = plan.hostBytes + spilledBytes;
      return `${needs}: load the model with kv.hostBytes ${wanted}, or delete other documents first.`;
    }
    return `${needs}: delete other documents first.`;
  }
  return undefined;
}
