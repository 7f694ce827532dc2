/** What a running request sends to its reader, in order: one start, deltas, one end. */
import type { GenerationDelta, GenerationEnd } from './generation';

/** Durations of one request in milliseconds. */
export interface GenerationTimings {
  /** From admission to the arrival of the first token. */
  readonly prefillMs: number;
  /** Times between the arrivals of tokens, from the second token on. */
  readonly stepMs: readonly number[];
}

/** An event of a running request; plain data that `postMessage` clones. */
export type GenerationEvent =
  | {
      readonly kind: 'start';
      readonly numPromptTokens: number;
      readonly numCachedTokens: number;
      /** Text of the prompt's last tokens, special ones included; for requests with `marks`. */
      readonly promptEnd?: string;
    }
  | ({ readonly kind: 'delta' } & GenerationDelta)
  | ({ readonly kind: 'end'; readonly timings: GenerationTimings } & GenerationEnd);
