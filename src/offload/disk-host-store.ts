/** Chooses the disk tier: the private file system where there is one, else IndexedDB. */
import type { HostStore, HostStoreShape } from './host-store';
import { OpfsHostStore } from './opfs-host-store';
import { asError } from '../util/errors';
import { fetched } from '../util/fetched';

/**
 * An empty store on the disk, gone when it is closed; undefined where a platform has no storage, like Node. Opening it never
 * fails: a browser that refuses every kind of storage says so when pages are written.
 * @param onWarning told where the browser has a private file system that cannot be used, which makes the tier far slower
 */
export async function openDiskHostStore(
  shape: HostStoreShape,
  onWarning: (message: string) => void = () => undefined,
): Promise<HostStore | undefined> {
  // Measured in Chromium (test/bench/host-stores.ts), the file reads 23 times as fast as IndexedDB, scattered pages 11 times,
  // and writes 4 to 17 times. In a private window it is the other way round for scattered pages, but no call tells which.
  const { indexedDB, navigator } = globalThis as {
    indexedDB?: IDBFactory;
    navigator?: { storage?: Partial<StorageManager> };
  };
  return OpfsHostStore.open(shape).catch(async (error: unknown) => {
    if (!indexedDB) return undefined;
    if (navigator?.storage?.getDirectory) {
      const reason = asError(asError(error).cause).message;
      onWarning(`Pages go to IndexedDB, which is many times slower than the private file system: ${reason}`);
    }
    const { IndexedDbHostStore } = await fetched(import('./indexeddb-host-store'));
    return new IndexedDbHostStore(shape);
  });
}
