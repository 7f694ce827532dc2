/** Where a sequence's queries go in its ring of the latest ones, and how many of these are its own answer's: pure. */

/** The rings of all sequences, `size` places each. */
export class QueryRings {
  readonly #size: number;
  readonly #taken = new Map<number, number>();

  constructor(size: number) {
    this.#size = size;
  }

  /**
   * The next step of `sequence`; `isTaken` says whether its query is put into the ring.
   * @returns the query's place, and how many places hold queries from the latest gap on, this one included
   */
  next(sequence: number, isTaken: boolean): readonly [place: number, count: number] {
    const before = this.#taken.get(sequence) ?? 0;
    this.#taken.set(sequence, isTaken ? before + 1 : 0);
    return [before % this.#size, Math.min(before + 1, this.#size)];
  }

  /** The answer is over: queries of the next one are its own. */
  end(sequence: number): void {
    this.#taken.delete(sequence);
  }
}
