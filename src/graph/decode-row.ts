/** What a decode step is told of one sequence. */
import type { Recorder } from '../gpu/recorder';

/** One row of a decode step. */
export interface DecodeRow {
  /** Index of the sequence in tables and token buffer. */
  readonly sequence: number;
  /** Position of the token that is processed: the sequence's latest sampled one. */
  readonly position: number;
  /** Every page is attended, whatever the budget. */
  readonly isExact: boolean;
  /**
   * Layers `[first, end)` whose stable heads select anew in this step, with this step's query; they still attend their old set.
   */
  readonly reranking: { readonly first: number; readonly end: number } | undefined;
  /** Present where all heads also select without effect, so that their stability is measured: whether a chunk of steps begins. */
  readonly observed: { readonly isFirst: boolean } | undefined;
  /** Records what rides along behind a layer's attention, which was cut into `maxSplits` splits a list at most. */
  readonly onAttended?: ((recorder: Recorder, layer: number, maxSplits: number) => void) | undefined;
}
