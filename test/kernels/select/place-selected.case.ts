import { placeSelected } from '../../../src/kernels/select/place-selected';
import { randomFloats } from '../../../tools/util/random';
import type { KernelCase } from '../harness';

const kvHeads = 3;
const tilePages = 4;
const maxPages = 20;
const budget = 5;
const words = 40;
const numSlots = 16;
/** By KV head: ascending pages; the tile holds pages 8 to 10. */
const selections = [
  [0, 8, 9],
  [1, 2, 10, 11, 12],
  [8, 9, 10, 15],
];
const slots = [
  [3, 4, 5, 0, 0],
  [9, 8, 7, 6, 2],
  [1, 11, 12, 13, 0],
];
const listed = [0, 2];
const firstList = kvHeads;
const numLists = 2 * kvHeads;
const tableOffset = maxPages;

const asWords = (values: Float32Array<ArrayBuffer>) => new Uint32Array(values.buffer);

/** One dispatch; `placeOf` says where in a tile an entry of a selection lies, if it does. */
function placing(
  title: string,
  params: { tileFirst: number; numTilePages: number; isListed: number; endPage: number },
  placeOf: (page: number, entry: number) => number | undefined,
): KernelCase {
  const tile = asWords(randomFloats(kvHeads * tilePages * words, 1));
  const pool = asWords(randomFloats(numSlots * words, 2));
  const blockTable = new Uint32Array((1 + kvHeads) * maxPages).fill(99);
  const padded = selections.map((pages) => [...pages, ...new Array<number>(budget - pages.length).fill(8)]);
  return {
    title,
    spec: placeSelected,
    buffers: {
      tile,
      // What is attended is not placed.
      lists: Uint32Array.from([
        ...new Array<number>((numLists + firstList) * budget).fill(8),
        ...padded.flat(),
      ]),
      listState: Uint32Array.from([
        ...new Array<number>(2 * (numLists + firstList)).fill(9),
        ...selections.flatMap((pages) => [pages.length, 17]),
      ]),
      slotTable: Uint32Array.from([...new Array<number>(firstList * budget).fill(0), ...slots.flat()]),
      pool,
      blockTable,
    },
    params: {
      ...params,
      firstList,
      numLists,
      budget,
      tilePages,
      tableOffset,
      maxPages,
      vectorsPerPage: words / 4,
    },
    grid: [budget, listed.length],
    list: Uint32Array.from(listed),
    expected: () => {
      const newPool = pool.slice();
      const newTable = blockTable.slice();
      for (const kvHead of listed) {
        selections[kvHead]!.forEach((page, i) => {
          const place = placeOf(page, i);
          if (place === undefined) return;
          const slot = slots[kvHead]![i]!;
          const start = (kvHead * tilePages + place) * words;
          newPool.set(tile.subarray(start, start + words), slot * words);
          newTable[tableOffset + kvHead * maxPages + page] = slot;
        });
      }
      return { pool: newPool, blockTable: newTable };
    },
    tolerance: { absolute: 0 },
  };
}

export const cases: KernelCase[] = [
  placing(
    'pages inside and outside the tile, heads that are not listed',
    { tileFirst: 8, numTilePages: 3, isListed: 0, endPage: maxPages },
    (page) => (page >= 8 && page <= 10 ? page - 8 : undefined),
  ),
  placing(
    'entries of selections, up to a page',
    { tileFirst: 1, numTilePages: 3, isListed: 1, endPage: 15 },
    (page, entry) => (entry >= 1 && page < 15 ? entry - 1 : undefined),
  ),
];
