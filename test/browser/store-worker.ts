/** Runs in a browser's worker: stores to make, fill and compare, at the command of the test. */
import { openDiskHostStore } from '../../src/offload/disk-host-store';
import type { HostStore, HostStoreShape, PageId } from '../../src/offload/host-store';
import { IndexedDbHostStore } from '../../src/offload/indexeddb-host-store';
import { OpfsHostStore } from '../../src/offload/opfs-host-store';
import { TieredHostStore } from '../../src/offload/tiered-host-store';
import { EngineError } from '../../src/util/errors';
import { expectBytes } from '../support/bytes';
import { hostStoreCases, ids, randomPages, readPages } from '../unit/offload/host-store-cases';
import type { CreateStore } from '../unit/offload/host-store-cases';

const tenPagesBytes = 10 * 6 * 64;

/** The stores that only a browser has. */
export type StoreName = 'IndexedDB' | 'OPFS' | 'memory, then IndexedDB' | 'memory, then OPFS';

const createStore: Record<StoreName, CreateStore> = {
  IndexedDB: async (shape) => new IndexedDbHostStore(shape),
  OPFS: (shape) => OpfsHostStore.open(shape),
  'memory, then IndexedDB': async (shape) =>
    new TieredHostStore(shape, tenPagesBytes, new IndexedDbHostStore(shape)),
  'memory, then OPFS': async (shape) =>
    new TieredHostStore(shape, tenPagesBytes, await OpfsHostStore.open(shape)),
};

const shape: HostStoreShape = { numLayers: 2, numKvHeads: 2, pageBytes: 4096 };
/** Pages of one write: a megabyte. */
const writePages = 256;

let store: HostStore | undefined;
let numWrites = 0;

const pagesOf = (write: number) =>
  ids(...Array.from({ length: writePages }, (_, i) => write * writePages + i));
const bytesOf = (write: number) => randomPages(writePages, write, shape.pageBytes);

async function write(index: number): Promise<void> {
  await store!.write(index & 1, (index >> 1) & 1, pagesOf(index), bytesOf(index));
}

const commands = {
  async run(name: StoreName, caseName: string): Promise<void> {
    await hostStoreCases.find((found) => found.name === caseName)!.run(createStore[name]);
  },

  async open(name: StoreName): Promise<void> {
    store = await createStore[name](shape, 0);
    numWrites = 0;
  },

  /** Opens and closes a store so many times; resolves to the times that it was not in the private file system. */
  async openOften(numTimes: number): Promise<string[]> {
    const warnings: string[] = [];
    for (let time = 0; time < numTimes; time++) {
      await (await openDiskHostStore(shape, (message) => warnings.push(message)))!.close();
    }
    return warnings;
  },

  /** The kind of disk that is chosen here, by the class of its store. */
  async chosenDisk(): Promise<'OPFS' | 'IndexedDB'> {
    const chosen = await openDiskHostStore(shape);
    await chosen?.close();
    return chosen instanceof OpfsHostStore ? 'OPFS' : 'IndexedDB';
  },

  /** Writes megabytes until one is refused, or there are `maxWrites`. */
  async fill(maxWrites: number): Promise<{ numWrites: number; code?: string; message?: string }> {
    for (; numWrites < maxWrites; numWrites++) {
      try {
        await write(numWrites);
      } catch (error) {
        if (!(error instanceof EngineError)) throw error;
        return { numWrites, code: error.code, message: error.message };
      }
    }
    return { numWrites };
  },

  /** Compares all that was stored; resolves to the number of pages. */
  async verify(): Promise<number> {
    for (let index = 0; index < numWrites; index++) {
      const read = await readPages(store!, index & 1, (index >> 1) & 1, pagesOf(index));
      expectBytes(read, bytesOf(index), `write ${index}`);
    }
    const refused = pagesOf(numWrites).filter((id) => store!.has(numWrites & 1, (numWrites >> 1) & 1, id));
    if (refused.length > 0) throw new Error(`Refused pages are there: ${refused.join(' ')}.`);
    return numWrites * writePages;
  },

  /** Drops the pages of all writes but the first. */
  async dropOthers(): Promise<void> {
    for (let index = 1; index < numWrites; index++) store!.drop(pagesOf(index) as Iterable<PageId>);
    numWrites = 1;
  },

  async close(): Promise<void> {
    await store!.close();
  },
};

/** What a test may ask of this worker. */
export type Commands = typeof commands;

self.onmessage = async ({ data }: MessageEvent<{ name: keyof Commands; args: unknown[] }>) => {
  try {
    const answers = commands as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
    self.postMessage({ value: await answers[data.name]!(...data.args) });
  } catch (error) {
    self.postMessage({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
};
