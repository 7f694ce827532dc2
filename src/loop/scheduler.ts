/** Decides which requests decode and which one prefills next: pure, over plain views of the requests. */

/** Where a request is in its life. */
export type Phase = 'waiting' | 'prefilling' | 'decoding' | 'finished';

/** Decode rows of several sequences and/or one slice of a prefill: the next submissions. */
export interface StepPlan<G> {
  /** Requests that take one decode step together, in a fixed order. */
  readonly decode: readonly G[];
  /** The request whose prefill goes on by one submission. */
  readonly prefill: G | undefined;
}

/** What the scheduler needs to know of an admitted request. */
export interface Schedulable {
  readonly phase: Phase;
  /** Tokens that the steps submitted so far will have sampled. */
  readonly numSampled: number;
  /** Tokens that it may sample in all. */
  readonly maxSampled: number;
  /** Its next step cannot be submitted before the token of the one before has arrived. */
  readonly isHeld?: boolean;
  /** A document that is read: questions go first. */
  readonly isReading?: boolean;
}

/**
 * One decode step of every answer that still wants tokens and is not held, oldest first, at most `maxRows`; between such steps one
 * slice of a prefill. So a long prefill delays an answer by one bounded submission a token, never more. The prefill is
 * `begun`, which is in the middle of a segment, else the oldest prompt, else the oldest document that is read.
 */
export function planStep<G extends Schedulable>(
  admitted: readonly G[],
  maxRows: number,
  begun?: G,
): StepPlan<G> {
  const decode = admitted
    .filter((g) => g.phase === 'decoding' && g.numSampled < g.maxSampled && !g.isHeld)
    .slice(0, maxRows);
  const prefills = admitted.filter((g) => g.phase === 'prefilling');
  const isBegun = begun !== undefined && prefills.includes(begun);
  const prefill = isBegun ? begun : (prefills.find((g) => !g.isReading) ?? prefills[0]);
  return { decode, prefill };
}
