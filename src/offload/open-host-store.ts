/** The tiers outside the GPU, as this platform has them. */
import { openDiskHostStore } from './disk-host-store';
import type { HostStore, HostStoreShape } from './host-store';
import { MemoryHostStore } from './memory-host-store';
import { TieredHostStore } from './tiered-host-store';

/** An empty store: `limitBytes` of pages in memory, the others on the disk where there is one. Its caller closes it. */
export async function openHostStore(shape: HostStoreShape, limitBytes: number): Promise<HostStore> {
  const disk = await openDiskHostStore(shape);
  return disk ? new TieredHostStore(shape, limitBytes, disk) : new MemoryHostStore(shape, limitBytes);
}
