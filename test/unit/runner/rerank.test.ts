import { describe, expect, test } from 'vitest';
import type { PageIndex, Slot } from '../../../src/cache/page';
import { missingPages, planRerank, type ResidentPages } from '../../../src/runner/rerank';
import { randomSource } from '../../../tools/util/random';

const pages = (...values: number[]) => values as PageIndex[];
const slots = (...values: number[]) => values as Slot[];
const noSlot = () => {
  throw new Error('no slot should be needed');
};

describe('planRerank', () => {
  test('promoted pages take the slots of evicted ones, the tail stays', () => {
    const plan = planRerank({
      selected: pages(1, 5, 7),
      numPages: 8,
      resident: { pages: pages(0, 1, 3, 8), slots: slots(40, 41, 43, 48) },
      previous: pages(0, 1, 3),
      takeSlot: noSlot,
    });
    expect(plan.promoted).toEqual([
      { page: 5, slot: 40 },
      { page: 7, slot: 43 },
    ]);
    expect(plan.evicted).toEqual([0, 3]);
    expect(plan.released).toEqual([]);
    expect(plan.resident).toEqual({ pages: [1, 5, 7, 8], slots: [41, 40, 43, 48] });
    expect(plan.overlap).toBe(0);
  });

  test('an old tail that is not selected leaves, and its slot is released', () => {
    const plan = planRerank({
      selected: pages(0, 9),
      numPages: 10,
      resident: { pages: pages(0, 4, 8, 9), slots: slots(1, 2, 3, 4) },
      previous: pages(0, 4),
      takeSlot: noSlot,
    });
    expect(plan.promoted).toEqual([]);
    expect(plan.evicted).toEqual([4, 8]);
    expect(plan.released).toEqual([2, 3]);
  });

  test('takes free slots when nothing was evicted', () => {
    const plan = planRerank({
      selected: pages(0, 1, 2),
      numPages: 3,
      resident: { pages: pages(2), slots: slots(9) },
      previous: undefined,
      takeSlot: () => 5 as Slot,
    });
    expect(plan.promoted.map(({ slot }) => slot)).toEqual([5, 5]);
    expect(plan.overlap).toBeUndefined();
  });

  test('slots are neither lost nor doubled, whatever is selected', () => {
    const next = randomSource(11);
    const budget = 6;
    let nextSlot = 0;
    const inUse = new Set<Slot>();
    const takeSlot = () => {
      const slot = nextSlot++ as Slot;
      inUse.add(slot);
      return slot;
    };
    let resident: ResidentPages = { pages: [], slots: [] };
    let numPages = 20;
    for (let round = 0; round < 50; round++) {
      const all = Array.from({ length: numPages }, (_, page) => page as PageIndex);
      const selected = all
        .filter((_, page) => page === numPages - 1 || next() < budget / numPages)
        .slice(-budget);
      const plan = planRerank({ selected, numPages, resident, previous: undefined, takeSlot });
      for (const slot of plan.released) inUse.delete(slot);
      expect(new Set(plan.resident.slots)).toEqual(inUse);
      expect(plan.resident.slots.length).toBe(plan.resident.pages.length);
      expect(plan.resident.pages).toEqual(selected);
      const born = Math.floor(next() * 3);
      const tail = Array.from({ length: born }, (_, i) => (numPages + i) as PageIndex);
      resident = {
        pages: [...plan.resident.pages, ...tail],
        slots: [...plan.resident.slots, ...tail.map(takeSlot)],
      };
      numPages += born;
    }
  });
});

test('the pages that are missing are those to promote', () => {
  expect(missingPages(pages(0, 2, 5, 9), pages(1, 2, 3, 9, 12))).toEqual([0, 5]);
  expect(missingPages(pages(0, 2), pages())).toEqual([0, 2]);
  expect(missingPages(pages(3, 4), pages(0, 1, 2, 3, 4))).toEqual([]);
});
