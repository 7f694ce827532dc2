/**
 * Pages in memory, and on a disk as well: what keeps pages there is a part of the library that many loads never need. Who opens
 * the store knows whether memory can be too small, and then lets it grow at once, while there is a network. Where memory is too
 * small all the same, because the tab grants less, it grows when a page finds no room.
 */
import { EngineError } from '../util/errors';
import { fetched } from '../util/fetched';
import type { openDiskHostStore } from './disk-host-store';
import type { HostStore, HostStoreShape, PageId } from './host-store';
import { MemoryHostStore } from './memory-host-store';
import type { TieredHostStore } from './tiered-host-store';

/** What keeps pages on a disk, and what moves them there. */
export interface DiskTier {
  readonly openDiskHostStore: typeof openDiskHostStore;
  readonly TieredHostStore: typeof TieredHostStore;
}

/** The disk's parts are scripts of their own, since most loads never have so many pages. */
async function fetchDiskTier(): Promise<DiskTier> {
  const parts = Promise.all([import('./disk-host-store'), import('./tiered-host-store')]);
  const [{ openDiskHostStore }, { TieredHostStore }] = await fetched(parts);
  return { openDiskHostStore, TieredHostStore };
}

/** Holds `limitBytes` of pages in memory and the others on a disk, where the platform has one. */
export class GrowingHostStore implements HostStore {
  readonly shape: HostStoreShape;
  readonly #limitBytes: number;
  readonly #onWarning: (message: string) => void;
  readonly #fetchTier: () => Promise<DiskTier>;
  readonly #memory: MemoryHostStore;
  /** The memory alone, and later both tiers. */
  #store: HostStore;
  #growing: Promise<void> | undefined;
  #hasGrown = false;
  #isClosed = false;
  /** Writes that wait for the disk: what comes after them waits too, so that the order stays. */
  #numWaiting = 0;

  /** @param onWarning told when the disk tier is a slower one than the browser should have */
  constructor(
    shape: HostStoreShape,
    limitBytes: number,
    fetchTier = fetchDiskTier,
    onWarning: (message: string) => void = () => undefined,
  ) {
    this.shape = shape;
    this.#limitBytes = limitBytes;
    this.#onWarning = onWarning;
    this.#fetchTier = fetchTier;
    this.#memory = new MemoryHostStore(shape, limitBytes);
    this.#store = this.#memory;
  }

  get hostBytes(): number {
    return this.#store.hostBytes;
  }

  get numRoomPages(): number {
    return this.#numWaiting > 0 ? 0 : this.#store.numRoomPages;
  }

  get diskBytes(): number {
    return this.#store.diskBytes;
  }

  /**
   * Opens the disk, once.
   * @throws EngineError `network` when that part of the library cannot be fetched, `disposed`
   */
  grow(): Promise<void> {
    return (this.#growing ??= this.#grow().catch((error: unknown) => {
      this.#growing = undefined;
      throw error;
    }));
  }

  /** @throws EngineError `network` too, where there is no room without a disk and that part cannot be fetched */
  write(layer: number, kvHead: number, ids: readonly PageId[], bytes: Uint8Array): Promise<void> | void {
    if (this.#numWaiting > 0) return this.#writeLater(layer, kvHead, ids, bytes);
    try {
      return this.#store.write(layer, kvHead, ids, bytes);
    } catch (error) {
      if (this.#hasGrown || !(error instanceof EngineError && error.code === 'host-memory')) throw error;
      return this.#writeLater(layer, kvHead, ids, bytes);
    }
  }

  read(layer: number, kvHead: number, ids: readonly PageId[], target: Uint8Array): Promise<void> | void {
    return this.#store.read(layer, kvHead, ids, target);
  }

  has(layer: number, kvHead: number, id: PageId): boolean {
    return this.#store.has(layer, kvHead, id);
  }

  isInMemory(layer: number, kvHead: number, id: PageId): boolean {
    return this.#store.isInMemory(layer, kvHead, id);
  }

  drop(ids: Iterable<PageId>): void {
    const dropped = [...ids];
    this.#store.drop(dropped);
    if (this.#numWaiting === 0) return;
    // What waits is written first. Where the disk does not come, it is not written at all.
    void this.#growing?.then(
      () => this.#store.drop(dropped),
      () => undefined,
    );
  }

  close(): Promise<void> | void {
    this.#isClosed = true;
    const closing = this.#store.close();
    if (this.#hasGrown || !this.#growing) return closing;
    return this.#growing.catch(() => undefined);
  }

  async #grow(): Promise<void> {
    const { openDiskHostStore, TieredHostStore } = await this.#fetchTier();
    const disk = await openDiskHostStore(this.shape, this.#onWarning);
    if (this.#isClosed) {
      await disk?.close();
      throw closedError();
    }
    // All at once, so that no page comes to memory without the tiers' knowing.
    if (disk) this.#store = new TieredHostStore(this.shape, this.#limitBytes, disk, this.#memory);
    this.#hasGrown = true;
  }

  async #writeLater(...write: Parameters<HostStore['write']>): Promise<void> {
    let writing: Promise<void> | void;
    this.#numWaiting++;
    try {
      await this.grow();
      if (this.#isClosed) throw closedError();
      writing = this.#store.write(...write);
    } finally {
      this.#numWaiting--;
    }
    // The tiers keep the order from here on: who comes next need not wait for this.
    await writing;
  }
}

function closedError(): EngineError {
  return new EngineError('disposed', 'The store was closed before its pages were stored.');
}
