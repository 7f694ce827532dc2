/** What an answer that the model gives freely comes to beside dense attention's. Pure. */

/** One answer against dense attention's to the same prompt. */
export interface FreeAnswer {
  readonly numTokens: number;
  /** Tokens before the first one that differs; `numTokens` where none does. */
  readonly numEqual: number;
  /** How far the answer repeats itself, and dense attention's: see `repetition`. */
  readonly repetition: number;
  readonly denseRepetition: number;
}

/** Tokens of a phrase that counts as said again. */
const phraseTokens = 4;

/**
 * The share of an answer's runs of 4 tokens that it had before: seq-rep-4 of Welleck et al. 2020 (arXiv 1908.04319), 0 for an answer that
 * never repeats itself or is too short to.
 */
export function repetition(ids: readonly number[]): number {
  const phrases = ids
    .slice(phraseTokens - 1)
    .map((_, start) => ids.slice(start, start + phraseTokens).join());
  return phrases.length === 0 ? 0 : 1 - new Set(phrases).size / phrases.length;
}

/** Both answers are to the same prompt, the dense one first. */
export function compareAnswers(dense: readonly number[], other: readonly number[]): FreeAnswer {
  const differing = other.findIndex((id, i) => id !== dense[i]);
  return {
    numTokens: other.length,
    numEqual: differing < 0 ? other.length : differing,
    repetition: repetition(other),
    denseRepetition: repetition(dense),
  };
}
