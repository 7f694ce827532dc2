/** The disk store on an IndexedDB made of JavaScript; test/browser runs it on a real one. */
import { forceCloseDatabase, IDBFactory, IDBObjectStore } from 'fake-indexeddb';
import 'fake-indexeddb/auto';
import { openDB } from 'idb';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { databasePrefix } from '../../../src/offload/disk-leftovers';
import { IndexedDbHostStore } from '../../../src/offload/indexeddb-host-store';
import { ids, randomPages, readPages } from './host-store-cases';
import { testHostStore } from './host-store-suite';

const shape = { numLayers: 1, numKvHeads: 2, pageBytes: 4096 };

const databaseNames = async () => (await indexedDB.databases()).map(({ name }) => name);

/** As the browser does it when the quota is used up: the request succeeds or not, the transaction is aborted. */
function refuseWrites() {
  return vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
    throw new DOMException('Quota exceeded.', 'QuotaExceededError');
  });
}

beforeEach(() => void (globalThis.indexedDB = new IDBFactory()));
afterEach(() => void vi.restoreAllMocks());

testHostStore('IndexedDB', async (shape) => new IndexedDbHostStore(shape));

describe('records of the IndexedDB store', () => {
  test('a long run is cut, writes of one task share a transaction, and dropped records are deleted', async () => {
    const store = new IndexedDbHostStore(shape, 'cut');
    const puts = vi.spyOn(IDBObjectStore.prototype, 'put');
    const transactions = vi.spyOn(IDBDatabase.prototype, 'transaction');
    const pages = ids(...Array.from({ length: 20 }, (_, i) => i));
    const bytes = randomPages(20, 1, shape.pageBytes);
    await Promise.all([store.write(0, 0, pages, bytes), store.write(0, 1, pages, bytes)]);
    // Whole buffers: what a view does not show would be stored too.
    expect(puts.mock.calls.map(([value]) => (value as Uint8Array).buffer.byteLength / 4096)).toEqual([
      8, 8, 4, 8, 8, 4,
    ]);
    const [, ...afterUpgrade] = transactions.mock.calls;
    expect(afterUpgrade).toEqual([['records', 'readwrite', { durability: 'relaxed' }]]);
    expect(store.diskBytes).toBe(40 * 4096);

    transactions.mockClear();
    await Promise.all([readPages(store, 0, 0, pages), readPages(store, 0, 1, pages)]);
    expect(transactions).toHaveBeenCalledTimes(1);

    store.drop(pages.slice(0, 19));
    await vi.waitFor(() => expect(store.diskBytes).toBe(8 * 4096));
    expect(await readPages(store, 0, 1, pages.slice(19))).toEqual(bytes.slice(19 * 4096));
    await store.close();
  });
});

describe('the database of the IndexedDB store', () => {
  test('is its own, deletes what a crash left, lets others live, and is gone when closed', async () => {
    // A connection that is closed without its database being deleted is what a crash leaves.
    (await openDB(`${databasePrefix}crashed`)).close();
    (await openDB('of somebody else')).close();
    const first = new IndexedDbHostStore(shape, 'first');
    const bytes = randomPages(1, 2, shape.pageBytes);
    await first.write(0, 0, ids(1), bytes);
    const second = new IndexedDbHostStore(shape, 'second');
    await second.write(0, 0, ids(1), randomPages(1, 3, shape.pageBytes));
    await vi.waitFor(async () =>
      expect(await databaseNames()).toEqual([
        'of somebody else',
        `${databasePrefix}first`,
        `${databasePrefix}second`,
      ]),
    );
    await first.write(0, 0, ids(2), bytes);
    expect(await readPages(first, 0, 0, ids(1))).toEqual(bytes);
    await Promise.all([first.close(), second.close()]);
    expect(await databaseNames()).toEqual(['of somebody else']);
  });
});

describe('failures of the IndexedDB store', () => {
  test('a refused write names its bytes, changes nothing, and the next may succeed', async () => {
    const store = new IndexedDbHostStore(shape, 'refused');
    const kept = randomPages(2, 4, shape.pageBytes);
    await store.write(0, 0, ids(1, 2), kept);
    const refusal = refuseWrites();
    const write = store.write(0, 0, ids(2, 3), randomPages(2, 5, shape.pageBytes));
    await expect(write).rejects.toMatchObject({
      code: 'storage-quota',
      message: expect.stringContaining('need 8192 bytes on the disk beside the 8192 there') as string,
    });
    expect(store.has(0, 0, ids(3)[0]!)).toBe(false);
    expect(await readPages(store, 0, 0, ids(1, 2))).toEqual(kept);
    refusal.mockRestore();
    await store.write(0, 0, ids(3), kept.slice(0, 4096));
    expect(await readPages(store, 0, 0, ids(3))).toEqual(kept.slice(0, 4096));
    await store.close();
  });

  test('the sentence has the estimate where the browser gives one', async () => {
    vi.stubGlobal('navigator', { storage: { estimate: async () => ({ quota: 1000, usage: 900 }) } });
    const store = new IndexedDbHostStore(shape, 'estimate');
    refuseWrites();
    await expect(store.write(0, 0, ids(1), randomPages(1, 6, shape.pageBytes))).rejects.toThrow(
      "By the browser's estimate this site uses 900 of 1000 bytes.",
    );
    vi.unstubAllGlobals();
    await store.close();
  });

  test('deletions that fail are tried again', async () => {
    const store = new IndexedDbHostStore(shape, 'deletions');
    await store.write(0, 0, ids(1), randomPages(1, 7, shape.pageBytes));
    const failure = vi.spyOn(IDBObjectStore.prototype, 'delete').mockImplementation(() => {
      throw new DOMException('The disk does not answer.', 'UnknownError');
    });
    store.drop(ids(1));
    await vi.waitFor(() => expect(failure).toHaveBeenCalled());
    expect(store.diskBytes).toBe(4096);
    failure.mockRestore();
    await store.write(0, 0, ids(2), randomPages(1, 8, shape.pageBytes));
    expect(store.diskBytes).toBe(4096);
    await store.close();
  });

  test('where there is no IndexedDB, writes say so', async () => {
    vi.stubGlobal('indexedDB', undefined);
    const store = new IndexedDbHostStore(shape, 'nowhere');
    const write = store.write(0, 0, ids(1), randomPages(1, 9, shape.pageBytes));
    await expect(write).rejects.toMatchObject({ code: 'storage-quota' });
    await store.close();
    vi.unstubAllGlobals();
  });

  test('a database that the browser closes is lost: reads and writes say so', async () => {
    const opened = vi.spyOn(IDBDatabase.prototype, 'transaction');
    const store = new IndexedDbHostStore(shape, 'lost');
    await store.write(0, 0, ids(1), randomPages(1, 10, shape.pageBytes));
    forceCloseDatabase(opened.mock.contexts[0] as Parameters<typeof forceCloseDatabase>[0]);
    await vi.waitFor(() => expect(store.has(0, 0, ids(1)[0]!)).toBe(false));
    await expect(readPages(store, 0, 0, ids(1))).rejects.toMatchObject({ code: 'storage-lost' });
    await expect(store.write(0, 0, ids(2), new Uint8Array(4096))).rejects.toMatchObject({
      code: 'storage-lost',
    });
    await store.close();
  });
});
