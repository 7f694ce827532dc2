/** Where in the texts is scored: prompts with what follows them. Pure. */

/** A prompt of a text, and the tokens that follow it there. */
export interface Passage {
  readonly text: string;
  readonly promptIds: readonly number[];
  readonly answerIds: readonly number[];
}

/** A text as tokens. */
export interface TokenText {
  readonly name: string;
  readonly ids: readonly number[];
}

/** How passages are cut. */
export interface PassageOptions {
  /** Tokens of a passage, the scored ones included. */
  readonly lengthTokens: number;
  /** Tokens that are scored, the last of a passage. */
  readonly numSteps: number;
  /** Passages of each text, spread evenly over it. */
  readonly numPassages: number;
  /** What every prompt begins with; counts. */
  readonly bosIds: readonly number[];
}

/** Passages of all texts in turn; those of a text that is shorter overlap. @throws RangeError for a text that has no whole passage */
export function cutPassages(texts: readonly TokenText[], options: PassageOptions): Passage[] {
  const { lengthTokens, numSteps, numPassages, bosIds } = options;
  const numTokens = lengthTokens - bosIds.length;
  return texts.flatMap(({ name, ids }) => {
    const last = ids.length - numTokens;
    if (last < 0) throw new RangeError(`'${name}' has ${ids.length} tokens; a passage has ${lengthTokens}.`);
    return Array.from({ length: numPassages }, (_, i): Passage => {
      const start = numPassages === 1 ? 0 : Math.round((i * last) / (numPassages - 1));
      const end = start + numTokens;
      return {
        text: name,
        promptIds: [...bosIds, ...ids.slice(start, end - numSteps)],
        answerIds: ids.slice(end - numSteps, end),
      };
    });
  });
}
