/** What the step loop moves: answers, and documents that are read. */
import type { GenerationRequest } from './generation';
import type { Schedulable } from './scheduler';
import type { Sequence } from '../runner/sequence';

/** A request from its arrival to its end. */
export interface LoopRequest extends Schedulable {
  phase: 'waiting' | 'prefilling' | 'decoding' | 'finished';
  numSampled: number;
  /** The answer that is wanted; undefined for a document. */
  readonly request: GenerationRequest | undefined;
  readonly promptIds: readonly number[];
  /** The imported document whose pages it begins with; undefined for pages that this engine computed. */
  readonly origin: string | undefined;
  /** What is to be prefilled: the prompt, and what an interrupted answer has already. */
  readonly prefillIds: readonly number[];
  /** Set from admission on. */
  sequence: Sequence | undefined;
  /** What its pages are still needed for when it has ended; undefined for answers. */
  readonly stored?: Promise<void>;
  /** Admission: the sequence is its own from now on, with the KV of `numCached` prompt tokens in place. */
  start(sequence: Sequence, numCached: number): void;
  /** The first `numTokens` prompt tokens are through all layers. */
  advance?(numTokens: number): void;
  /** The device is gone, with all that was submitted: the request waits again. */
  interrupt(): void;
  /** Ends the request with an error or the caller's abort reason. */
  fail(error: unknown): void;
}
