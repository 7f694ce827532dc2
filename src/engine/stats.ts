/** What an engine tells about itself at one moment: plain data that crosses to the page. */
import type { BytesByCategory } from '../gpu/buffer';
import type { AdapterDescription } from '../gpu/device';

/** Durations of the latest finished request, in milliseconds. */
export interface RequestTimings {
  readonly prefillMs: number;
  /** Mean of `stepMs`; 0 when only one token was generated. */
  readonly decodeMsPerToken: number;
  /** Times between tokens, from the second on. */
  readonly stepMs: readonly number[];
}

/** A snapshot. Counts and peaks run from load on. */
export interface EngineStats {
  readonly adapter: AdapterDescription;
  /** Kernel variants that the self-test found wrong on this GPU. */
  readonly refusedVariants: readonly string[];
  readonly timings: { readonly loadMs: number; readonly lastRequest: RequestTimings | undefined };
  readonly memory: {
    /** Live GPU bytes by category. */
    readonly gpuBytes: BytesByCategory;
    readonly total: number;
    readonly peakTotal: number;
    /** Bytes of KV pages outside the GPU. */
    readonly hostBytes: number;
  };
  /** Pages of all sequences, summed over layers and KV heads. */
  readonly kv: {
    readonly pages: number;
    readonly residentPages: number;
    readonly reranks: number;
    readonly promotions: number;
    readonly stalls: number;
    /** Overlap of a set with the next (RCO): the sum over heads and reranks, and how many. */
    readonly overlapSum: number;
    readonly overlaps: number;
  };
  /** Averages over all decode steps since load. */
  readonly gpu: {
    readonly dispatchesPerToken: number;
    readonly submitsPerToken: number;
    readonly readbacksPerToken: number;
    readonly buffersPerToken: number;
  };
  readonly requests: { readonly running: number; readonly waiting: number };
}
