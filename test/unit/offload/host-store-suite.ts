/** What every HostStore must do; run by the test of each implementation. */
import { describe, expect, test } from 'vitest';
import type { HostStore, HostStoreShape, PageId } from '../../../src/offload/host-store';
import { randomSource } from '../../support/random';

const shape: HostStoreShape = { numLayers: 3, numKvHeads: 2, pageBytes: 64 };

const ids = (...values: number[]) => values as PageId[];

function randomPages(numPages: number, seed: number): Uint8Array {
  const next = randomSource(seed);
  return Uint8Array.from({ length: numPages * shape.pageBytes }, () => Math.floor(next() * 256));
}

async function readPages(
  store: HostStore,
  layer: number,
  kvHead: number,
  pages: PageId[],
): Promise<Uint8Array> {
  const target = new Uint8Array(pages.length * shape.pageBytes);
  await store.read(layer, kvHead, pages, target);
  return target;
}

/** @param create makes an empty store that may hold at most `limitBytes` */
export function testHostStore(
  name: string,
  create: (shape: HostStoreShape, limitBytes: number) => Promise<HostStore>,
): void {
  describe(name, () => {
    const roomy = () => create(shape, 2 ** 30);

    test('gives back what was written, bit by bit, in any order and grouping', async () => {
      const store = await roomy();
      const bytes = randomPages(4, 1);
      await store.write(1, 0, ids(7, 3), bytes.slice(0, 2 * shape.pageBytes));
      await store.write(1, 0, ids(900, 4), bytes.slice(2 * shape.pageBytes));
      expect(await readPages(store, 1, 0, ids(7, 3, 900, 4))).toEqual(bytes);
      expect(await readPages(store, 1, 0, ids(4))).toEqual(bytes.slice(3 * shape.pageBytes));
      store.close();
    });

    test('keeps layers and heads apart', async () => {
      const store = await roomy();
      const one = randomPages(1, 2);
      const other = randomPages(1, 3);
      await store.write(0, 1, ids(5), one);
      await store.write(2, 0, ids(5), other);
      expect(await readPages(store, 0, 1, ids(5))).toEqual(one);
      expect(await readPages(store, 2, 0, ids(5))).toEqual(other);
      expect(store.has(0, 1, ids(5)[0]!)).toBe(true);
      expect(store.has(0, 0, ids(5)[0]!)).toBe(false);
      store.close();
    });

    test('keeps a copy: the caller may change its bytes afterwards', async () => {
      const store = await roomy();
      const bytes = randomPages(1, 4);
      const before = bytes.slice();
      await store.write(0, 0, ids(1), bytes);
      bytes.fill(0);
      expect(await readPages(store, 0, 0, ids(1))).toEqual(before);
      store.close();
    });

    test('writing again replaces', async () => {
      const store = await roomy();
      await store.write(0, 0, ids(1), randomPages(1, 5));
      const second = randomPages(1, 6);
      await store.write(0, 0, ids(1), second);
      expect(await readPages(store, 0, 0, ids(1))).toEqual(second);
      store.close();
    });

    test('a dropped page is gone in all layers, the others stay', async () => {
      const store = await roomy();
      const kept = randomPages(1, 7);
      await store.write(0, 0, ids(1), randomPages(1, 8));
      await store.write(2, 1, ids(1), randomPages(1, 9));
      await store.write(0, 0, ids(2), kept);
      store.drop(ids(1, 77));
      expect(store.has(0, 0, ids(1)[0]!)).toBe(false);
      expect(store.has(2, 1, ids(1)[0]!)).toBe(false);
      expect(await readPages(store, 0, 0, ids(2))).toEqual(kept);
      store.close();
    });

    test('a dropped page that is written anew has no old parts', async () => {
      const store = await roomy();
      await store.write(0, 0, ids(1), randomPages(1, 10));
      store.drop(ids(1));
      await store.write(1, 1, ids(1), randomPages(1, 11));
      expect(store.has(0, 0, ids(1)[0]!)).toBe(false);
      store.close();
    });
  });
}
