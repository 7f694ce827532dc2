/** What holds an answer to its format: asked before every step, told of every token. */

/** The format's side of it; the grammar has one. */
export interface AnswerConstraint {
  /** One bit for each token that may come next, behind `ahead`, lowest first. */
  readonly mask: Uint32Array;
  /** Tokens that are certain before their steps have come back, oldest first, each with one that may follow it. */
  readonly ahead: readonly number[];
  /** Whether the answer is whole and nothing may follow. */
  readonly isComplete: boolean;
  /** A step is submitted whose token `mask` chooses: where it leaves only one, what follows is known at once. */
  lookAhead(): void;
  /** A token has come back, which the mask of its step has; gives the error of an answer that no token can go on with. */
  confirm(tokenId: number): Error | undefined;
  /** Begins anew. */
  reset(): void;
}
