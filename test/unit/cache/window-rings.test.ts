/** Rings of slots: what they are said to have is what was written there last. */
import { describe, expect, test } from 'vitest';
import { firstPageSeen, ringPagesFor, sparePages } from '../../../src/cache/window-pages';
import { BlockTable } from '../../../src/cache/block-table';
import { notResident, type PageIndex } from '../../../src/cache/page';
import { WindowRings } from '../../../src/cache/window-rings';
import { randomSource } from '../../../tools/util/random';

describe('sizes', () => {
  test.each([
    [1, 1],
    [2, 2],
    [17, 2],
    [18, 3],
    [512, 33],
    [4096, 257],
  ])('a window of %i tokens touches at most %i pages', (window, numPages) => {
    expect(ringPagesFor(window)).toBe(numPages + sparePages);
    let most = 0;
    for (let position = window; position < window + 64; position++) {
      most = Math.max(most, Math.floor(position / 16) - Math.floor((position + 1 - window) / 16) + 1);
    }
    expect(most).toBe(numPages);
  });

  test.each([
    [0, 50, 0],
    [48, 50, 0],
    [80, 50, 0],
    // The oldest token is at 33, in a block of 32 that begins there; at 64 the next does.
    [82, 50, 2],
    [112, 50, 2],
    [113, 50, 4],
    [1000, 0, 0],
  ])('a prefill from %i with a window of %i begins to read at page %i', (position, window, page) => {
    expect(firstPageSeen(position, window)).toBe(page);
  });

  test.each([1, 16, 33, 50, 512])('a ring has what a prefill reads with a window of %i', (window) => {
    for (let start = 16; start < 2048; start += 16) {
      expect(start / 16 - firstPageSeen(start, window)).toBeLessThanOrEqual(ringPagesFor(window) - 1);
    }
  });
});

test('a sequence that goes on, is cut and goes on, beside another', () => {
  const rings = new WindowRings({ numSequences: 2, numKvHeads: 3, ringPages: [4, 0] });
  expect(rings.pagesOf(0, 4)).toEqual([]);
  rings.append(0, 3);
  expect(rings.pagesOf(0, 4)).toEqual([0, 1, 2]);
  rings.append(0, 6);
  expect(rings.pagesOf(0, 4)).toEqual([2, 3, 4, 5]);
  rings.truncate(0, 5);
  expect(rings.pagesOf(0, 4)).toEqual([2, 3, 4]);
  expect(rings.missing(0, 5, 4)).toEqual([1]);
  expect([rings.has(0, 2, 5, 4), rings.has(0, 1, 5, 4), rings.has(0, 4, 6, 4)]).toEqual([true, false, false]);
  rings.append(0, 6);
  expect(rings.pagesOf(0, 4)).toEqual([2, 3, 4, 5]);
  rings.truncate(0, 2);
  expect(rings.pagesOf(0, 4)).toEqual([]);
  expect(rings.missing(0, 2, 4)).toEqual([0, 1]);
  rings.fill(0, 2);
  expect(rings.pagesOf(0, 4)).toEqual([0, 1]);
  expect(rings.pagesOf(1, 4)).toEqual([]);
  rings.truncate(0, 0);
  rings.append(0, 1);
  expect(rings.pagesOf(0, 4)).toEqual([0]);
});

test('places: heads of a slab one behind the other, in each the sequences', () => {
  const rings = new WindowRings({ numSequences: 2, numKvHeads: 3, ringPages: [0, 4] });
  const table = new BlockTable({ numLayers: 2, numSequences: 2, numKvHeads: 3, maxPages: 8 });
  for (const page of [0, 6] as PageIndex[]) rings.place(table, 2, 1, page);
  const slotsOf = (layer: number, page: number) =>
    [0, 1, 2].map((kvHead) => table.get(layer, 1, kvHead, page as PageIndex));
  expect([slotsOf(1, 0), slotsOf(1, 6)]).toEqual([
    [4, 12, 4],
    [6, 14, 6],
  ]);
  expect([...slotsOf(0, 0), ...slotsOf(1, 1)]).toEqual(new Array(6).fill(notResident));
  rings.append(1, 7);
  expect([rings.numPages(0), rings.numPages(1)]).toEqual([0, 3 * 4]);
});

// Two layers whose rings are of different sizes; what stands in a slot is the page and the writing that it is of.
test('whatever happens, what the rings are said to have stands in their slots', () => {
  const next = randomSource(3);
  const below = (end: number) => Math.floor(next() * end);
  const sizes = [4, 9];
  const slots = sizes.map((size) => new Array<string>(size).fill(''));
  const rings = new WindowRings({ numSequences: 1, numKvHeads: 1, ringPages: sizes });
  let pages: string[] = [];
  const wrong: string[] = [];
  let numSeen = 0;
  let numMissing = 0;
  const put = (ring: number, page: number) => (slots[ring]![page % sizes[ring]!] = pages[page]!);
  for (let turn = 0; turn < 2000; turn++) {
    const kind = below(10);
    if (kind === 0) {
      // Another sequence takes the place: with nothing, or with pages that the host has.
      pages = Array.from({ length: below(2) * below(30) }, (_, page) => `${page} of ${turn}`);
      rings.truncate(0, 0);
    } else if (kind < 4) {
      pages = pages.slice(0, below(pages.length + 1));
      rings.truncate(0, pages.length);
    }
    const end = pages.length;
    // A prefill reads what its windows see.
    if (sizes.some((size) => !rings.has(0, Math.max(0, end - size + 2), end, size))) {
      sizes.forEach((size, ring) => {
        for (const page of rings.missing(0, end, size)) {
          put(ring, page);
          numMissing++;
        }
      });
      rings.fill(0, end);
    }
    const numNew = below(6);
    for (let i = 0; i < numNew; i++) pages.push(`${pages.length} of ${turn}`);
    rings.append(0, pages.length);
    // A prefill that is aborted has written some of its layers.
    const numWritten = kind === 9 ? below(2) : 2;
    for (let ring = 0; ring < numWritten; ring++)
      for (let page = end; page < pages.length; page++) put(ring, page);
    if (numWritten < 2) {
      pages = pages.slice(0, end);
      rings.truncate(0, end);
    }
    sizes.forEach((size, ring) => {
      for (const page of rings.pagesOf(0, size)) {
        if (slots[ring]![page % size] !== pages[page]) wrong.push(`turn ${turn}, page ${page}`);
        numSeen++;
      }
    });
  }
  expect(wrong).toEqual([]);
  expect(Math.min(numSeen, numMissing)).toBeGreaterThan(1000);
});
