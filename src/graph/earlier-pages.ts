/** Which earlier pages a layer attends in a segment, and how they pass through tiles: pure. */
import type { PageIndex } from '../cache/page';

/** Pages of each KV head, in the order in which they lie in tiles. */
export type PageLists = readonly (readonly PageIndex[])[];

/** Pages `[from, to)`. */
export function pageRange(from: number, to: number): PageIndex[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, i) => (from + i) as PageIndex);
}

/** The same pages of every KV head. */
export function allHeads(numKvHeads: number, pages: readonly PageIndex[]): PageLists {
  return Array.from({ length: numKvHeads }, () => pages);
}

/** What the heads of a layer have selected for a segment of a sparse follow-up, by KV head. */
interface SegmentSelections {
  /** Among the pages before `sparsePages`, for all rows of the segment; undefined for a head that attends everything. */
  readonly ofSegment: readonly (ArrayLike<number> | undefined)[];
  /** Among all pages, for the prompt's last token, ascending; undefined before the last segment. */
  readonly ofLast: readonly ArrayLike<number>[] | undefined;
  readonly sparsePages: number;
  /** The first page of the segment's own tile. */
  readonly endPage: number;
}

/**
 * What each head attends before the segment's own tile: first what the last token selects, entry by entry, so that it is
 * found again by its place in the selection; then the rest of what the segment selects; then the follow-up's own earlier pages.
 */
export function selectedPages({ ofSegment, ofLast, sparsePages, endPage }: SegmentSelections): PageLists {
  const own = pageRange(sparsePages, endPage);
  return ofSegment.map((selected, kvHead) => {
    if (!selected) return pageRange(0, endPage);
    const last = Array.from(ofLast?.[kvHead] ?? []).filter((page) => page < endPage);
    return [...new Set([...last, ...Array.from(selected), ...own])] as PageIndex[];
  });
}

/** KV heads that have as many pages in a tile. */
interface HeadGroup {
  readonly firstKvHead: number;
  readonly numKvHeads: number;
  readonly numPages: number;
}

/** One filling of a tile. */
interface TilePart {
  readonly lists: PageLists;
  /** Neighbouring heads with as many pages; heads that have none in this tile are left out. */
  readonly groups: readonly HeadGroup[];
}

/** Cuts lists into tiles of `tilePages` places a head. */
export function tileParts(lists: PageLists, tilePages: number): TilePart[] {
  const longest = Math.max(0, ...lists.map(({ length }) => length));
  const parts: TilePart[] = [];
  for (let start = 0; start < longest; start += tilePages) {
    const part = lists.map((pages) => pages.slice(start, start + tilePages));
    parts.push({ lists: part, groups: groupsOf(part) });
  }
  return parts;
}

function groupsOf(lists: PageLists): HeadGroup[] {
  const groups: { firstKvHead: number; numKvHeads: number; numPages: number }[] = [];
  lists.forEach(({ length: numPages }, kvHead) => {
    const latest = groups.at(-1);
    const isNext = latest !== undefined && latest.firstKvHead + latest.numKvHeads === kvHead;
    if (isNext && latest.numPages === numPages) latest.numKvHeads++;
    else if (numPages > 0) groups.push({ firstKvHead: kvHead, numKvHeads: 1, numPages });
  });
  return groups;
}
