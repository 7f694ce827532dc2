/** Owners of slots are counted exactly, and misuse is a broken invariant, never a silent one. */
import { expect, test } from 'vitest';
import type { Slot } from '../../../src/cache/page';
import { PagePool } from '../../../src/cache/page-pool';
import { randomSource } from '../../../tools/util/random';

test('gives every slot once and says when none is left', () => {
  const pool = new PagePool(5);
  const slots = Array.from({ length: 5 }, () => pool.allocate());
  expect([...slots].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4]);
  expect(pool.numFree).toBe(0);
  expect(() => pool.allocate()).toThrow('Longpage invariant broken: the page pool has no free slot');
});

test('a slot is free again after its last owner, not before', () => {
  const pool = new PagePool(1);
  const slot = pool.allocate();
  pool.share(slot);
  pool.share(slot);
  expect([pool.numOwners(slot), pool.isShared(slot)]).toEqual([3, true]);
  pool.release(slot);
  pool.release(slot);
  expect([pool.numOwners(slot), pool.isShared(slot), pool.numFree]).toEqual([1, false, 0]);
  pool.release(slot);
  expect([pool.numOwners(slot), pool.numFree]).toEqual([0, 1]);
  expect(pool.allocate()).toBe(slot);
  expect(pool.numOwners(slot)).toBe(1);
});

test('a free slot can be neither released nor shared', () => {
  const pool = new PagePool(2);
  const slot = pool.allocate();
  pool.release(slot);
  expect(() => pool.release(slot)).toThrow(`slot ${slot} released while free`);
  expect(() => pool.share(slot)).toThrow(`slot ${slot} is shared while free`);
  expect(() => pool.release(7 as Slot)).toThrow('slot 7 released while free');
  expect(pool.numFree).toBe(2);
});

test('counts as a plain model does through a random life', () => {
  const pool = new PagePool(12);
  const owners = new Map<Slot, number>();
  const random = randomSource(5);
  for (let i = 0; i < 2000; i++) {
    const slots = [...owners.keys()];
    const slot = slots[Math.floor(random() * slots.length)];
    const choice = random();
    if (choice < 0.35 && slots.length < 12) owners.set(pool.allocate(), 1);
    else if (choice < 0.55 && slot !== undefined) {
      pool.share(slot);
      owners.set(slot, owners.get(slot)! + 1);
    } else if (slot !== undefined) {
      pool.release(slot);
      const left = owners.get(slot)! - 1;
      if (left > 0) owners.set(slot, left);
      else owners.delete(slot);
    }
    expect(pool.numFree).toBe(12 - owners.size);
    for (let s = 0; s < 12; s++) expect(pool.numOwners(s as Slot)).toBe(owners.get(s as Slot) ?? 0);
  }
});
