/** Memory that is used again: the first writes to fresh memory cost as much as copying to it. Pure. */

/** Spare buffers that are kept at most: one for each sequence of the largest batch. */
const mostSpares = 8;

/** Keeps buffers between their uses; whoever took one owns it until it is given back, or forgotten. */
export class SpareBuffers {
  /** Smallest first. */
  readonly #spares: ArrayBuffer[] = [];

  /** Memory of at least `sizeBytes`, whatever is in it: the smallest spare that is large enough, or else fresh memory. */
  take(sizeBytes: number): ArrayBuffer {
    const index = this.#spares.findIndex(({ byteLength }) => byteLength >= sizeBytes);
    if (index >= 0) return this.#spares.splice(index, 1)[0]!;
    // A power of two: the next one may be a little larger.
    return new ArrayBuffer(2 ** Math.ceil(Math.log2(Math.max(sizeBytes, 1))));
  }

  /** Takes back a buffer that nobody reads or writes any more; of more than eight the smallest is let go. */
  giveBack(buffer: ArrayBuffer): void {
    const index = this.#spares.findIndex(({ byteLength }) => byteLength >= buffer.byteLength);
    this.#spares.splice(index >= 0 ? index : this.#spares.length, 0, buffer);
    if (this.#spares.length > mostSpares) this.#spares.shift();
  }
}
