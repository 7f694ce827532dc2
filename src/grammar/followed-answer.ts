/**
 * One answer as its grammar follows it. Where the grammar leaves one token, the step after it need not wait for that token to come
 * back: names and punctuation of a schema go to the GPU as fast as an answer without a format.
 */

/** What follows tokens by their bytes; `TokenGrammar` does. */
interface Grammar {
  readonly mask: Uint32Array;
  readonly onlyToken: number | undefined;
  readonly isComplete: boolean;
  advance(bytes: Uint8Array): Error | undefined;
  reset(): void;
}

/** Follows a grammar, ahead of what has come back. */
export class FollowedAnswer {
  readonly #ahead: number[] = [];
  /** A token is certain that nothing follows, be it the answer's end or a place without a way to go on. */
  #last: { readonly error: Error | undefined } | undefined;

  constructor(
    private readonly grammar: Grammar,
    private readonly bytesOf: (tokenId: number) => Uint8Array,
  ) {}

  get mask(): Uint32Array {
    return this.grammar.mask;
  }

  get ahead(): readonly number[] {
    return this.#ahead;
  }

  get isComplete(): boolean {
    return this.#ahead.length === 0 && !this.#last && this.grammar.isComplete;
  }

  lookAhead(): void {
    const id = this.grammar.onlyToken;
    if (id === undefined) return;
    const error = this.grammar.advance(this.bytesOf(id));
    if (error || this.grammar.isComplete) this.#last = { error };
    else this.#ahead.push(id);
  }

  confirm(tokenId: number): Error | undefined {
    if (this.#ahead.length > 0) {
      this.#ahead.shift();
      return undefined;
    }
    const last = this.#last;
    this.#last = undefined;
    return last ? last.error : this.grammar.advance(this.bytesOf(tokenId));
  }

  reset(): void {
    this.#ahead.length = 0;
    this.#last = undefined;
    this.grammar.reset();
  }
}
