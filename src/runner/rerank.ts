/** The plan of one rerank of one KV head: pure, from the page lists alone. */
import type { PageIndex, Slot } from '../cache/page';
import { assert } from '../util/assert';
import { randomCorrectedOverlap } from '../stability/stability';

/** What a stable head has on the GPU: its set, chosen by the last rerank, and the pages born since. */
export interface ResidentPages {
  /** Ascending by page; set and tail. */
  readonly pages: readonly PageIndex[];
  /** `slots[i]` holds `pages[i]`. */
  readonly slots: readonly Slot[];
}

/** What to do when the new set takes over. */
interface RerankPlan {
  /** Pages to fetch from the host, ascending, each with the slot that it goes to. */
  readonly promoted: readonly { readonly page: PageIndex; readonly slot: Slot }[];
  /** Pages that leave the GPU, ascending. */
  readonly evicted: readonly PageIndex[];
  /** Slots that nobody needs any more. */
  readonly released: readonly Slot[];
  /** What is resident afterwards: the selection and the tail. The caller may keep the arrays. */
  readonly resident: { readonly pages: PageIndex[]; readonly slots: Slot[] };
  /** Overlap of the set with the one before it; undefined for the first. */
  readonly overlap: number | undefined;
}

/** Input of a rerank's plan. */
interface RerankInput {
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
 * selection stay. All lists ascend, so one walk along both of them decides.
 */
export function planRerank(input: RerankInput): RerankPlan {
  const { selected, numPages, resident, previous, takeSlot } = input;
  assert(
    selected.every((page) => page < numPages),
    'a selection holds only pages that there were',
  );
  const evicted: PageIndex[] = [];
  const free: Slot[] = [];
  let next = 0;
  let tailStart = 0;
  for (; tailStart < resident.pages.length; tailStart++) {
    const page = resident.pages[tailStart]!;
    if (page >= numPages) break;
    while (next < selected.length && selected[next]! < page) next++;
    if (next < selected.length && selected[next] === page) continue;
    evicted.push(page);
    free.push(resident.slots[tailStart]!);
  }
  const promoted: { readonly page: PageIndex; readonly slot: Slot }[] = [];
  const pages: PageIndex[] = [];
  const slots: Slot[] = [];
  let numReused = 0;
  next = 0;
  for (const page of selected) {
    while (next < tailStart && resident.pages[next]! < page) next++;
    const isResident = next < tailStart && resident.pages[next] === page;
    const slot = isResident
      ? resident.slots[next]!
      : numReused < free.length
        ? free[numReused++]!
        : takeSlot();
    if (!isResident) promoted.push({ page, slot });
    pages.push(page);
    slots.push(slot);
  }
  for (let i = tailStart; i < resident.pages.length; i++) {
    pages.push(resident.pages[i]!);
    slots.push(resident.slots[i]!);
  }
  return {
    promoted,
    evicted,
    released: free.slice(numReused),
    resident: { pages, slots },
    overlap: previous && randomCorrectedOverlap(previous, selected, numPages),
  };
}

/** The pages of `selected` that `resident` lacks; both ascend. */
export function missingPages(selected: readonly PageIndex[], resident: readonly PageIndex[]): PageIndex[] {
  const missing: PageIndex[] = [];
  let next = 0;
  for (const page of selected) {
    // Reads beyond an array's end cost far more than this comparison.
    while (next < resident.length && resident[next]! < page) next++;
    if (next === resident.length || resident[next] !== page) missing.push(page);
  }
  return missing;
}
