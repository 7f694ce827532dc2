/** What a caller sees of a memory plan: plain numbers. */
import type { BytesByCategory } from '../gpu/buffer';
import type { MemoryPlan } from '../runner/memory-plan';
import type { GivenWay } from '../runner/plan-steps';

/** Sizes of an engine, and the bytes that they take at most, before anything is allocated. */
export interface EnginePlan {
  /** Tokens that one request may have, prompt and answer. */
  readonly contextTokens: number;
  /** Pages of 16 tokens that a head attends at most. */
  readonly pagesPerHead: number;
  /** Share of KV heads that keep all their pages on the GPU: as wanted, and as it is to be; less only where the context needs it. */
  readonly unstableShare: { readonly wanted: number; readonly inForce: number };
  /** Options that are other than they were to be, so that the context fits, and the context where it is shorter than wanted. */
  readonly gaveWay: readonly GivenWay[];
  /** Limit of all on the GPU but the weights, in bytes. */
  readonly limitBytes: number;
  /** Limit of the pages in the tab's memory, in bytes. */
  readonly hostBytes: number;
  /** Bytes of a full context's pages outside the GPU: in memory up to `hostBytes`, on the disk beyond. */
  readonly contextBytes: { readonly host: number; readonly disk: number };
  /** Bytes on the GPU by category, weights included. */
  readonly gpuBytes: BytesByCategory;
  readonly totalGpuBytes: number;
}

/** The plan without what only the engine has a use for. */
export function enginePlanOf(plan: MemoryPlan): EnginePlan {
  const { contextTokens, unstableShare, gaveWay, limitBytes, hostBytes, contextBytes } = plan;
  return {
    contextTokens,
    pagesPerHead: plan.cache.pagesPerHead,
    unstableShare,
    gaveWay,
    limitBytes,
    hostBytes,
    contextBytes,
    gpuBytes: plan.gpuBytes,
    totalGpuBytes: plan.totalGpuBytes,
  };
}
