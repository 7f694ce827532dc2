/**
 * Which decode steps are looked at to measure how stable heads are, and what was seen there. Heads select without effect at those
 * steps, so that nothing of it changes a token.
 */
import type { CacheShape } from '../cache/cache-layout';
import type { PageIndex } from '../cache/page';
import type { ModelConfig } from '../config/model-config';
import type { HeadProfile } from './head-profile';
import { makeHeadProfile } from './make-head-profile';
import type { SelectionStep } from './stability';
import { StabilityMeter, type MeasuredStability } from './stability-meter';

/** How much is looked at. */
export interface ObserverOptions {
  /** Steps of a chunk, 2 to 64. */
  readonly window: number;
  /** Steps from the start of a chunk to the start of the next: `window` for every step. */
  readonly spacing: number;
  /** Chunks that are enough: from then on nothing is looked at. */
  readonly maxChunks: number;
}

/** A step that is looked at. */
export interface Observation {
  /** Whether it is the first of its chunk: what heads select now is what they hold until the chunk's end. */
  readonly isFirst: boolean;
  /**
   * Takes what the heads selected, `[layers, kvHeads, K]`, and by digests the mass of that and of what they hold, `[layers, kvHeads, 2]`,
   * when it has come back.
   */
  readonly take: (words: Uint32Array, masses?: Float32Array) => void;
}

/** A sequence while it decodes. */
interface Answer {
  /** Steps at which there was something to choose. */
  step: number;
  isOver: boolean;
}

/** Looks at one sequence at a time, and at none that has no more pages than a head attends. */
export class StabilityObserver {
  readonly #shape: CacheShape;
  readonly #options: ObserverOptions;
  /** Heads that select, as indices `layer · kvHeads + kvHead`. */
  readonly #heads: readonly number[];
  readonly #meter: StabilityMeter;
  readonly #answers = new Map<number, Answer>();
  #observed: Answer | undefined;

  /**
   * @param selects whether the heads of a layer select at all
   * @param earlier what was measured before, of all heads, and counts too
   */
  constructor(
    shape: CacheShape,
    options: ObserverOptions,
    selects: (layer: number) => boolean,
    earlier?: MeasuredStability,
  ) {
    const { numLayers, numKvHeads } = shape;
    this.#shape = shape;
    this.#options = options;
    this.#heads = Array.from({ length: numLayers * numKvHeads }, (_, head) => head).filter((head) =>
      selects(Math.floor(head / numKvHeads)),
    );
    const ofSelecting = (chunk: readonly number[]) => this.#heads.map((head) => chunk[head]!);
    const stability = earlier?.stability.map(ofSelecting) ?? [];
    const massLost = earlier?.massLost?.map(ofSelecting);
    this.#meter = new StabilityMeter(
      this.#heads.length,
      options.window,
      earlier && { ...earlier, stability, massLost },
    );
  }

  /** A sequence's answer begins. */
  begin(sequence: number): void {
    this.end(sequence);
    this.#answers.set(sequence, { step: 0, isOver: false });
  }

  /** It is over: what still comes back of it is overshoot. */
  end(sequence: number): void {
    const answer = this.#answers.get(sequence);
    if (!answer) return;
    answer.isOver = true;
    this.#answers.delete(sequence);
    this.#meter.end(answer);
    if (this.#observed === answer) this.#observed = undefined;
  }

  /** All answers are over, or go on elsewhere as new ones. */
  endAll(): void {
    for (const sequence of [...this.#answers.keys()]) this.end(sequence);
  }

  /** Counts a step of a sequence with `numPages` pages; what is to receive its selections, if it is looked at. */
  observe(sequence: number, numPages: number): Observation | undefined {
    const answer = this.#answers.get(sequence);
    if (!answer || numPages <= this.#shape.pagesPerHead) return undefined;
    const { window, spacing, maxChunks } = this.#options;
    const step = answer.step++;
    const stepOfChunk = step % spacing;
    if (stepOfChunk === 0 && this.#meter.stability.length < maxChunks) this.#observed ??= answer;
    if (this.#observed !== answer) return undefined;
    if (stepOfChunk >= window) {
      // Only now, so that no other answer is looked at in the submission of this one's last step.
      this.#observed = undefined;
      return undefined;
    }
    return {
      isFirst: stepOfChunk === 0,
      take: (words, masses) => {
        if (!answer.isOver) this.#meter.add(answer, step, this.#read(words, numPages), this.#lost(masses));
      },
    };
  }

  /** Whole chunks that were measured, here or before. */
  get numChunks(): number {
    return this.#meter.stability.length;
  }

  /** What was measured, stability 1 and no mass lost for heads that never select; undefined before the first whole chunk. */
  get measured(): MeasuredStability | undefined {
    const { stability, massLost, ...overlaps } = this.#meter.measured;
    if (stability.length === 0) return undefined;
    const { numLayers, numKvHeads } = this.#shape;
    const everyHead = (others: number) => (chunk: readonly number[]) => {
      const row = new Array<number>(numLayers * numKvHeads).fill(others);
      this.#heads.forEach((head, i) => (row[head] = chunk[i]!));
      return row;
    };
    const lost = massLost && { massLost: massLost.map(everyHead(0)) };
    return { stability: stability.map(everyHead(1)), ...lost, ...overlaps };
  }

  /** What was measured, as the profile of a model; undefined before the first whole chunk. */
  profile(modelId: string): HeadProfile | undefined {
    const { measured } = this;
    const { numLayers, numKvHeads, pagesPerHead } = this.#shape;
    const { window } = this.#options;
    return (
      measured &&
      makeHeadProfile({
        ...measured,
        selecting: this.#heads,
        modelId,
        numLayers,
        numKvHeads,
        pagesPerHead,
        window,
        measuredOn: `While answering: ${measured.stability.length} chunks of ${window} steps.`,
      })
    );
  }

  /** By head that selects: what it would have had, and does not hold. A set that is held may by chance weigh more. */
  #lost(masses: Float32Array | undefined): number[] | undefined {
    return masses && this.#heads.map((head) => Math.max(0, masses[2 * head]! - masses[2 * head + 1]!));
  }

  #read(words: Uint32Array, numPages: number): SelectionStep[] {
    const { pagesPerHead } = this.#shape;
    return this.#heads.map((head) => {
      const selected = words.subarray(head * pagesPerHead, (head + 1) * pagesPerHead);
      return { selected: selected as ArrayLike<number> as ArrayLike<PageIndex>, numPages };
    });
  }
}

/** The observer of a planned engine, if its plan has one; goes on from what was measured with the same pages per head and window. */
export function newObserver(
  { layers }: ModelConfig,
  {
    cache,
    observe,
  }: {
    readonly cache: CacheShape & { readonly pagesPerHead: number };
    readonly observe: ObserverOptions | undefined;
  },
  measured: HeadProfile | undefined,
): StabilityObserver | undefined {
  if (!observe) return undefined;
  const isAlike =
    measured?.pagesPerHead === cache.pagesPerHead &&
    measured.window === observe.window &&
    (measured.massLost !== undefined) === (cache.selection === 'digest');
  const selects = (layer: number) => layers[layer]!.slidingWindow === undefined;
  return new StabilityObserver(cache, observe, selects, isAlike ? measured : undefined);
}
