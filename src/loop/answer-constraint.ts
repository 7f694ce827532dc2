/** What holds an answer to its format: asked before every step, told of every token. */

/** The format's side of it; `TokenGrammar` is one. */
export interface AnswerConstraint {
  /** One bit for each token that may come next, lowest first. */
  readonly mask: Uint32Array;
  /** Whether the answer is whole and nothing may follow. */
  readonly isComplete: boolean;
  /** Goes on with the bytes of a token that the mask has; gives the error of an answer that no token can go on with. */
  advance(bytes: Uint8Array): Error | undefined;
  /** Begins anew. */
  reset(): void;
}
