/** One vector of the rows of a text, which come in order: pure. */
import type { Pooling } from '../config/pooling';

/** Takes rows as they come. Sums are in 64 bits. */
export class PooledRows {
  readonly #pooling: Pooling;
  readonly #sum: Float64Array;
  #numRows = 0;

  /** @param width values of a row */
  constructor(pooling: Pooling, width: number) {
    this.#pooling = pooling;
    this.#sum = new Float64Array(width);
  }

  /** Takes the next rows `[.., width]`. */
  add(rows: Float32Array): void {
    const sum = this.#sum;
    const width = sum.length;
    for (let at = 0; at < rows.length; at += width) {
      const row = rows.subarray(at, at + width);
      const number = ++this.#numRows;
      if (this.#pooling === 'lasttoken' || number === 1) sum.set(row);
      else if (this.#pooling === 'mean') row.forEach((value, i) => (sum[i]! += value));
      else if (this.#pooling === 'weightedmean') row.forEach((value, i) => (sum[i]! += number * value));
      else if (this.#pooling === 'max') row.forEach((value, i) => (sum[i] = Math.max(sum[i]!, value)));
    }
  }

  /**
   * The vector of all rows, its first `dimensions` values scaled to the length 1: that of a mean is not divided by anything first.
   * Undefined where values are infinite or no numbers, or all of them zero.
   */
  vector(dimensions: number): Float32Array<ArrayBuffer> | undefined {
    const cut = this.#sum.subarray(0, dimensions);
    const length = Math.sqrt(cut.reduce((sum, value) => sum + value * value, 0));
    return length > 0 && length < Infinity ? Float32Array.from(cut, (value) => value / length) : undefined;
  }
}
