import { expect, test } from 'vitest';
import { pictureOf } from '../../../demo/cache-picture';

const map = {
  numLayers: 1,
  numKvHeads: 2,
  numPages: 5,
  pagesPerHead: 2,
  isUnstable: Uint8Array.of(1, 0),
  pages: Uint8Array.of(1, 3, 5, 7, 1, 2, 8, 7, 3, 0),
};

test('a cell for each page says the most that is true of it', () => {
  const { cells, numRows, numColumns, counts } = pictureOf(map, [], 100, true);
  expect([numRows, numColumns]).toEqual([2, 5]);
  expect(cells.slice(0, 5)).toEqual(['resident', 'resident', 'selected', 'selected', 'resident']);
  expect(cells.slice(5)).toEqual(['host', 'disk', 'selected', 'resident', 'none']);
  expect(counts).toEqual({ promoted: 0, selected: 3, resident: 4, freed: 0, host: 1, disk: 1, none: 1 });
});

test('once an answer is over, what it attended last is said to be on the GPU only where it is', () => {
  const pages = Uint8Array.of(1, 3, 5, 7, 4, 2, 8, 6, 12, 0);
  const { cells, counts } = pictureOf({ ...map, pages }, [], 100, false);
  expect(cells.slice(0, 5)).toEqual(['resident', 'resident', 'selected', 'selected', 'freed']);
  expect(cells.slice(5)).toEqual(['host', 'disk', 'freed', 'freed', 'none']);
  expect(counts).toMatchObject({ selected: 2, freed: 3, resident: 2 });
});

test('pages that came back are shown as such', () => {
  const { cells } = pictureOf(map, [{ layer: 0, kvHead: 1, pages: [3] }], 100, true);
  expect(cells.flatMap((state, index) => (state === 'promoted' ? [index] : []))).toEqual([8]);
});

test('a long context has several pages in a cell, and counts stay those of pages', () => {
  const { cells, numColumns, pagesPerCell, counts } = pictureOf(map, [], 3, true);
  expect([numColumns, pagesPerCell]).toEqual([3, 2]);
  expect(cells).toEqual(['resident', 'selected', 'resident', 'host', 'selected', 'none']);
  expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBe(10);
});
