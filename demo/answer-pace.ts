/** How fast an answer comes. Pure. */

/** Told of every piece of text; pieces without any, such as the first and the last of a stream, say nothing of speed. */
export class AnswerPace {
  readonly #askedAt: number;
  #firstAt: number | undefined;
  #latestAt = 0;
  #numPieces = 0;

  /** @param askedAt when the question was sent, in ms on the clock of `add` */
  constructor(askedAt: number) {
    this.#askedAt = askedAt;
  }

  /** A piece of text came at `now`, in ms. */
  add(now: number): void {
    this.#firstAt ??= now;
    this.#latestAt = now;
    this.#numPieces++;
  }

  /** From the question to the first text; undefined before it. */
  get firstTokenMs(): number | undefined {
    return this.#firstAt === undefined ? undefined : this.#firstAt - this.#askedAt;
  }

  /** Pieces a second after the first one, each of them a token or a little more; undefined before there are two. */
  get tokensPerSecond(): number | undefined {
    const elapsedMs = this.#latestAt - (this.#firstAt ?? 0);
    return this.#numPieces > 1 && elapsedMs > 0 ? ((this.#numPieces - 1) * 1000) / elapsedMs : undefined;
  }
}
