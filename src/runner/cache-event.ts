/** What the KV hierarchy tells those who watch it: plain data that crosses to the page. Nothing is made while nobody listens. */
import type { StallCause } from './step-rider';

/** Stable heads changed their sets. */
export interface RerankEvent {
  readonly kind: 'rerank';
  /** Decode step of the answer, from 1 on, that attends the new sets first. */
  readonly step: number;
  /** Pages that there were when the sets were selected. */
  readonly numPages: number;
  /** The heads that reranked, layer by layer, each with the pages that came back to the GPU for it, ascending. */
  readonly promotions: readonly {
    readonly layer: number;
    readonly kvHead: number;
    readonly pages: readonly number[];
  }[];
  /** Random-corrected overlap of each of these heads' sets with the one before, 0 to 1. */
  readonly overlaps: readonly number[];
  /** Milliseconds of the host's work on the pages: reading and uploading them. */
  readonly reloadMs: number;
  readonly reloadBytes: number;
}

/** An answer stood still when its next step was due. */
export interface StallEvent {
  readonly kind: 'stall';
  /** Its pages were not there yet (`'reload'`), or a page that it fills had no way to the host (`'offload'`). */
  readonly cause: StallCause;
  readonly durationMs: number;
}

/** An event of the KV hierarchy. */
export type CacheEvent = RerankEvent | StallEvent;
