/** What the step loop moves: answers, and documents that are read. */
import type { GraphContext } from '../graph/graph-context';
import type { HiddenReader } from '../graph/prefill-graph';
import type { Sequence } from '../runner/sequence';
import type { HistoryStart } from '../sampler/history';
import type { SampledToken } from '../sampler/results';
import type { GenerationRequest } from './generation';
import type { Phase, Schedulable } from './scheduler';

/** A request from its arrival to its end. Its phase changes here alone. */
export abstract class LoopRequest implements Schedulable {
  /** The answer that is wanted; undefined for a document. */
  abstract readonly request: GenerationRequest | undefined;
  abstract readonly promptIds: readonly number[];
  /** The imported document whose pages it begins with; undefined for pages that this engine computed. */
  abstract readonly origin: string | undefined;
  abstract readonly maxSampled: number;
  readonly isReading: boolean = false;
  numSampled = 0;
  /** Set from admission on. */
  sequence: Sequence | undefined;
  #phase: Phase = 'waiting';
  #numCached: number | undefined;

  get phase(): Phase {
    return this.#phase;
  }

  isOver(): boolean {
    return this.#phase === 'finished';
  }

  /** What its pages are still needed for when it has ended; undefined for what nobody stores. */
  get stored(): Promise<void> | undefined {
    return undefined;
  }

  /** What is to be prefilled. */
  get prefillIds(): readonly number[] {
    return this.promptIds;
  }

  /** Prompt tokens whose KV was in place when it was admitted first; undefined before. */
  get numCached(): number | undefined {
    return this.#numCached;
  }

  /** Steps whose tokens have arrived. */
  numConfirmed = 0;

  /** A step is submitted that samples its next token. */
  countStep(): void {
    this.numSampled++;
  }

  /** What its next token is to be chosen by, where that changes from step to step; undefined where it does not. */
  nextHistory?(): HistoryStart | undefined;

  /** What reads the last hidden states of its prompt, on a runner that has this context. */
  hiddenReader?(context: GraphContext): Promise<HiddenReader>;

  /** The answer's token at `index`, where it has one although its sequence does not: its step is run again. */
  knownId?(index: number): number | undefined;

  /** Admission: the sequence is its own from now on, with the KV of `numCached` prompt tokens in place. */
  start(sequence: Sequence, numCached: number): void {
    this.sequence = sequence;
    this.#phase = 'prefilling';
    this.#numCached ??= numCached;
    this.begun(sequence, numCached);
  }

  /** What else begins with admission; called again when it is admitted again. */
  protected abstract begun(sequence: Sequence, numCached: number): void;

  /** All of its prompt is submitted; an answer's first token is being sampled. */
  endPrefill(): void {
    this.#phase = 'decoding';
    if (!this.isReading) this.countStep();
  }

  /** The first `numTokens` prompt tokens are through all layers. */
  advance?(numTokens: number): void;

  /** A step's token has arrived. */
  confirm?(token: SampledToken): void;

  /** The device is gone, with all that was submitted: the request waits again, and begins again with its prompt. */
  interrupt(): void {
    this.#phase = 'waiting';
    this.sequence = undefined;
    this.numSampled = 0;
    this.numConfirmed = 0;
  }

  /** Ends the request with an error or the caller's abort reason. */
  abstract fail(error: unknown): void;

  protected finish(): void {
    this.#phase = 'finished';
  }
}
