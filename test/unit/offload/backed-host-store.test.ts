import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { BackedHostStore } from '../../../src/offload/backed-host-store';
import { MemoryHostStore } from '../../../src/offload/memory-host-store';
import { openHostStore } from '../../../src/offload/open-host-store';
import { TieredHostStore } from '../../../src/offload/tiered-host-store';
import { EngineError } from '../../../src/util/errors';
import { ids, randomPages, readPages } from './host-store-cases';
import { testHostStore } from './host-store-suite';

beforeEach(() => void (globalThis.indexedDB = new IDBFactory()));
afterEach(() => void vi.unstubAllGlobals());

const blockBytes = 6 * 64;
for (const numBlocks of [0, 1, 10, 1000]) {
  testHostStore(
    `memory for ${numBlocks} pages that grows`,
    async (shape) => new BackedHostStore(shape, numBlocks * blockBytes),
  );
}

const shape = { numLayers: 1, numKvHeads: 1, pageBytes: 64 };
/** Memory for eight pages. */
const limitBytes = 8 * shape.pageBytes;
const page = (seed: number) => randomPages(1, seed, shape.pageBytes);
const settle = () => new Promise((resolve) => setTimeout(resolve));

/** A disk that answers at once, and holds up its opening until `arrive` is called. */
function lateTier() {
  const disk = new MemoryHostStore(shape, 2 ** 20);
  const close = vi.spyOn(disk, 'close');
  let arrive: (() => void) | undefined;
  const arrival = new Promise<void>((resolve) => (arrive = resolve));
  const openDisk = vi.fn(async () => {
    await arrival;
    return { disk, Tiers: TieredHostStore };
  });
  return { disk, close, openDisk, arrive: () => arrive!() };
}

const networkError = new EngineError('network', 'No network.');

describe('memory for 8 pages', () => {
  test('the disk is fetched once, when a page finds no room, and not before', async () => {
    const { openDisk, arrive } = lateTier();
    arrive();
    const store = new BackedHostStore(shape, limitBytes, { openDisk });
    for (let id = 0; id < 8; id++) expect(store.write(0, 0, ids(id), page(id))).toBeUndefined();
    expect(openDisk).not.toHaveBeenCalled();
    for (let id = 8; id < 40; id++) await store.write(0, 0, ids(id), page(id));
    expect(openDisk).toHaveBeenCalledTimes(1);
    expect(store.hostBytes).toBe(limitBytes);
    for (let id = 0; id < 40; id++) expect(await readPages(store, 0, 0, ids(id))).toEqual(page(id));
    await store.close();
  });

  test('it may grow at any time, and has its pages from before', async () => {
    const { disk, openDisk, arrive } = lateTier();
    const store = new BackedHostStore(shape, limitBytes, { openDisk });
    for (let id = 0; id < 3; id++) await store.write(0, 0, ids(id), page(id));
    const growing = [store.grow(), store.grow()];
    for (let id = 3; id < 8; id++) expect(store.write(0, 0, ids(id), page(id))).toBeUndefined();
    arrive();
    await Promise.all(growing);
    expect(openDisk).toHaveBeenCalledTimes(1);
    for (let id = 8; id < 20; id++) await store.write(0, 0, ids(id), page(id));
    for (let id = 0; id < 20; id++) expect(await readPages(store, 0, 0, ids(id))).toEqual(page(id));
    expect(disk.hostBytes).toBeGreaterThan(0);
    await store.close();
  });

  test('what has no room waits for the disk, and what comes after it too', async () => {
    const { disk, openDisk, arrive } = lateTier();
    const store = new BackedHostStore(shape, limitBytes, { openDisk });
    for (let id = 0; id < 8; id++) await store.write(0, 0, ids(id), page(id));
    const writes = [8, 9, 1].map((id) => store.write(0, 0, ids(id), page(10 * id)) as Promise<void>);
    for (const write of writes) expect(write).toBeInstanceOf(Promise);
    store.drop(ids(9));
    expect(store.numRoomPages).toBe(0);
    expect(store.has(0, 0, ids(8)[0]!)).toBe(false);
    arrive();
    await Promise.all(writes);
    await settle();
    expect(store.has(0, 0, ids(9)[0]!)).toBe(false);
    expect(disk.hostBytes).toBeGreaterThan(0);
    for (const id of [8, 1]) expect(await readPages(store, 0, 0, ids(id))).toEqual(page(10 * id));
    await store.close();
  });

  test('a disk that cannot be fetched fails who finds no room, and is tried again by the next', async () => {
    const { openDisk, arrive } = lateTier();
    arrive();
    openDisk.mockRejectedValueOnce(networkError);
    const store = new BackedHostStore(shape, limitBytes, { openDisk });
    for (let id = 0; id < 5; id++) await store.write(0, 0, ids(id), page(id));
    const bytes = randomPages(4, 6, shape.pageBytes);
    await expect(store.write(0, 0, ids(5, 6, 7, 8), bytes)).rejects.toBe(networkError);
    expect(store.has(0, 0, ids(5)[0]!)).toBe(false);
    await store.write(0, 0, ids(5, 6, 7, 8), bytes);
    expect(await readPages(store, 0, 0, ids(5, 6, 7, 8))).toEqual(bytes);
    await store.close();
  });

  test('closed before the disk has come: nothing is left behind', async () => {
    const { close, openDisk, arrive } = lateTier();
    const store = new BackedHostStore(shape, 0, { openDisk });
    const write = store.write(0, 0, ids(1), page(1)) as Promise<void>;
    const closing = store.close();
    arrive();
    await expect(write).rejects.toMatchObject({ code: 'disposed' });
    await closing;
    expect(close).toHaveBeenCalledTimes(1);
  });
});

test('where there is no disk, memory is all there is', async () => {
  vi.stubGlobal('indexedDB', undefined);
  const store = new BackedHostStore(shape, 64);
  await store.write(0, 0, ids(1), page(1));
  await expect(async () => store.write(0, 0, ids(2), page(2))).rejects.toMatchObject({ code: 'host-memory' });
  expect(await readPages(store, 0, 0, ids(1))).toEqual(page(1));
  await store.close();
});

test('a store grows when it is opened where it may have more pages than memory holds, and else not', async () => {
  const roomy = await openHostStore(shape, 8, limitBytes);
  const open = vi.spyOn(TieredHostStore.prototype, 'write');
  await roomy.write(0, 0, ids(1), page(1));
  expect(open).not.toHaveBeenCalled();
  await roomy.close();
  const small = await openHostStore(shape, 9, limitBytes);
  await small.write(0, 0, ids(1), page(1));
  expect(open).toHaveBeenCalledTimes(1);
  await small.close();
});
