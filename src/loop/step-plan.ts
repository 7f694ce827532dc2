/** What the scheduler decided for the next submissions. */

/** Decode rows of several sequences and/or one slice of a prefill. */
export interface StepPlan<G> {
  /** Requests that take one decode step together, in a fixed order. */
  readonly decode: readonly G[];
  /** The request whose prefill goes on by one submission. */
  readonly prefill: G | undefined;
}
