/** The plan of one rerank of one KV head: pure, from the page lists alone. */
import type { PageIndex, Slot } from '../cache/page';
import { assert } from '../util/assert';
import { randomCorrectedOverlap } from './stability';

/** What a stable head has on the GPU: its set, chosen by the last rerank, and the pages born since. */
export interface ResidentPages {
  /** Ascending by page; set and tail. */
  readonly pages: readonly PageIndex[];
  /** `slots[i]` holds `pages[i]`. */
  readonly slots: readonly Slot[];
}

/** What to do when the new set takes over. */
export interface RerankPlan {
  /** Pages to fetch from the host, ascending, each with the slot that it goes to. */
  readonly promoted: readonly { readonly page: PageIndex; readonly slot: Slot }[];
  /** Pages that leave the GPU, ascending. */
  readonly evicted: readonly PageIndex[];
  /** Slots that nobody needs any more. */
  readonly released: readonly Slot[];
  /** What is resident afterwards: the selection and the tail. */
  readonly resident: ResidentPages;
  /** Overlap of the set with the one before it; undefined for the first. */
  readonly overlap: number | undefined;
}

/** Input of a rerank's plan. */
export interface RerankInput {
  /** What the GPU selected, ascending. */
  readonly selected: readonly PageIndex[];
  /** Pages that there were when it selected: later ones are the new tail. */
  readonly numPages: number;
  readonly resident: ResidentPages;
  /** The set that the head has attended so far, without its tail; undefined when it has none. */
  readonly previous: readonly PageIndex[] | undefined;
  /** Takes a free slot, when the evicted pages' slots are not enough. */
  readonly takeSlot: () => Slot;
}

/**
 * Promoted pages take over the slots of evicted ones, lowest page first; what is left over is released. Pages born since the
 * selection stay.
 */
export function planRerank(input: RerankInput): RerankPlan {
  const { selected, numPages, resident, previous, takeSlot } = input;
  const wanted = new Set(selected);
  const slotOf = new Map(resident.pages.map((page, i) => [page, resident.slots[i]!]));
  assert(
    selected.every((page) => page < numPages),
    'a selection holds only pages that there were',
  );
  const evicted = resident.pages.filter((page) => page < numPages && !wanted.has(page));
  const free = evicted.map((page) => slotOf.get(page)!);
  const promoted = selected
    .filter((page) => !slotOf.has(page))
    .map((page) => ({ page, slot: free.shift() ?? takeSlot() }));
  const tail = resident.pages.filter((page) => page >= numPages);
  const newSlots = new Map(promoted.map(({ page, slot }) => [page, slot]));
  const pages = [...selected, ...tail];
  return {
    promoted,
    evicted,
    released: free,
    resident: { pages, slots: pages.map((page) => slotOf.get(page) ?? newSlots.get(page)!) },
    overlap: previous && randomCorrectedOverlap(previous, selected, numPages),
  };
}
