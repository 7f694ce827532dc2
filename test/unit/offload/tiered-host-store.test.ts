/** Memory before a disk: the suite on several disks and sizes, and what only the two together do. */
import { IDBFactory } from 'fake-indexeddb';
import 'fake-indexeddb/auto';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { HostStore, HostStoreShape, PageId } from '../../../src/offload/host-store';
import { IndexedDbHostStore } from '../../../src/offload/indexeddb-host-store';
import { MemoryHostStore } from '../../../src/offload/memory-host-store';
import { TieredHostStore } from '../../../src/offload/tiered-host-store';
import { EngineError } from '../../../src/util/errors';
import { expectBytes } from '../../support/bytes';
import { ids, randomPages, readPages } from './host-store-cases';
import { testHostStore } from './host-store-suite';

/** A disk of memory that can be told to refuse writes, or to hold them up. */
class TestDisk implements HostStore {
  readonly shape: HostStoreShape;
  readonly hostBytes = 0;
  readonly numRoomPages = 0;
  isFull = false;
  /** Pages that were written, in order, call by call. */
  readonly written: PageId[][] = [];
  /** Writes wait for this. */
  gate: Promise<void> | undefined;
  readonly #store: MemoryHostStore;
  #isClosed = false;
  readonly #dropped = new Map<PageId, number>();

  constructor(shape: HostStoreShape) {
    this.shape = shape;
    this.#store = new MemoryHostStore(shape, 2 ** 30);
  }

  get diskBytes(): number {
    return this.#store.hostBytes;
  }

