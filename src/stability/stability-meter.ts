/** Gathers what heads select step by step into temporal stability by chunk and mean overlap by distance: pure. */
import { assert } from '../util/assert';
import { correctedOverlap, maxOffset, type SelectionStep } from './stability';

/** Steps of one answer that follow each other, the last `maxOffset` of them. */
interface Run {
  /** Step that comes next; another one begins a new run. */
  nextStep: number;
  /** Selections by head, oldest step first. */
  steps: SelectionStep[][];
  /** Steps since the run began. */
  length: number;
  /** By head: sum of the overlaps of the chunk's first step with those after it. */
  readonly sums: Float64Array;
  /** By head: sum of the mass lost at these steps; undefined once it was not measured at one of them. */
  lost: Float64Array | undefined;
}

/** What was measured: of heads by chunk, and of overlaps by distance. */
export interface MeasuredStability {
  /**
   * `[chunks][heads]` temporal stability of every whole chunk: `TS(s) = mean of RCO(s, t) over t = s+1 … s+window−1`, s its first
   * step.
   */
  readonly stability: readonly (readonly number[])[];
  /**
   * `[chunks][heads]`, where every chunk has it: mean softmax mass that is lost, at the steps after the first, by attending the pages
   * chosen at the first, and those born since, in place of pages chosen anew.
   */
  readonly massLost?: readonly (readonly number[])[] | undefined;
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
  readonly #massLost: (readonly number[])[];
  readonly #overlapSums = new Float64Array(maxOffset);
  readonly #overlapCounts = new Float64Array(maxOffset);
  readonly #runs = new Map<object, Run>();
  /** By page: whether a selection has it; zero between two uses. */
  #marks = new Uint8Array();

  /**
   * @param window steps of a chunk, 2 to 64
   * @param earlier what was measured before and counts too, every sample alike
   */
  constructor(numHeads: number, window: number, earlier?: MeasuredStability) {
    assert(window >= 2 && window <= maxOffset, `chunks of ${window} steps`);
    this.#numHeads = numHeads;
    this.#window = window;
    this.#stability = [...(earlier?.stability ?? [])];
    this.#massLost = [...(earlier?.massLost ?? [])];
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
  get measured(): MeasuredStability {
    const overlapSamples = [...this.#overlapCounts];
    const overlapByOffset = overlapSamples.map((count, i) =>
      count === 0 ? null : this.#overlapSums[i]! / count,
    );
    const isWhole = this.#massLost.length === this.#stability.length;
    return {
      stability: this.#stability,
      ...(isWhole && { massLost: this.#massLost }),
      overlapByOffset,
      overlapSamples,
    };
  }

  /**
   * Takes what every head selected at a step of `answer`, and where it is measured the mass that each lost since the chunk's first
   * step. Steps that follow each other are cut into chunks from the first on; a gap begins anew, and what was left of a chunk is
   * dropped.
   */
  add(answer: object, step: number, heads: readonly SelectionStep[], lost?: readonly number[]): void {
    assert(heads.length === this.#numHeads, `selections of ${heads.length} heads`);
    let run = this.#runs.get(answer);
    if (run?.nextStep !== step) {
      run = {
        nextStep: step,
        steps: [],
        length: 0,
        sums: new Float64Array(this.#numHeads),
        lost: undefined,
      };
      this.#runs.set(answer, run);
    }
    const { steps, sums } = run;
    const place = run.length % this.#window;
    if (place === 0) {
      sums.fill(0);
      run.lost = lost && new Float64Array(this.#numHeads);
    } else if (!lost) run.lost = undefined;
    else lost.forEach((mass, head) => run.lost && (run.lost[head]! += mass));
    heads.forEach((later, head) => this.#addOverlaps(run, place, head, later));
    steps.push([...heads]);
    if (steps.length > maxOffset) steps.shift();
    run.nextStep++;
    run.length++;
    if (place < this.#window - 1) return;
    this.#stability.push(Array.from(sums, (sum) => sum / place));
    if (run.lost) this.#massLost.push(Array.from(run.lost, (sum) => sum / place));
  }

  /** No step of `answer` will follow. */
  end(answer: object): void {
    this.#runs.delete(answer);
  }

  /** One head's selection against those before it: marks are read in turn, so that no branch depends on a page. */
  #addOverlaps(
    { steps, sums }: Run,
    place: number,
    head: number,
    { selected, numPages }: SelectionStep,
  ): void {
    if (this.#marks.length < numPages) this.#marks = new Uint8Array(2 * numPages);
    const marks = this.#marks;
    for (let i = selected.length; i-- > 0;) marks[selected[i]!] = 1;
    for (let offset = 1; offset <= steps.length; offset++) {
      const earlier = steps[steps.length - offset]![head]!.selected;
      let numShared = 0;
      for (let i = earlier.length; i-- > 0;) numShared += marks[earlier[i]!]!;
      const overlap = correctedOverlap(numShared, earlier.length, numPages);
      this.#overlapSums[offset - 1]! += overlap;
      this.#overlapCounts[offset - 1]!++;
      if (offset === place) sums[head]! += overlap;
    }
    for (let i = selected.length; i-- > 0;) marks[selected[i]!] = 0;
  }
}
