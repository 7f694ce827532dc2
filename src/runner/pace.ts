/** How much prefill work goes into one submission, chunk and segment: from measured speed, pure. */

/** Target of one submission in milliseconds: short enough that a running answer and the browser's own work get through. */
const sliceMs = 80;
/** Target of one dispatch in milliseconds. */
const chunkMs = 40;
/** Longest time between two segment borders, where an interrupted prefill resumes. */
export const segmentMs = 15_000;
/** The same while a document is read: questions about what was read come through at the borders. */
export const readingSegmentMs = 5_000;

/** Multiply-adds per millisecond that are assumed before anything was measured: a slow software GPU. */
const initialSpeed = 200_000;

/** Learns the speed of prefill from finished slices. */
export class Pace {
  /** Multiply-adds and milliseconds of past slices, the later the more. */
  #cost = 0;
  #durationMs = 0;

  /** Multiply-adds per millisecond. */
  get speed(): number {
    return this.#isMeasured ? this.#cost / this.#durationMs : initialSpeed;
  }

  get #isMeasured(): boolean {
    return this.#durationMs > 0;
  }

  /** A slice of `cost` multiply-adds took `durationMs`. */
  learn(cost: number, durationMs: number): void {
    if (cost <= 0) return;
    // Work over time, not a mean of speeds: on a busy machine the ends of several slices are noticed at once, and all but the
    // first seem to have taken no time.
    this.#cost = 0.7 * this.#cost + cost;
    this.#durationMs = 0.7 * this.#durationMs + Math.max(durationMs, 0.05);
  }

  /** Multiply-adds of one submission. */
  get sliceCost(): number {
    return this.speed * sliceMs;
  }

  /** Rows of a chunk whose largest dispatch costs `costPerRow` a row: a power of two in [16, `maxTokens`]. */
  chunkTokens(costPerRow: number, maxTokens: number): number {
    const rows = (this.speed * chunkMs) / costPerRow;
    const power = 2 ** Math.floor(Math.log2(Math.max(rows, 1)));
    return Math.min(Math.max(power, 16), maxTokens);
  }

  /** Tokens of a segment at `costPerToken` over all layers, a multiple of 64; short while the speed is unknown. */
  segmentTokens(costPerToken: number, maxMs = segmentMs): number {
    if (!this.#isMeasured) return 64;
    return Math.max(64, Math.floor((this.speed * maxMs) / costPerToken / 64) * 64);
  }
}
