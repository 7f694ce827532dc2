/** Opens the disk, and what moves pages there: scripts of their own, since most loads never have so many pages. */
import { fetched } from '../util/fetched';
import type { HostStore, HostStoreShape } from './host-store';
import type { TieredHostStore } from './tiered-host-store';

/** An open disk, and what makes one store of it and of memory. */
export interface DiskTier {
  readonly disk: HostStore;
  readonly Tiers: typeof TieredHostStore;
}

/**
 * An empty disk, which belongs to the caller; undefined where the platform has none.
 * @param onWarning told when the disk is a slower one than the browser should have
 * @throws EngineError `network` when the parts cannot be fetched
 */
export async function openDiskTier(
  shape: HostStoreShape,
  onWarning?: (message: string) => void,
): Promise<DiskTier | undefined> {
  const parts = Promise.all([import('./disk-host-store'), import('./tiered-host-store')]);
  const [{ openDiskHostStore }, { TieredHostStore: Tiers }] = await fetched(parts);
  const disk = await openDiskHostStore(shape, onWarning);
  return disk && { disk, Tiers };
}
