/** The tiers outside the GPU, as this platform has them. */
import { hasStoredPages } from './disk-leftovers';
import { GrowingHostStore } from './growing-host-store';
import type { HostStore, HostStoreShape } from './host-store';

/** An empty store: `limitBytes` of pages in memory, the others on the disk where there is one. Its caller closes it. */
export async function openHostStore(shape: HostStoreShape, limitBytes: number): Promise<HostStore> {
  const store = new GrowingHostStore(shape, limitBytes);
  // A disk that is opened deletes what crashed tabs left there. Where it cannot be fetched now, it is when pages need it.
  if (await hasStoredPages()) await store.grow().catch(() => undefined);
  return store;
}
