/** Two engines' log-probabilities, step by step. Pure. */

/** The most probable tokens at one step, best first, with their natural-log probabilities. */
export interface Step {
  readonly ids: readonly number[];
  readonly logprobs: readonly number[];
}

/** How far two runs of one prompt agree. */
export interface Comparison {
  readonly promptTokens: number;
  /** Steps that were compared: up to the first at which the engines chose different tokens. */
  readonly numSteps: number;
  /** Steps at which both chose the same token. */
  readonly equalTokens: number;
  /** Largest difference among the reference's most probable tokens. */
  readonly worst: number;
  /** The reference's margin between its two best tokens where the engines parted; undefined where they did not. */
  readonly marginAtParting: number | undefined;
  /** Whether nothing is further apart than the tolerance allows, and no token is another without need. */
  readonly isEqual: boolean;
}

/**
 * The steps up to the first whose best token ends an answer: llama.cpp never goes on with it where it is to be ignored, the engine
 * does, so that what follows cannot be compared.
 */
export function untilEnd(steps: readonly Step[], eosIds: readonly number[]): readonly Step[] {
  const end = steps.findIndex(({ ids }) => eosIds.includes(ids[0]!));
  return end < 0 ? steps : steps.slice(0, end + 1);
}

/** @param tolerance largest difference; the engines may part where the reference's margin is within twice of it */
export function compareSteps(
  promptTokens: number,
  reference: readonly Step[],
  ours: readonly Step[],
  tolerance: number,
): Comparison {
  let worst = 0;
  for (const [step, expected] of reference.entries()) {
    const got = ours[step];
    if (!got) throw new Error(`The answer has ${ours.length} steps, the reference ${reference.length}.`);
    const byId = new Map(got.ids.map((id, i) => [id, got.logprobs[i]!]));
    const least = got.logprobs.at(-1)!;
    for (const [rank, id] of expected.ids.entries()) {
      const wanted = expected.logprobs[rank]!;
      const logprob = byId.get(id);
      // The last of the list may change places with the first beyond it.
      const difference = logprob === undefined ? Math.max(0, wanted - least) : Math.abs(logprob - wanted);
      worst = Math.max(worst, difference);
    }
    if (got.ids[0] !== expected.ids[0]) {
      const margin = expected.logprobs[0]! - expected.logprobs[1]!;
      const isEqual = worst <= tolerance && margin <= 2 * tolerance;
      return { promptTokens, numSteps: step + 1, equalTokens: step, worst, marginAtParting: margin, isEqual };
    }
  }
  const { length } = reference;
  return {
    promptTokens,
    numSteps: length,
    equalTokens: length,
    worst,
    marginAtParting: undefined,
    isEqual: worst <= tolerance,
  };
}
