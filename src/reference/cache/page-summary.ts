/** CPU twin of cache/page-summary: it changes `summaries`. */
import { createKvWords, storeKv, type KvWords } from './kv-data';
import { unpackPages } from './pack-pages';
import { summarise } from './rope-append';

/** Pages `[firstPage, firstPage + numPages)` of a tile, and where their summaries go. */
interface PageSummaryInput {
  readonly headDim: number;
  readonly firstPage: number;
  readonly numPages: number;
  readonly firstKvHead: number;
  readonly numKvHeads: number;
  readonly tile: KvWords;
  /** The tile's pages have 8 bits an element. */
  readonly isPacked?: boolean;
  readonly tileFirstPage: number;
  readonly tilePages: number;
  readonly summaryTable: Uint32Array;
  readonly tableOffset: number;
  readonly numSummarySlots: number;
  readonly summaries: KvWords;
}

/** Writes the summaries of the pages, for the KV heads of one slab. */
export function pageSummary(input: PageSummaryInput): void {
  const { headDim, firstPage, numPages } = input;
  for (let local = 0; local < input.numKvHeads; local++) {
    for (let page = firstPage; page < firstPage + numPages; page++) {
      const tilePage = (input.firstKvHead + local) * input.tilePages + page - input.tileFirstPage;
      const slot = input.summaryTable[input.tableOffset + page]!;
      const start = (local * input.numSummarySlots + slot) * 2 * headDim;
      let [tile, at] = [input.tile, tilePage];
      if (input.isPacked) {
        [tile, at] = [createKvWords('f32', 32 * headDim), 0];
        unpackPages({ words: input.tile as Uint32Array, headDim }, tile, Uint32Array.of(tilePage, 0));
      }
      summarise(tile, at, headDim).forEach((bound, i) => storeKv(input.summaries, start + i, bound));
    }
  }
}
