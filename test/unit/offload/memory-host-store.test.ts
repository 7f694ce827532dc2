import { describe, expect, test } from 'vitest';
import type { PageId } from '../../../src/offload/host-store';
import { MemoryHostStore } from '../../../src/offload/memory-host-store';
import { testHostStore } from './host-store-suite';

testHostStore('memory', (shape, limitBytes) => Promise.resolve(new MemoryHostStore(shape, limitBytes)));

describe('the limit of the memory store', () => {
  // A block is larger than an arena's usual size, so every block has an arena of its own.
  const shape = { numLayers: 2, numKvHeads: 1, pageBytes: 10 * 2 ** 20 };
  const page = new Uint8Array(shape.pageBytes);
  const ids = (...values: number[]) => values as PageId[];

  test('a write beyond it says what it needs and stores nothing', () => {
    const store = new MemoryHostStore(shape, 45 * 2 ** 20);
    store.write(0, 0, ids(1), page);
    const two = new Uint8Array(2 * shape.pageBytes);
    expect(() => store.write(0, 0, ids(2, 3), two)).toThrow(/62914560 bytes; kv.hostBytes is 47185920/);
    expect(store.has(0, 0, ids(2)[0]!)).toBe(false);
    expect(store.has(0, 0, ids(1)[0]!)).toBe(true);
    store.write(0, 0, ids(2), page);
    expect(store.hostBytes).toBe(40 * 2 ** 20);
  });

  test('room of dropped pages is used again', () => {
    const store = new MemoryHostStore(shape, 25 * 2 ** 20);
    for (let id = 0; id < 5; id++) {
      store.write(0, 0, ids(id), page);
      store.drop(ids(id));
    }
    expect(store.hostBytes).toBe(20 * 2 ** 20);
    store.close();
    expect(store.hostBytes).toBe(0);
  });
});
