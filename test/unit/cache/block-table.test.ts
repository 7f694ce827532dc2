/** The block table: where an entry lies, and which changes travel to the GPU. */
import { expect, test } from 'vitest';
import { BlockTable, blockTableLength } from '../../../src/cache/block-table';
import { notResident, pageOf, pagesFor, type PageIndex, type Slot } from '../../../src/cache/page';

const shape = { numLayers: 3, numSequences: 2, numKvHeads: 2, maxPages: 5 };
const set = (table: BlockTable, at: readonly [number, number, number, number], slot: number) =>
  table.set(at[0], at[1], at[2], at[3] as PageIndex, slot as Slot);

test('pages of 16 tokens', () => {
  expect([0, 1, 16, 17].map(pagesFor)).toEqual([0, 1, 1, 2]);
  expect([0, 15, 16, 33].map(pageOf)).toEqual([0, 0, 1, 2]);
});

test('is [layers, sequences, kvHeads, pages], last index fastest', () => {
  const table = new BlockTable(shape);
  expect(blockTableLength(shape)).toBe(60);
  expect(table.layerOffset(2)).toBe(40);
  set(table, [2, 1, 0, 3], 9);
  set(table, [0, 0, 1, 4], 8);
  expect([...table.takeChanges()]).toEqual([40 + 10 + 3, 9, 5 + 4, 8]);
  expect(table.get(2, 1, 0, 3 as PageIndex)).toBe(9);
});

test('every entry has a place of its own, at first without a slot', () => {
  const table = new BlockTable(shape);
  const indices = new Set<number>();
  for (let layer = 0; layer < 3; layer++)
    for (let sequence = 0; sequence < 2; sequence++)
      for (let head = 0; head < 2; head++)
        for (let page = 0; page < 5; page++) {
          expect(table.get(layer, sequence, head, page as PageIndex)).toBe(notResident);
          set(table, [layer, sequence, head, page], 1);
          indices.add(table.takeChanges()[0]!);
        }
  expect([indices.size, Math.max(...indices)]).toEqual([60, 59]);
});

test('changes are taken once', () => {
  const table = new BlockTable(shape);
  set(table, [0, 0, 0, 0], 4);
  expect(table.takeChanges().length).toBe(2);
  expect(table.takeChanges().length).toBe(0);
});

test('of two changes to one entry only the latest travels: the kernel writes in no order', () => {
  const table = new BlockTable(shape);
  set(table, [0, 0, 0, 0], 4);
  set(table, [0, 0, 0, 1], 5);
  set(table, [0, 0, 0, 0], 6);
  const changes = [...table.takeChanges()];
  expect(new Map([changes.slice(0, 2), changes.slice(2)] as [number, number][])).toEqual(
    new Map([
      [0, 6],
      [1, 5],
    ]),
  );
});

test('a page that has lost its slot does not travel, nor does the slot that it had', () => {
  const table = new BlockTable(shape);
  set(table, [0, 0, 0, 0], 4);
  set(table, [0, 0, 0, 0], notResident);
  expect(table.get(0, 0, 0, 0 as PageIndex)).toBe(notResident);
  expect(table.takeChanges().length).toBe(0);
});
