/**
 * Pages in a store, and others that stay where they are, in a stored document, until somebody reads them. What was read goes
 * to the store's memory where that has room for it.
 */
import { assert } from '../util/assert';
import { listIndex } from './host-store';
import type { HostStore, HostStoreShape, PageId } from './host-store';

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

/** Wraps a store, which it owns from now on. */
export class BackedHostStore implements HostStore {
  readonly shape: HostStoreShape;
  readonly #store: HostStore;
  readonly #adopted = new Map<PageId, AdoptedPage>();

  constructor(store: HostStore) {
    this.shape = store.shape;
    this.#store = store;
  }

  get hostBytes(): number {
    return this.#store.hostBytes;
  }

  get diskBytes(): number {
    return this.#store.diskBytes;
  }

  get numRoomPages(): number {
    return this.#store.numRoomPages;
  }

  /** From now on these logical pages are those of `backing`, from its first on, all layers and heads, until they are dropped. */
  adopt(ids: readonly PageId[], backing: PageBacking): void {
    const adoption: Adoption = { backing, ids: [...ids], numLeft: ids.length, reading: new Map() };
    ids.forEach((id, page) => {
      assert(!this.#adopted.has(id), `page ${id} is kept twice`);
      this.#adopted.set(id, { adoption, page });
    });
  }

  write(layer: number, kvHead: number, ids: readonly PageId[], bytes: Uint8Array): Promise<void> | void {
    return this.#store.write(layer, kvHead, ids, bytes);
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
  }

  close(): Promise<void> | void {
    const backings = new Set([...this.#adopted.values()].map(({ adoption }) => adoption.backing));
    this.#adopted.clear();
    for (const backing of backings) backing.close();
    return this.#store.close();
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