  async write(layer: number, kvHead: number, pages: readonly PageId[], bytes: Uint8Array): Promise<void> {
    const numDrops = pages.map((id) => this.#dropped.get(id));
    await this.gate;
    if (this.#isClosed) throw new EngineError('disposed', 'The disk is closed.');
    if (this.isFull)
      throw new EngineError('storage-quota', `Pages need ${bytes.byteLength} bytes on the disk.`);
    this.written.push([...pages]);
    pages.forEach((id, i) => {
      if (this.#dropped.get(id) !== numDrops[i]) return;
      const { pageBytes } = this.shape;
      this.#store.write(layer, kvHead, [id], bytes.subarray(i * pageBytes, (i + 1) * pageBytes));
    });
  }

  async read(layer: number, kvHead: number, pages: readonly PageId[], target: Uint8Array): Promise<void> {
    this.#store.read(layer, kvHead, pages, target);
  }

  has(layer: number, kvHead: number, id: PageId): boolean {
    return this.#store.has(layer, kvHead, id);
  }

  isInMemory(): boolean {
    return false;
  }

  drop(pages: Iterable<PageId>): void {
    for (const id of pages) {
      this.#dropped.set(id, (this.#dropped.get(id) ?? 0) + 1);
      this.#store.drop([id]);
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#store.close();
  }
}

beforeEach(() => void (globalThis.indexedDB = new IDBFactory()));

afterEach(() => void vi.unstubAllGlobals());

const blockBytes = 6 * 64;
for (const numBlocks of [0, 1, 10, 1000]) {
  testHostStore(
    `memory for ${numBlocks} pages, then IndexedDB`,
    async (shape) => new TieredHostStore(shape, numBlocks * blockBytes, new IndexedDbHostStore(shape)),
  );
}
testHostStore(
  'memory for 10 pages, then a disk that answers at once',
  async (shape) => new TieredHostStore(shape, 10 * blockBytes, new MemoryHostStore(shape, 2 ** 30)),
);

describe('memory for 8 pages, then a disk', () => {
  // One page is more than what is moved at once: pages move one by one.
  const shape = { numLayers: 2, numKvHeads: 1, pageBytes: 3 * 2 ** 20 };
  const limitBytes = 8 * 6 * 2 ** 20;
  let disk: TestDisk;
  let store: TieredHostStore;
  beforeEach(() => {
    disk = new TestDisk(shape);
    store = new TieredHostStore(shape, limitBytes, disk);
  });

  const page = (seed: number) => new Uint8Array(shape.pageBytes).fill(seed);
  const write = (id: number, layer = 0) => store.write(layer, 0, ids(id), page(id));
  /** Writes pages that memory takes at once. */
  const fill = (firstId: number, lastId: number) => {
    for (let id = firstId; id <= lastId; id++) expect(write(id)).toBeUndefined();
  };
  /** Holds up the writes of the disk until the function that it returns is called. */
  const closeGate = () => {
    let open: (() => void) | undefined;
    disk.gate = new Promise((resolve) => (open = resolve));
    return () => open!();
  };
  const movesEnd = (numWrites: number) => vi.waitFor(() => expect(disk.written.length).toBe(numWrites));
  /** Resolves when everything that was promised has gone on as far as it can. */
  const settle = () => new Promise((resolve) => setTimeout(resolve));

  async function expectPage(id: number): Promise<void> {
    expect((await readPages(store, 0, 0, ids(id))).every((byte) => byte === id)).toBe(true);
  }

  test('nothing moves while there is room', async () => {
    fill(1, 6);
    await settle();
    expect(disk.written).toEqual([]);
    expect(store.hostBytes).toBeLessThanOrEqual(limitBytes);
  });

  test('the least recently used move before memory is full, and later writes take their room', async () => {
    fill(1, 6);
    await expectPage(1);
    fill(7, 7);
    await movesEnd(1);
    expect(disk.written).toEqual([ids(2)]);
    for (let id = 8; id <= 12; id++) {
      expect(write(id)).toBeUndefined();
      await settle();
    }
    expect(store.hostBytes).toBe(limitBytes);
    for (let id = 1; id <= 12; id++) await expectPage(id);
  });

  test('what memory has no room for goes to the disk by itself', async () => {
    const open = closeGate();
    fill(1, 8);
    const ninth = write(9);
    expect(ninth).toBeInstanceOf(Promise);
    expect(store.has(0, 0, ids(9)[0]!)).toBe(false);
    open();
    await ninth;
    for (let id = 1; id <= 9; id++) await expectPage(id);
  });

  test('a page that is written while it moves keeps the later bytes, and moves again', async () => {
    const open = closeGate();
    fill(1, 7);
    expect(store.write(0, 0, ids(1), page(99))).toBeUndefined();
    open();
    await movesEnd(2);
    expect(disk.written).toEqual([ids(1), ids(2)]);
    for (let id = 8; id <= 20; id++) {
      await write(id);
      await settle();
    }
    expect((await readPages(store, 0, 0, ids(1)))[0]).toBe(99);
  });

  test('a page that is dropped while it moves stays dropped', async () => {
    const open = closeGate();
    fill(1, 7);
    store.drop(ids(1));
    open();
    await settle();
    expect(store.has(0, 0, ids(1)[0]!)).toBe(false);
  });

  test('parts of a page may lie in different tiers', async () => {
    fill(1, 7);
    await movesEnd(1);
    fill(8, 9);
    await settle();
    expect(disk.has(0, 0, ids(1)[0]!)).toBe(true);
    await write(1, 1);
    await expectPage(1);
    expect((await readPages(store, 1, 0, ids(1)))[0]).toBe(1);
    store.drop(ids(1));
    expect([store.has(0, 0, ids(1)[0]!), store.has(1, 0, ids(1)[0]!)]).toEqual([false, false]);
  });

  test('pages come back into memory when others leave it', async () => {
    for (let id = 1; id <= 12; id++) {
      await write(id);
      await settle();
    }
    const target = new Uint8Array(shape.pageBytes);
    expect(store.read(0, 0, ids(1), target)).toBeInstanceOf(Promise);
    await settle();
    store.drop(ids(11, 12));
    await store.read(0, 0, ids(1), target);
    expect(store.read(0, 0, ids(1), target)).toBeUndefined();
    await expectPage(1);
  });

  test('a full disk: memory goes on to its limit, then the error has the numbers, and nothing stored is lost', async () => {
    disk.isFull = true;
    for (let id = 1; id <= 8; id++) {
      expect(write(id)).toBeUndefined();
      await settle();
    }
    expect(store.moveError).toMatchObject({ code: 'storage-quota' });
    await expect(write(9)).rejects.toMatchObject({
      code: 'storage-quota',
      message: `Memory for pages is full: ${limitBytes} bytes of kv.hostBytes = ${limitBytes}. Pages need 3145728 bytes on the disk.`,
    });
    expect(store.has(0, 0, ids(9)[0]!)).toBe(false);
    for (let id = 1; id <= 8; id++) await expectPage(id);
    // A page in memory may still be written, and room that comes free may be used.
    expect(write(1, 1)).toBeUndefined();
    store.drop(ids(2));
    expect(write(9)).toBeUndefined();
    disk.isFull = false;
    store.drop(ids(3));
    await write(10);
    await vi.waitFor(() => expect(disk.written.length).toBeGreaterThan(0));
    expect(store.moveError).toBeUndefined();
    for (const id of [1, 4, 5, 6, 7, 8, 9, 10]) await expectPage(id);
  });

  /** From now on the tab grants no more than a page at once. */
  const refuseMemory = () =>
    vi.stubGlobal(
      'Uint8Array',
      class extends Uint8Array {
        constructor(length: number) {
          if (length > shape.pageBytes) throw new RangeError('Array buffer allocation failed');
          super(length);
        }
      },
    );

  test('a tab that grants less memory than the limit still has its disk', async () => {
    const small = new TieredHostStore(shape, 2 ** 52, disk);
    refuseMemory();
    const bytes = new Uint8Array(shape.pageBytes).fill(5);
    const open = closeGate();
    const writing = small.write(0, 0, ids(5), bytes);
    vi.unstubAllGlobals();
    open();
    await writing;
    expect(small.hostBytes).toBe(0);
    expectBytes(await readPages(small, 0, 0, ids(5)), bytes, 'page 5');
  });

  test('where a tab grants no more, the least recently used leave what it has for new pages', async () => {
    const small = new TieredHostStore(shape, 2 ** 52, disk);
    for (const id of [1, 2]) expect(small.write(0, 0, ids(id), page(id))).toBeUndefined();
    refuseMemory();
    const bytes = page(3);
    const open = closeGate();
    const writing = small.write(0, 0, ids(3), bytes);
    vi.unstubAllGlobals();
    open();
    await writing;
    await movesEnd(3);
    await settle();
    expect(small.write(0, 0, ids(4), page(4))).toBeUndefined();
    expect([1, 2, 3, 4].filter((id) => small.isInMemory(0, 0, ids(id)[0]!))).toEqual([2, 4]);
    for (const id of [1, 2, 3, 4]) {
      expectBytes(await readPages(small, 0, 0, ids(id)), page(id), `page ${id}`);
    }
  });

  test('closing while pages move ends quietly', async () => {
    const open = closeGate();
    fill(1, 7);
    await store.close();
    open();
    await settle();
    expect(store.hostBytes + store.diskBytes).toBe(0);
  });
});

test('seeded pages of many logical pages come back from memory and IndexedDB together', async () => {
  const shape = { numLayers: 2, numKvHeads: 2, pageBytes: 4096 };
  const store = new TieredHostStore(shape, 64 * 4 * 4096, new IndexedDbHostStore(shape));
  const pages = ids(...Array.from({ length: 200 }, (_, i) => i));
  const bytes = [0, 1, 2, 3].map((list) => randomPages(200, list, 4096));
  for (let start = 0; start < 200; start += 20) {
    await Promise.all(
      bytes.map(async (all, list) =>
        store.write(
          list >> 1,
          list & 1,
          pages.slice(start, start + 20),
          all.slice(start * 4096, (start + 20) * 4096),
        ),
      ),
    );
  }
  expect(store.hostBytes).toBe(64 * 4 * 4096);
  expect(store.diskBytes).toBeGreaterThanOrEqual(136 * 4 * 4096);
  const read = await Promise.all(bytes.map((_, list) => readPages(store, list >> 1, list & 1, pages)));
  for (const [list, all] of bytes.entries()) expectBytes(read[list]!, all, `list ${list}`);
  await store.close();
});
