/**
 * Pages in memory up to a limit, then on a disk: new pages go to memory, and while it fills, the least recently used move
 * to the disk in the background. How either tier keeps its pages is its own affair.
 */
import { EngineError } from '../util/errors';
import { ceilDiv } from '../util/math';
import { numLists } from './host-store';
import type { HostStore, HostStoreShape, PageId } from './host-store';
import { MemoryHostStore } from './memory-host-store';

/** Bytes that are moved to the disk at once, at least one logical page. */
const moveBytes = 4 * 2 ** 20;

/**
 * A logical page, wherever its parts are. Parts in memory are the newest; a part that is on the disk alone is the newest
 * too. A page in memory is *clean* when the disk has all its parts as they are: then it can leave memory at once.
 */
interface TieredPage {
  /** Counts the writes; what was read or moved before one of them is out of date. */
  version: number;
  isInMemory: boolean;
  isClean: boolean;
  /** Writes under way that pass memory by; until they end, others of this page follow them to keep the order. */
  numWritesThrough: number;
}

/** Pages of one head of one layer, as one call writes them. */
interface PagesToWrite {
  readonly layer: number;
  readonly kvHead: number;
  readonly ids: readonly PageId[];
  /** What is known of each. */
  readonly pages: readonly TieredPage[];
  /** `[pages, pageBytes]`. */
  readonly bytes: Uint8Array;
}

/** Runs `next` after `before`, at once when there is nothing to wait for. */
function after(before: Promise<void> | void, next: () => void): Promise<void> | void {
  if (before) return before.then(next);
  next();
}

/** Holds `limitBytes` of pages in memory and the others on a disk. */
export class TieredHostStore implements HostStore {
  readonly shape: HostStoreShape;
  readonly #limitBytes: number;
  readonly #memory: MemoryHostStore;
  readonly #disk: HostStore;
  readonly #pages = new Map<PageId, TieredPage>();
  /** The pages in memory, from the least to the most recently used. */
  readonly #recent = new Set<PageId>();
  readonly #movePages: number;
  /** When fewer pages than this could be added to memory at once, pages move to the disk. */
  readonly #lowRoomPages: number;
  #numClean = 0;
  #isMoving = false;
  #isClosed = false;
  #moveError: unknown;

  /** @param memory what holds pages already, up to `limitBytes`; it belongs to this store from now on, as `disk` does */
  constructor(
    shape: HostStoreShape,
    limitBytes: number,
    disk: HostStore,
    memory = new MemoryHostStore(shape, limitBytes),
  ) {
    this.shape = shape;
    this.#limitBytes = limitBytes;
    this.#memory = memory;
    this.#disk = disk;
    for (const id of memory.ids) {
      this.#pageOf(id).isInMemory = true;
      this.#touch(id);
    }
    this.#movePages = ceilDiv(moveBytes, numLists(shape) * shape.pageBytes);
    const numPages = this.#recent.size + memory.numRoomPages;
    this.#lowRoomPages = Math.min(2 * this.#movePages, ceilDiv(numPages, 4));
  }

  get hostBytes(): number {
    return this.#memory.hostBytes;
  }

