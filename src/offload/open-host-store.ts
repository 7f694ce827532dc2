/** The tiers outside the GPU, as this platform has them. */
import { BackedHostStore } from './backed-host-store';
import { hasStoredPages } from './disk-leftovers';
import { numLists, type HostStoreShape } from './host-store';

/**
 * An empty store of at most `numPages` logical pages: `limitBytes` of them in memory, the others on the disk where there is one.
 * Its caller closes it.
 * @throws EngineError `network` when there may be more pages than memory holds, and what keeps them on the disk cannot be fetched
 */
export async function openHostStore(
  shape: HostStoreShape,
  numPages: number,
  limitBytes: number,
  onWarning?: (message: string) => void,
): Promise<BackedHostStore> {
  const store = new BackedHostStore(shape, limitBytes, { onWarning });
  const mostBytes = numPages * numLists(shape) * shape.pageBytes;
  // A disk that is opened deletes what crashed tabs left there.
  if (mostBytes > limitBytes || (await hasStoredPages())) await store.grow();
  return store;
}
