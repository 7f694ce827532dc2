/** Gathers what heads select step by step into temporal stability by chunk and mean overlap by distance: pure. */
import { assert } from '../util/assert';
import { randomCorrectedOverlap, temporalStability, type SelectionStep } from './stability';

/** Distances in steps up to which overlaps are gathered. */
export const maxOffset = 64;

/** Steps of one answer that follow each other, the last `maxOffset` of them. */
interface Run {
  /** Step that comes next; another one begins a new run. */
  nextStep: number;
  /** Selections by head, oldest step first. */
  steps: SelectionStep[][];
  /** Steps since the run began. */
  length: number;
}

/** What was measured: of heads by chunk, and of overlaps by distance. */
export interface MeasuredStability {
  /** `[chunks][heads]` TS of every whole chunk. */
  readonly stability: readonly (readonly number[])[];
  /** `[maxOffset]`: mean overlap over all heads at 1, 2, … steps' distance; null where no pair was seen. */
  readonly overlapByOffset: readonly (number | null)[];
  /** `[maxOffset]`: pairs of selections behind each of these means; unknown counts as none. */
  readonly overlapSamples?: readonly number[];
}

/** Measures the heads of one model over any number of answers. */
export class StabilityMeter {
  readonly #numHeads: number;
  readonly #window: number;
  readonly #stability: (readonly number[])[];
  readonly #overlapSums = new Float64Array(maxOffset);
  readonly #overlapCounts = new Float64Array(maxOffset);
  readonly #runs = new Map<object, Run>();

  /**
   * @param window steps of a chunk, 2 to 64
   * @param earlier what was measured before and counts too, every sample alike
   */
  constructor(numHeads: number, window: number, earlier?: MeasuredStability) {
    assert(window >= 2 && window <= maxOffset, `chunks of ${window} steps`);
    this.#numHeads = numHeads;
    this.#window = window;
    this.#stability = [...(earlier?.stability ?? [])];
    for (let i = 0; i < maxOffset; i++) {
      const count = earlier?.overlapSamples?.[i] ?? 0;
      this.#overlapCounts[i] = count;
      this.#overlapSums[i] = count * (earlier?.overlapByOffset[i] ?? 0);
    }
  }

  /** `[chunks][heads]` TS of every whole chunk so far. */
  get stability(): readonly (readonly number[])[] {
    return this.#stability;
  }

  /** All that was measured so far. */
  get measured(): Required<MeasuredStability> {
    const overlapSamples = [...this.#overlapCounts];
    const overlapByOffset = overlapSamples.map((count, i) =>
      count === 0 ? null : this.#overlapSums[i]! / count,
    );
    return { stability: this.#stability, overlapByOffset, overlapSamples };
  }

  /**
   * Takes what every head selected at a step of `answer`. Steps that follow each other are cut into chunks from the first on; a
   * gap begins anew, and what was left of a chunk is dropped.
   */
  add(answer: object, step: number, heads: readonly SelectionStep[]): void {
    assert(heads.length === this.#numHeads, `selections of ${heads.length} heads`);
    let run = this.#runs.get(answer);
    if (run?.nextStep !== step) {
      run = { nextStep: step, steps: [], length: 0 };
      this.#runs.set(answer, run);
    }
    const { steps } = run;
    steps.forEach((earlier, i) => this.#addOverlaps(steps.length - i, earlier, heads));
    steps.push([...heads]);
    if (steps.length > maxOffset) steps.shift();
    run.nextStep++;
    run.length++;
    if (run.length % this.#window === 0) this.#addChunk(steps.slice(-this.#window));
  }

  /** No step of `answer` will follow. */
  end(answer: object): void {
    this.#runs.delete(answer);
  }

  #addOverlaps(offset: number, earlier: readonly SelectionStep[], later: readonly SelectionStep[]): void {
    earlier.forEach(({ selected }, head) => {
      const { selected: other, numPages } = later[head]!;
      this.#overlapSums[offset - 1]! += randomCorrectedOverlap(selected, other, numPages);
    });
    this.#overlapCounts[offset - 1]! += earlier.length;
  }

  #addChunk(steps: readonly (readonly SelectionStep[])[]): void {
    this.#stability.push(
      Array.from({ length: this.#numHeads }, (_, head) => temporalStability(steps.map((s) => s[head]!))),
    );
  }
}