  get numRoomPages(): number {
    return Math.max(0, this.#memory.numRoomPages - this.#lowRoomPages);
  }

  get diskBytes(): number {
    return this.#disk.diskBytes;
  }

  /** Why pages no longer move to the disk; undefined while they do. Dropping pages lets them try again. */
  get moveError(): unknown {
    return this.#moveError;
  }

  write(layer: number, kvHead: number, ids: readonly PageId[], bytes: Uint8Array): Promise<void> | void {
    const pages = ids.map((id) => this.#pageOf(id));
    const isInOrder = pages.every((page) => page.numWritesThrough === 0);
    const call = { layer, kvHead, ids, pages, bytes };
    const isInMemory = isInOrder && this.#writeToMemory(call);
    const writing = isInMemory ? undefined : this.#writeThrough(call);
    // Also where memory had no room: the least recently used leave it for the next pages.
    this.#moveSoon();
    return writing;
  }

  read(layer: number, kvHead: number, ids: readonly PageId[], target: Uint8Array): Promise<void> | void {
    const { pageBytes } = this.shape;
    if (ids.every((id) => this.#memory.has(layer, kvHead, id))) {
      for (const id of ids) this.#touch(id);
      this.#memory.read(layer, kvHead, ids, target);
      return;
    }
    const isHere = ids.map((id) => this.#memory.has(layer, kvHead, id));
    const here = ids.flatMap((id, i) => (isHere[i] ? [{ id, i }] : []));
    const away = ids.flatMap((id, i) => (isHere[i] ? [] : [{ id, i, ...this.#stateOf(id) }]));
    for (const { id, i } of here) {
      this.#touch(id);
      this.#memory.read(layer, kvHead, [id], target.subarray(i * pageBytes, (i + 1) * pageBytes));
    }
    const bytes = here.length === 0 ? target : new Uint8Array(away.length * pageBytes);
    const reading = this.#disk.read(
      layer,
      kvHead,
      away.map(({ id }) => id),
      bytes,
    );
    return after(reading, () => {
      away.forEach(({ id, i, page, version }, index) => {
        const part = bytes.subarray(index * pageBytes, (index + 1) * pageBytes);
        if (bytes !== target) target.set(part, i * pageBytes);
        if (page && this.#pages.get(id) === page && page.version === version) {
          this.#cache(layer, kvHead, id, part);
        }
      });
    });
  }

  has(layer: number, kvHead: number, id: PageId): boolean {
    return this.#memory.has(layer, kvHead, id) || this.#disk.has(layer, kvHead, id);
  }

  isInMemory(layer: number, kvHead: number, id: PageId): boolean {
    return this.#memory.has(layer, kvHead, id);
  }

  drop(ids: Iterable<PageId>): void {
    const dropped = [...ids];
    for (const id of dropped) {
      const page = this.#pages.get(id);
      if (page) this.#leaveMemory(id, page);
      this.#pages.delete(id);
    }
    this.#disk.drop(dropped);
    this.#moveError = undefined;
    this.#moveSoon();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#pages.clear();
    this.#recent.clear();
    this.#memory.close();
    await this.#disk.close();
  }

  #pageOf(id: PageId): TieredPage {
    let page = this.#pages.get(id);
    if (!page) {
      page = { version: 0, isInMemory: false, isClean: false, numWritesThrough: 0 };
      this.#pages.set(id, page);
    }
    return page;
  }

  #stateOf(id: PageId): { page: TieredPage | undefined; version: number } {
    const page = this.#pages.get(id);
    return { page, version: page?.version ?? 0 };
  }

  #touch(id: PageId): void {
    this.#recent.delete(id);
    this.#recent.add(id);
  }

  #setClean(page: TieredPage, isClean: boolean): void {
    this.#numClean += Number(isClean) - Number(page.isClean);
    page.isClean = isClean;
  }

  #leaveMemory(id: PageId, page: TieredPage): void {
    this.#setClean(page, false);
    page.isInMemory = false;
    this.#recent.delete(id);
    this.#memory.drop([id]);
  }

  /** Whether the pages are in memory now; false when there is no room for them. */
  #writeToMemory({ layer, kvHead, ids, pages, bytes }: PagesToWrite): boolean {
    if (!this.#makeRoom(ids, pages)) return false;
    try {
      this.#memory.write(layer, kvHead, ids, bytes);
    } catch (error) {
      // The tab grants less than the limit.
      if (error instanceof EngineError && error.code === 'host-memory') return false;
      throw error;
    }
    ids.forEach((id, i) => {
      const page = pages[i]!;
      page.version++;
      page.isInMemory = true;
      this.#setClean(page, false);
      this.#touch(id);
    });
    return true;
  }

  /** Lets the least recently used clean pages leave memory until these fit; none leaves when they would not fit even so. */
  #makeRoom(ids: readonly PageId[], pages: readonly TieredPage[]): boolean {
    const numNew = pages.filter((page) => !page.isInMemory).length;
    const numKeptClean = pages.filter((page) => page.isClean).length;
    if (numNew > this.#memory.numRoomPages + this.#numClean - numKeptClean) return false;
    const kept = new Set(ids);
    for (const id of this.#recent) {
      if (this.#memory.numRoomPages >= numNew) break;
      const page = this.#pages.get(id)!;
      if (page.isClean && !kept.has(id)) this.#leaveMemory(id, page);
    }
    return true;
  }

  /** Writes to the disk what memory has no room for, all of one call: it is stored as a whole or not at all. */
  #writeThrough({ layer, kvHead, ids, pages, bytes }: PagesToWrite): Promise<void> | void {
    const { pageBytes } = this.shape;
    for (const page of pages) page.numWritesThrough++;
    const settle = () => {
      for (const page of pages) page.numWritesThrough--;
    };
    const stored = () => {
      settle();
      this.#moveError = undefined;
      ids.forEach((id, i) => {
        const page = pages[i]!;
        if (this.#pages.get(id) !== page) return;
        page.version++;
        if (page.isInMemory) {
          this.#memory.write(layer, kvHead, [id], bytes.subarray(i * pageBytes, (i + 1) * pageBytes));
        }
      });
    };
    const failed = (error: unknown): never => {
      settle();
      throw this.#explain(error);
    };
    let writing: Promise<void> | void;
    try {
      writing = this.#disk.write(layer, kvHead, ids, bytes);
    } catch (error) {
      return failed(error);
    }
    if (writing) return writing.then(stored, failed);
    stored();
  }

  #explain(error: unknown): unknown {
    if (!(error instanceof EngineError) || error.code === 'disposed') return error;
    const full = `Memory for pages is full: ${this.hostBytes} bytes of kv.hostBytes = ${this.#limitBytes}.`;
    return new EngineError(error.code, `${full} ${error.message}`, { cause: error });
  }

  /** Keeps a part that came from the disk where that costs no other page its place. */
  #cache(layer: number, kvHead: number, id: PageId, part: Uint8Array): void {
    const page = this.#pages.get(id)!;
    if (!page.isInMemory) {
      if (this.#memory.numFreePages === 0) return;
      page.isInMemory = true;
      this.#setClean(page, true);
    }
    this.#memory.write(layer, kvHead, [id], part);
    this.#touch(id);
  }

  #moveSoon(): void {
    if (this.#isMoving || this.#isClosed || this.#moveError !== undefined || !this.#shouldMove()) return;
    this.#isMoving = true;
    void this.#moveAll();
  }

  #shouldMove(): boolean {
    const numDirty = this.#recent.size - this.#numClean;
    return numDirty > 0 && this.#memory.numRoomPages + this.#numClean < this.#lowRoomPages;
  }

  /** Never rejects: a failure is kept, and who writes what fits nowhere meets its own. */
  async #moveAll(): Promise<void> {
    try {
      while (!this.#isClosed && this.#shouldMove()) await this.#move(this.#leastRecent());
    } catch (error) {
      this.#moveError = error;
    }
    this.#isMoving = false;
  }

  #leastRecent(): PageId[] {
    const ids: PageId[] = [];
    for (const id of this.#recent) {
      if (ids.length === this.#movePages) break;
      if (!this.#pages.get(id)!.isClean) ids.push(id);
    }
    return ids;
  }

  /** Copies pages to the disk; those that nobody wrote meanwhile are clean then. */
  async #move(ids: readonly PageId[]): Promise<void> {
    const before = ids.map((id) => ({
      id,
      page: this.#pages.get(id)!,
      version: this.#pages.get(id)!.version,
    }));
    await Promise.all(
      this.#partsOf(ids).map(async ({ layer, kvHead, parts, bytes }) =>
        this.#disk.write(layer, kvHead, parts, bytes),
      ),
    );
    for (const { id, page, version } of before) {
      if (this.#pages.get(id) === page && page.version === version) this.#setClean(page, true);
    }
  }

  /** Copies of what memory has of these pages, list by list. */
  #partsOf(ids: readonly PageId[]): { layer: number; kvHead: number; parts: PageId[]; bytes: Uint8Array }[] {
    const { numKvHeads, pageBytes } = this.shape;
    return Array.from({ length: numLists(this.shape) }, (_, list) => {
      const [layer, kvHead] = [Math.floor(list / numKvHeads), list % numKvHeads];
      const parts = ids.filter((id) => this.#memory.has(layer, kvHead, id));
      const bytes = new Uint8Array(parts.length * pageBytes);
      this.#memory.read(layer, kvHead, parts, bytes);
      return { layer, kvHead, parts, bytes };
    }).filter(({ parts }) => parts.length > 0);
  }
}
