/**
 * What layers with a sliding window keep on the GPU: of each sequence the pages of the window, in a ring of slots, page p in slot
 * p mod their number. Older pages are on the host alone, from where a prompt brings them that branches off before them. Pure.
 */
import type { BlockTable } from './block-table';
import { notResident, type PageIndex, type Slot } from './page';

/** The pages of one sequence: a ring of n slots has `[max(first, top − n), end)`. */
interface RingState {
  readonly first: number;
  /** All pages before it have been written, and those a whole ring before it are overwritten. */
  readonly top: number;
  readonly end: number;
}

const empty: RingState = { first: 0, top: 0, end: 0 };

/** What rings there are. */
interface RingShape {
  readonly numSequences: number;
  readonly numKvHeads: number;
  /** `CacheShape.ringPages`. */
  readonly ringPages: readonly number[];
}

/** Which pages the rings of each sequence have, in all layers alike but for the number of slots. */
export class WindowRings {
  readonly #shape: RingShape;
  readonly #states: RingState[];

  constructor(shape: RingShape) {
    this.#shape = shape;
    this.#states = Array.from({ length: shape.numSequences }, () => empty);
  }

  /**
   * Gives a page its place in the rings of its sequence, once and for all: whether it is there is another thing.
   * @param headsPerSlab KV heads that share a pool: the rings of each lie one behind the other, by sequence
   */
  place(table: BlockTable, headsPerSlab: number, sequence: number, page: PageIndex): void {
    const { numSequences, numKvHeads, ringPages } = this.#shape;
    ringPages.forEach((slots, layer) => {
      if (slots === 0 || table.get(layer, sequence, 0, page) !== notResident) return;
      for (let kvHead = 0; kvHead < numKvHeads; kvHead++) {
        const ring = (kvHead % headsPerSlab) * numSequences + sequence;
        table.set(layer, sequence, kvHead, page, (ring * slots + (page % slots)) as Slot);
      }
    });
  }

  /** Slots that hold a page of a sequence, over all layers and heads. */
  numPages(sequence: number): number {
    const { numKvHeads, ringPages } = this.#shape;
    const inLayer = (slots: number) => (slots > 0 ? this.pagesOf(sequence, slots).length : 0);
    return numKvHeads * ringPages.reduce((sum, slots) => sum + inLayer(slots), 0);
  }

  /** The pages in a ring of `numSlots` slots, ascending. */
  pagesOf(sequence: number, numSlots: number): PageIndex[] {
    const { first, top, end } = this.#states[sequence]!;
    const from = Math.max(first, top - numSlots);
    return Array.from({ length: Math.max(0, end - from) }, (_, i) => (from + i) as PageIndex);
  }

  /** Whether a ring of `numSlots` slots has all pages `[from, to)`. */
  has(sequence: number, from: number, to: number, numSlots: number): boolean {
    const { first, top, end } = this.#states[sequence]!;
    return from >= to || (from >= Math.max(first, top - numSlots) && to <= end);
  }

  /** The pages that a ring of `numSlots` slots has not, of those that it would have had it been written up to page `end`. */
  missing(sequence: number, end: number, numSlots: number): PageIndex[] {
    const pages: PageIndex[] = [];
    for (let page = Math.max(0, end - numSlots); page < end; page++) {
      if (!this.has(sequence, page, page + 1, numSlots)) pages.push(page as PageIndex);
    }
    return pages;
  }

  /** Every ring has its pages before `end`, and no others. */
  fill(sequence: number, end: number): void {
    this.#states[sequence] = { first: 0, top: end, end };
  }

  /** The pages up to `end` are written one after the other, behind those that the rings have. */
  append(sequence: number, end: number): void {
    const state = this.#states[sequence]!;
    this.#states[sequence] = { ...state, top: Math.max(state.top, end), end };
  }

  /** The sequence has lost its pages from `end` on. */
  truncate(sequence: number, end: number): void {
    const state = this.#states[sequence]!;
    if (end === 0) this.#states[sequence] = empty;
    else if (end < state.end) this.#states[sequence] = { ...state, end };
  }
}
