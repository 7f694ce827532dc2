/**
 * The pages of an engine outside the GPU: in memory; on a disk beside it from the moment on at which memory finds no room, be it that
 * the tab grants less than the limit; and those of stored documents, which stay where they are until somebody reads them. What was
 * read goes to memory where that has room for it.
 */
import { assert } from '../util/assert';
import { EngineError } from '../util/errors';
import { listIndex } from './host-store';
import type { HostStore, HostStoreShape, PageId } from './host-store';
import { MemoryHostStore } from './memory-host-store';
import { openDiskTier, type DiskTier } from './open-disk-tier';

/** Where pages of one sequence are kept, in runs of pages of one KV head that are read at once. */
interface PageBacking {
  /** Pages in a run, the last one of a document excepted. */
  readonly pagesPerRun: number;
  /** Pages `[pages of the run, page]` of one list, `layer · numKvHeads + kvHead`. */
  read(list: number, run: number): Promise<Uint8Array>;
  /** None of its pages is needed any more. */
  close(): void;
}

/** The pages of one backing that are still needed, by page of the sequence. */
interface Adoption {
  readonly backing: PageBacking;
  readonly ids: (PageId | undefined)[];
  numLeft: number;
  /** Runs that are being read, by list and run. */
  readonly reading: Map<string, Promise<Uint8Array>>;
}

interface AdoptedPage {
  readonly adoption: Adoption;
  readonly page: number;
}

/** What is other in tests, and who hears of slowness. */
interface BackedHostStoreOptions {
  /** Told when the disk is a slower one than the browser should have. */
  readonly onWarning?: ((message: string) => void) | undefined;
  readonly openDisk?: typeof openDiskTier;
}

/** Holds `limitBytes` of pages in memory and the others on a disk, where the platform has one. */
export class BackedHostStore implements HostStore {
  readonly shape: HostStoreShape;
  readonly #limitBytes: number;
  readonly #memory: MemoryHostStore;
  readonly #openDisk: () => Promise<DiskTier | undefined>;
  /** The memory alone, and later both tiers. */
  #store: HostStore;
  #growing: Promise<void> | undefined;
  #hasGrown = false;
  #isClosed = false;
  /** Writes that wait for the disk: what comes after them waits too, so that the order stays. */
  #numWaiting = 0;
  readonly #adopted = new Map<PageId, AdoptedPage>();

  constructor(
    shape: HostStoreShape,
    limitBytes: number,
    { onWarning, openDisk = openDiskTier }: BackedHostStoreOptions = {},
  ) {
    this.shape = shape;
    this.#limitBytes = limitBytes;
    this.#store = this.#memory = new MemoryHostStore(shape, limitBytes);
    this.#openDisk = () => openDisk(shape, onWarning);
  }

  get hostBytes(): number {
    return this.#store.hostBytes;
  }

  get diskBytes(): number {
    return this.#store.diskBytes;
  }

  get numRoomPages(): number {
    return this.#numWaiting > 0 ? 0 : this.#store.numRoomPages;
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

  /** From now on these logical pages are those of `backing`, from its first on, all layers and heads, until they are dropped. */
  adopt(ids: readonly PageId[], backing: PageBacking): void {
    const adoption: Adoption = { backing, ids: [...ids], numLeft: ids.length, reading: new Map() };
    ids.forEach((id, page) => {
      assert(!this.#adopted.has(id), `page ${id} is kept twice`);
      this.#adopted.set(id, { adoption, page });
    });
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
    const isAway = (id: PageId) => this.#adopted.has(id) && !this.#store.has(layer, kvHead, id);
    if (!ids.some(isAway)) return this.#store.read(layer, kvHead, ids, target);
    const { pageBytes } = this.shape;
    const list = listIndex(this.shape, layer, kvHead);
    const waits = ids.map((id, i) => {
      const part = target.subarray(i * pageBytes, (i + 1) * pageBytes);
      return isAway(id) ? this.#readAdopted(list, id, part) : this.#store.read(layer, kvHead, [id], part);
    });
    return Promise.all(waits.filter((wait) => wait !== undefined)).then(() => undefined);
  }

  has(layer: number, kvHead: number, id: PageId): boolean {
    return this.#adopted.has(id) || this.#store.has(layer, kvHead, id);
  }

  isInMemory(layer: number, kvHead: number, id: PageId): boolean {
    return this.#store.isInMemory(layer, kvHead, id);
  }

  drop(ids: Iterable<PageId>): void {
    const dropped = [...ids];
    for (const id of dropped) {
      const adopted = this.#adopted.get(id);
      if (!adopted) continue;
      this.#adopted.delete(id);
      const { adoption, page } = adopted;
      adoption.ids[page] = undefined;
      if (--adoption.numLeft === 0) adoption.backing.close();
    }
    this.#store.drop(dropped);
    if (this.#numWaiting === 0) return;
    // What waits is written first. Where the disk does not come, it is not written at all.
    void this.#growing?.then(
      () => this.#store.drop(dropped),
      () => undefined,
    );
  }

  close(): Promise<void> | void {
    const backings = new Set([...this.#adopted.values()].map(({ adoption }) => adoption.backing));
    this.#adopted.clear();
    for (const backing of backings) backing.close();
    this.#isClosed = true;
    const closing = this.#store.close();
    if (this.#hasGrown || !this.#growing) return closing;
    return this.#growing.catch(() => undefined);
  }

  async #grow(): Promise<void> {
    const tier = await this.#openDisk();
    if (this.#isClosed) {
      await tier?.disk.close();
      throw closedError();
    }
    // All at once, so that no page comes to memory without the tiers' knowing.
    if (tier) this.#store = new tier.Tiers(this.shape, this.#limitBytes, tier.disk, this.#memory);
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

  async #readAdopted(list: number, id: PageId, target: Uint8Array): Promise<void> {
    const { adoption, page } = this.#adopted.get(id)!;
    const { pagesPerRun } = adoption.backing;
    const bytes = await this.#readRun(adoption, list, Math.floor(page / pagesPerRun));
    const { pageBytes } = this.shape;
    const start = (page % pagesPerRun) * pageBytes;
    target.set(bytes.subarray(start, start + pageBytes));
  }

  /** One read at a time for each run, whoever asks. */
  #readRun(adoption: Adoption, list: number, run: number): Promise<Uint8Array> {
    const name = `${list}:${run}`;
    const known = adoption.reading.get(name);
    if (known) return known;
    const reading = adoption.backing
      .read(list, run)
      .then((bytes) => {
        this.#keep(adoption, list, run, bytes);
        return bytes;
      })
      .finally(() => adoption.reading.delete(name));
    adoption.reading.set(name, reading);
    return reading;
  }

  /** Pages that were read stay in memory where that costs no other page its place. */
  #keep({ ids, backing }: Adoption, list: number, run: number, bytes: Uint8Array): void {
    const { numKvHeads, pageBytes } = this.shape;
    const [layer, kvHead] = [Math.floor(list / numKvHeads), list % numKvHeads];
    const first = run * backing.pagesPerRun;
    for (let i = 0; i < bytes.byteLength / pageBytes; i++) {
      // It may have been dropped while it was read.
      const id = ids[first + i];
      if (id === undefined || this.#store.numRoomPages === 0) continue;
      const page = bytes.subarray(i * pageBytes, (i + 1) * pageBytes);
      // What is not kept is read again.
      Promise.resolve(this.#store.write(layer, kvHead, [id], page)).catch(() => undefined);
    }
  }
}

function closedError(): EngineError {
  return new EngineError('disposed', 'The store was closed before its pages were stored.');
}
