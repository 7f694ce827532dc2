/** Where every page is, as colours in a grid: heads down, pages across. Pure. */
import type { CacheMap, RerankEvent } from '../src/index';

/** What a cell shows; a cell of several pages shows the first of these that one of them is. */
const pageStates = ['promoted', 'selected', 'resident', 'freed', 'host', 'disk', 'none'] as const;

/** Where a page is, and whether it is attended; `freed`: it was attended last, and has left the GPU since. */
export type PageState = (typeof pageStates)[number];

/** A grid of states, row by row. */
export interface CachePicture {
  readonly numRows: number;
  readonly numColumns: number;
  /** Pages in one cell, the last of a row excepted. */
  readonly pagesPerCell: number;
  readonly cells: readonly PageState[];
  /** How many pages are in each state. */
  readonly counts: Readonly<Record<PageState, number>>;
}

/** Promotions as a set of places in `CacheMap.pages`. */
function promotedPlaces(map: CacheMap, promotions: RerankEvent['promotions']): Set<number> {
  const places = promotions.flatMap(({ layer, kvHead, pages }) =>
    pages.map((page) => (layer * map.numKvHeads + kvHead) * map.numPages + page),
  );
  return new Set(places);
}

function stateOf(bits: number, isPromoted: boolean, isLive: boolean): PageState {
  if (isPromoted) return 'promoted';
  // While an answer runs, what it attends is on the GPU; after it heads give their pages back, and the lists of its last step stay.
  if (bits & 4) return isLive || bits & 1 ? 'selected' : 'freed';
  if (bits & 1) return 'resident';
  if (bits & 2) return 'host';
  return bits & 8 ? 'disk' : 'none';
}

/**
 * The grid for a map, at most `mostColumns` wide, with the pages that a rerank has just brought back.
 * @param isLive whether an answer ran when the map was read
 */
export function pictureOf(
  map: CacheMap,
  promotions: RerankEvent['promotions'],
  mostColumns: number,
  isLive: boolean,
): CachePicture {
  const { numPages, pages } = map;
  const numRows = map.numLayers * map.numKvHeads;
  const pagesPerCell = Math.max(1, Math.ceil(numPages / Math.max(1, mostColumns)));
  const numColumns = Math.ceil(numPages / pagesPerCell);
  const promoted = promotedPlaces(map, promotions);
  const counts = { promoted: 0, selected: 0, resident: 0, freed: 0, host: 0, disk: 0, none: 0 };
  const cells: PageState[] = [];
  for (let row = 0; row < numRows; row++) {
    for (let column = 0; column < numColumns; column++) {
      let shown = pageStates.length - 1;
      const end = Math.min(numPages, (column + 1) * pagesPerCell);
      for (let page = column * pagesPerCell; page < end; page++) {
        const place = row * numPages + page;
        const state = stateOf(pages[place]!, promoted.has(place), isLive);
        counts[state]++;
        shown = Math.min(shown, pageStates.indexOf(state));
      }
      cells.push(pageStates[shown]!);
    }
  }
  return { numRows, numColumns, pagesPerCell, cells, counts };
}
