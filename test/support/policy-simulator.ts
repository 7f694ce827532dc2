/**
 * FlexiCache's policy over again, from the paper and from nothing of the engine: fed the scores of pages, it says which pages
 * every head attends and keeps, which are promoted, and in which slots they lie. Plain lists, no GPU, no cleverness.
 */

/** What the policy is about. */
export interface PolicyShape {
  readonly numLayers: number;
  readonly numKvHeads: number;
  readonly numSequences: number;
  readonly isUnstable: (layer: number, kvHead: number) => boolean;
  /** K. */
  readonly budget: number;
  readonly interval: number;
  readonly lag: number;
  /** No step of an answer before this one reranks; the first is 1. */
  readonly firstStep: number;
  /** A layer reranks at the positions that are so much beyond a multiple of the interval. */
  readonly phaseOf: (layer: number) => number;
  /** Slots of one KV head of a layer: of an unstable one, and of a stable one. */
  readonly unstableSlots: number;
  readonly stableSlots: number;
}

/** Scores of all pages of one head, the last one's included, which counts as the highest. */
export type ScoresOf = (layer: number, kvHead: number) => ArrayLike<number>;

/** What a flip did to one stable head. */
export interface SimulatedFlip {
  readonly layer: number;
  readonly kvHead: number;
  readonly promoted: number[];
  readonly overlap: number;
}

interface Head {
  readonly layer: number;
  readonly kvHead: number;
  /** Pages by the last selection that serves, ascending. */
  set: number[];
  /** Page to slot. */
  resident: Map<number, number>;
}

interface Simulated {
  step: number;
  numPages: number;
  readonly heads: Head[];
  /** Slots of each page, all unstable heads', layer by layer. */
  readonly unstable: { readonly layer: number; readonly slot: number }[][];
  reranks: { readonly due: number; readonly numPages: number; readonly head: Head; readonly set: number[] }[];
}

/** The `budget` best pages, the last page always among them, ties to the lower page; ascending. */
export function bestPages(scores: ArrayLike<number>, budget: number): number[] {
  const last = scores.length - 1;
  const others = [...Array(last).keys()].sort((a, b) => scores[b]! - scores[a]! || a - b);
  return [...others.slice(0, budget - 1), last].sort((a, b) => a - b);
}

/** RCO as the paper defines it. */
export function overlapOf(earlier: readonly number[], later: readonly number[], numPages: number): number {
  const budget = earlier.length;
  const shared = earlier.filter((page) => later.includes(page)).length;
  return Math.max(0, (shared / budget - budget / numPages) / (1 - budget / numPages));
}

/** All sequences of one engine, moved by the same calls in the same order. */
export class PolicySimulator {
  readonly #shape: PolicyShape;
  /** By layer: free slots; the one given back last is taken first, unused ones from the lowest on. */
  readonly #free: number[][];
  readonly #sequences = new Map<number, Simulated>();

