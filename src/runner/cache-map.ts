/** Where the pages of a sequence are at one moment, head by head, for those who draw it: pure. */
import { ringPagesOf, type CacheShape } from '../cache/cache-layout';
import { sparePages } from '../cache/window-pages';

/** Bits of a page in a `CacheMap`. */
export const pageBits = { resident: 1, host: 2, selected: 4, disk: 8 } as const;

/** The pages of one sequence: plain data that crosses to the page. */
export interface CacheMap {
  readonly numLayers: number;
  readonly numKvHeads: number;
  /** Pages of the sequence, the last of which may be partly filled. */
  readonly numPages: number;
  /** Pages that a head attends at most, apart from those born since its last rerank. */
  readonly pagesPerHead: number;
  /** `[layers, kvHeads]`: 1 for a head that keeps all its pages on the GPU. */
  readonly isUnstable: Uint8Array;
  /**
   * `[layers, kvHeads, pages]`, a sum for each page: 1 it is on the GPU, 2 in the tab's memory, 4 attended by the latest
   * step, 8 on the disk and not in memory.
   */
  readonly pages: Uint8Array;
}

/** What a map is made from. */
export interface CacheMapInput {
  readonly shape: CacheShape;
  readonly numPages: number;
  /** By head, layer by layer: the pages that a head has on the GPU that does not keep all; one with a ring has its window there. */
  readonly residentPages: (layer: number, kvHead: number) => Iterable<number>;
  /** Where a page's copy is, if it has one. */
  readonly tierOf: (layer: number, kvHead: number, page: number) => 'host' | 'disk' | undefined;
  /** `[layers, kvHeads, pagesPerHead]`, what the GPU attends; absent when every head attends everything. */
  readonly lists?: Uint32Array;
  /** `[layers, kvHeads, 2]`: entries of the list; the first of the pages that are attended besides it. */
  readonly listStates?: Uint32Array;
}

/** Puts together what the host and the GPU know. */
export function buildCacheMap(input: CacheMapInput): CacheMap {
  const { shape, numPages, lists, listStates } = input;
  const { numLayers, numKvHeads, pagesPerHead, unstable } = shape;
  const isUnstable = new Uint8Array(numLayers * numKvHeads);
  const pages = new Uint8Array(numLayers * numKvHeads * numPages);
  for (let head = 0; head < isUnstable.length; head++) {
    const [layer, kvHead] = [Math.floor(head / numKvHeads), head % numKvHeads];
    isUnstable[head] = Number(unstable.has(layer, kvHead));
    const own = pages.subarray(head * numPages, (head + 1) * numPages);
    if (isUnstable[head]) own.fill(pageBits.resident);
    else for (const page of input.residentPages(layer, kvHead)) own[page]! |= pageBits.resident;
    for (let page = 0; page < numPages; page++) {
      const tier = input.tierOf(layer, kvHead, page);
      if (tier) own[page]! |= pageBits[tier];
    }
    const ring = ringPagesOf(shape, layer);
    if (ring > 0) {
      for (let page = Math.max(0, numPages + sparePages - ring); page < numPages; page++) {
        own[page]! |= pageBits.selected;
      }
      continue;
    }
    const [count, tailStart] = listStates?.subarray(2 * head, 2 * head + 2) ?? [0, 0];
    const list = lists?.subarray(head * pagesPerHead, head * pagesPerHead + count!) ?? [];
    // A sequence may have been cut since.
    for (const page of list) if (page < numPages) own[page]! |= pageBits.selected;
    for (let page = tailStart!; page < numPages; page++) own[page]! |= pageBits.selected;
  }
  return { numLayers, numKvHeads, numPages, pagesPerHead, isUnstable, pages };
}
