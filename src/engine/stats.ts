/** What an engine tells about itself at one moment: plain data that crosses to the page. */
import type { ProfileOrigin } from '../stability/choose-profile';
import type { BytesByCategory } from '../gpu/buffer';
import type { AdapterDescription } from '../gpu/device';
import type { TierBytes } from '../runner/model-runner';
import type { StallCounts } from '../runner/stalls';

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
  /** Whether the adapter is a program on the CPU, many times slower than a GPU. */
  readonly isSoftwareAdapter: boolean;
  /** Kernel variants that the self-test found wrong on this GPU. */
  readonly refusedVariants: readonly string[];
  /** How prompts are multiplied with matrices of 8 and 4 bits: `'int8'` only where it was asked for and works. */
  readonly compute: 'float' | 'int8';
  readonly timings: { readonly loadMs: number; readonly lastRequest: RequestTimings | undefined };
  readonly memory: {
    /** Live GPU bytes by category. */
    readonly gpuBytes: BytesByCategory;
    readonly total: number;
    readonly peakTotal: number;
    /** Bytes for KV pages in the tab's memory. */
    readonly hostBytes: number;
    /** Bytes for KV pages on the disk. */
    readonly diskBytes: number;
  };
  /** Pages of all sequences, summed over layers and KV heads. */
  readonly kv: {
    /** Where the profile comes from that says which heads are unstable; `equal`: there is none, every layer has its share. */
    readonly headProfile: ProfileOrigin;
    /** Share of KV heads that are unstable: `kv.unstableShare`, or less where the wanted context needs it. */
    readonly unstableShare: number;
    readonly pages: number;
    readonly residentPages: number;
    /** Bytes of pages by where they are: in use on the GPU; taken in the tab's memory, and on the disk. */
    readonly tierBytes: TierBytes;
    readonly reranks: number;
    readonly promotions: number;
    /** Bytes that reranks brought back to the GPU, and the milliseconds that the host worked on it. */
    readonly reloadBytes: number;
    readonly reloadMs: number;
    /** Bytes that prefills read from the host. */
    readonly streamedBytes: number;
    /**
     * Times that an answer stood still; milliseconds in all; the same until its pages were there (`reload`) and until a page that
     * it fills had a way to the host (`offload`); the milliseconds' share of all decoding, 0 to 1.
     */
    readonly stalls: number;
    readonly stallMs: number;
    readonly stallCauses: StallCounts['stallCauses'];
    readonly stallShare: number;
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
  /** Lost devices that were replaced. */
  readonly recoveries: number;
  readonly requests: { readonly running: number; readonly waiting: number };
}
