/** Which earlier pages pass through tiles: nothing twice, nothing left out, and what is selected by its place. */
import { expect, test } from 'vitest';
import { allHeads, pageRange, selectedPages, tileParts } from '../../../src/graph/earlier-pages';

test('a range, the same for all heads', () => {
  expect(pageRange(3, 6)).toEqual([3, 4, 5]);
  expect(pageRange(3, 3)).toEqual([]);
  expect(allHeads(2, pageRange(0, 1))).toEqual([[0], [0]]);
});

test('what the segment selects, then its own earlier pages; heads that attend everything do so', () => {
  const lists = selectedPages({
    ofSegment: [[1, 5, 9], undefined, [0, 2, 9]],
    ofLast: undefined,
    sparsePages: 10,
    endPage: 12,
  });
  expect(lists).toEqual([[1, 5, 9, 10, 11], pageRange(0, 12), [0, 2, 9, 10, 11]]);
});

test('what the last token selects comes first, entry by entry, and no page twice', () => {
  const ofSegment = [
    [1, 5, 9],
    [0, 1, 2],
  ];
  const ofLast = [
    [5, 11, 13],
    [7, 12, 13],
  ];
  expect(selectedPages({ ofSegment, ofLast, sparsePages: 10, endPage: 12 })).toEqual([
    [5, 11, 1, 9, 10],
    [7, 0, 1, 2, 10, 11],
  ]);
});

test('tiles of equal lists: one group each', () => {
  const parts = tileParts(allHeads(3, pageRange(0, 5)), 2);
  expect(parts.map(({ lists }) => lists[1])).toEqual([[0, 1], [2, 3], [4]]);
  expect(parts.map(({ groups }) => groups)).toEqual(
    [2, 2, 1].map((numPages) => [{ firstKvHead: 0, numKvHeads: 3, numPages }]),
  );
});

test('tiles of lists that are not equal: neighbours with as many pages together, nothing for heads that are done', () => {
  const [short, long] = [pageRange(0, 2), pageRange(0, 5)];
  const parts = tileParts([short, short, long, short, long, long], 4);
  expect(parts.map(({ groups }) => groups)).toEqual([
    [
      { firstKvHead: 0, numKvHeads: 2, numPages: 2 },
      { firstKvHead: 2, numKvHeads: 1, numPages: 4 },
      { firstKvHead: 3, numKvHeads: 1, numPages: 2 },
      { firstKvHead: 4, numKvHeads: 2, numPages: 4 },
    ],
    [
      { firstKvHead: 2, numKvHeads: 1, numPages: 1 },
      { firstKvHead: 4, numKvHeads: 2, numPages: 1 },
    ],
  ]);
  expect(tileParts(allHeads(2, []), 4)).toEqual([]);
});