  constructor(shape: PolicyShape) {
    this.#shape = shape;
    this.#free = Array.from({ length: shape.numLayers }, (_, layer) => {
      let numSlots = 0;
      for (let kvHead = 0; kvHead < shape.numKvHeads; kvHead++) {
        numSlots += shape.isUnstable(layer, kvHead) ? shape.unstableSlots : shape.stableSlots;
      }
      return [...Array(numSlots).keys()].reverse();
    });
  }

  /** A prompt is taken in on an empty sequence: all its pages for unstable heads, room for a set for stable ones. */
  begin(sequence: number, numPages: number): void {
    const heads: Head[] = [];
    this.#sequences.set(sequence, { step: 0, numPages: 0, heads, unstable: [], reranks: [] });
    for (let page = 0; page < numPages; page++) this.#bearUnstable(sequence);
    this.#sequences.get(sequence)!.numPages = numPages;
    this.#eachHead((layer, kvHead) => {
      if (this.#shape.isUnstable(layer, kvHead)) return;
      const count = Math.min(this.#shape.budget, numPages);
      const slots = Array.from({ length: count }, () => this.#take(layer));
      heads.push({ layer, kvHead, set: [], resident: new Map(slots.map((slot, i) => [-1 - i, slot])) });
    });
  }

  /** The prompt's last token has selected: these are the sets from the first step on. */
  select(sequence: number, scoresOf: ScoresOf): void {
    for (const head of this.#sequences.get(sequence)!.heads) {
      head.set = bestPages(scoresOf(head.layer, head.kvHead), this.#shape.budget);
      const slots = [...head.resident.values()];
      head.resident = new Map(head.set.map((page, i) => [page, slots[i]!]));
    }
  }

  /** The next step of a sequence begins. Returns what a flip that is due did; those of all sequences come before what `step` does. */
  flip(sequence: number): SimulatedFlip[] {
    const state = this.#sequences.get(sequence)!;
    state.step++;
    const due = state.reranks.filter((rerank) => rerank.due === state.step);
    state.reranks = state.reranks.filter((rerank) => rerank.due !== state.step);
    return due.map(({ head, set, numPages }) => this.#flip(head, set, numPages));
  }

  /** The step goes on at `position`: a page may be born, then it scores if its turn has come. `scoresOf` is asked only in a rerank. */
  step(sequence: number, position: number, scoresOf: ScoresOf): void {
    const state = this.#sequences.get(sequence)!;
    const { budget, interval, lag, firstStep } = this.#shape;
    const numPages = Math.floor(position / 16) + 1;
    if (numPages > state.numPages) {
      this.#bearUnstable(sequence);
      for (const { layer, resident } of state.heads) resident.set(numPages - 1, this.#take(layer));
      state.numPages = numPages;
    }
    for (const head of numPages > budget ? state.heads : []) {
      if (state.step < firstStep || position % interval !== this.#shape.phaseOf(head.layer)) continue;
      const set = bestPages(scoresOf(head.layer, head.kvHead), budget);
      state.reranks.push({ due: state.step + lag, numPages, head, set });
    }
  }

  /** An answer is over: stable heads keep nothing, unstable ones `numPages` pages. */
  end(sequence: number, numPages: number): void {
    const { heads, unstable } = this.#sequences.get(sequence)!;
    for (const { layer, resident } of heads) {
      const slots = [...resident].sort(([a], [b]) => a - b).map(([, slot]) => slot);
      this.#free[layer]!.push(...slots);
      resident.clear();
    }
    while (unstable.length > numPages) {
      for (const { layer, slot } of unstable.pop()!) this.#free[layer]!.push(slot);
    }
  }

  /** Pages and slots of every stable head, layer by layer; pages ascending. */
  resident(sequence: number): [page: number, slot: number][][] {
    return this.#sequences
      .get(sequence)!
      .heads.map(({ resident }) => [...resident].sort(([a], [b]) => a - b));
  }

  /** Promoted pages take the slots of those that leave, lowest to lowest; then new ones; what is left is given back. */
  #flip(head: Head, set: number[], numPages: number): SimulatedFlip {
    const { layer, kvHead, resident } = head;
    const leaving = [...resident.keys()].filter((page) => page < numPages && !set.includes(page));
    const slots = leaving.sort((a, b) => a - b).map((page) => resident.get(page)!);
    for (const page of leaving) resident.delete(page);
    const promoted = set.filter((page) => !resident.has(page));
    for (const page of promoted) resident.set(page, slots.shift() ?? this.#take(layer));
    this.#free[layer]!.push(...slots);
    const overlap = overlapOf(head.set, set, numPages);
    head.set = set;
    return { layer, kvHead, promoted, overlap };
  }

  #bearUnstable(sequence: number): void {
    const slots: { layer: number; slot: number }[] = [];
    this.#eachHead((layer, kvHead) => {
      if (this.#shape.isUnstable(layer, kvHead)) slots.push({ layer, slot: this.#take(layer) });
    });
    this.#sequences.get(sequence)!.unstable.push(slots);
  }

  #take(layer: number): number {
    const slot = this.#free[layer]!.pop();
    if (slot === undefined) throw new Error(`layer ${layer} has no slot left`);
    return slot;
  }

  #eachHead(visit: (layer: number, kvHead: number) => void): void {
    for (let layer = 0; layer < this.#shape.numLayers; layer++) {
      for (let kvHead = 0; kvHead < this.#shape.numKvHeads; kvHead++) visit(layer, kvHead);
    }
  }
}
