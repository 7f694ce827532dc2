/**
 * What rides along with a step: it may record work of its own before and after the step's, and have something read back with the
 * step's tokens. A step knows its riders by this interface alone.
 */
import type { Recorder } from '../gpu/recorder';
import type { DecodeRow } from '../graph/decode-row';
import type { BufferPart } from '../offload/offloader';
import type { MassWish } from './mass-wish';
import type { Sequence } from './sequence';

/** One sequence's part in a step, as it is asked for. */
export interface StepRow {
  /** Index of the sequence in tables and token buffer. */
  readonly sequence: number;
  /** Position of the token that is processed. */
  readonly position: number;
  /** That token, in a step that is run again; else it is the one that was sampled last. */
  readonly token?: number | undefined;
  /** Every page is attended, whatever the budget. */
  readonly isExact: boolean;
  /** The page masses that are wanted with the token; needs `ModelRunner.prepareMasses`. */
  readonly masses?: MassWish | undefined;
}

/** The same while it is recorded: what riders set in `before` says how the step is recorded. */
export interface RiddenRow extends StepRow, DecodeRow {
  /** The last token of a prompt, whose prefill is recorded: the first token of the answer is sampled from it. */
  readonly isPromptEnd: boolean;
  /** Stable heads have selected for it at the end of its prompt. */
  readonly isSelecting: boolean;
  reranking: DecodeRow['reranking'];
  observed: DecodeRow['observed'];
  onAttended: DecodeRow['onAttended'];
  /** What came back for it, with its token. */
  pageMasses: Float32Array | undefined;
}

/** What comes back from a step for a rider. */
export interface StepReturn {
  /** Copied one behind the other into the step's read-back slot. */
  readonly parts: readonly BufferPart[];
  /** Takes them all, as one run of words, once the GPU has done the step. */
  receive(words: Uint32Array): void;
}

/** What an answer may have to wait for: pages that come back to its heads, or a way to the host for a page that it fills. */
export type StallCause = 'reload' | 'offload';

/** Why a sequence may not take its next step now. */
export interface StepWait {
  readonly cause: StallCause;
  /** Resolves when it may have become ready. */
  until(): Promise<void>;
}

/** Rides along with every step. */
export interface StepRider {
  /** Called before a step is recorded; the end of a prompt is a step too. */
  before?(recorder: Recorder, rows: readonly RiddenRow[]): void;
  /** Called behind the step's own work, before its tokens are sampled. */
  after?(recorder: Recorder, rows: readonly RiddenRow[]): StepReturn[];
  /** Why the next step of a sequence would have to wait, if it would. @throws what made that wait pointless */
  waitOf?(sequence: Sequence): StepWait | undefined;
  /** The answer of a sequence is over: what is still under way for it is of no use. */
  end?(sequence: number): void;
}

/** A row as it is before riders have seen it. */
export function riddenRow(
  row: StepRow,
  { isPromptEnd = false, isSelecting = false }: { isPromptEnd?: boolean; isSelecting?: boolean } = {},
): RiddenRow {
  return {
    ...row,
    isPromptEnd,
    isSelecting,
    reranking: undefined,
    observed: undefined,
    onAttended: undefined,
    pageMasses: undefined,
  };
}
