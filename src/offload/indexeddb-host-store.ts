/** Pages in IndexedDB, in a database of this store alone; which of them should be there is decided elsewhere. */
import { deleteDB, openDB } from 'idb';
import type { DBSchema, IDBPDatabase, IDBPObjectStore } from 'idb';
import { assert } from '../util/assert';
import { EngineError } from '../util/errors';
import { databasePrefix } from './disk-leftovers';
import { listIndex, numLists } from './host-store';
import type { HostStore, HostStoreShape, PageId } from './host-store';
import { maxRecordPages, RecordIndex } from './record-index';
import type { IndexedPage } from './record-index';
import { runsOf } from './runs';
import { lostError, storageError } from './storage-error';

/**
 * Bytes of a record at most, unless one page is larger. Reading one page costs as much as its record, reading many costs
 * as much as the number of records: 32 KiB are near the best for single pages, and pages in a row lose little.
 */
const recordBytes = 32 * 2 ** 10;

/** Bytes that one transaction writes at most, unless a single write is larger. */
const transactionBytes = 4 * 2 ** 20;

interface PageDatabase extends DBSchema {
  records: { key: number; value: Uint8Array };
}

/** A write that waits for its transaction. */
interface PendingWrite {
  readonly list: number;
  readonly pages: readonly IndexedPage[];
  readonly bytes: Uint8Array;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Stores runs of pages of one head as records; writes that come while a transaction runs go together into the next. */
export class IndexedDbHostStore implements HostStore {
  readonly shape: HostStoreShape;
  readonly hostBytes = 0;
  readonly numRoomPages = 0;
  readonly #name: string;
  readonly #recordPages: number;
  readonly #index: RecordIndex;
  /** Bytes by record number. */
  readonly #recordBytes = new Map<number, number>();
  readonly #opening: Promise<IDBPDatabase<PageDatabase>>;
  readonly #queue: PendingWrite[] = [];
  #database: IDBPDatabase<PageDatabase> | undefined;
  /** Records in the transaction that the reads of one task share. */
  #reader: IDBPObjectStore<PageDatabase, ['records']> | undefined;
  #nextRecord = 1;
  #diskBytes = 0;
  #isWriting = false;
  #isClosed = false;
  #isLost = false;

  /**
   * Begins to open a new database and to delete those that crashed tabs left behind. Where there is no IndexedDB, or it is
   * blocked, every write says so.
   * @param name unlike that of any other store, ever
   */
  constructor(shape: HostStoreShape, name: string = crypto.randomUUID()) {
    this.shape = shape;
    this.#name = databasePrefix + name;
    this.#recordPages = Math.max(1, Math.min(maxRecordPages, Math.floor(recordBytes / shape.pageBytes)));
    this.#index = new RecordIndex(numLists(shape));
    this.#opening = this.#open();
    // Who writes meets this error; a store that is never written to needs no database.
    this.#opening.catch(() => undefined);
  }

  get diskBytes(): number {
    return this.#diskBytes;
  }

  write(layer: number, kvHead: number, ids: readonly PageId[], bytes: Uint8Array): Promise<void> {
    this.#checkLength(ids, bytes);
    return new Promise((resolve, reject) => {
      const list = listIndex(this.shape, layer, kvHead);
      this.#queue.push({ list, pages: this.#index.claim(ids), bytes, resolve, reject });
      this.#writeSoon();
    });
  }

  read(layer: number, kvHead: number, ids: readonly PageId[], target: Uint8Array): Promise<void> {
    this.#checkLength(ids, target);
    const { pageBytes } = this.shape;
    const list = listIndex(this.shape, layer, kvHead);
    /** For each record: where its pages lie, and where they go. */
    const wanted = new Map<number, { position: number; targetIndex: number }[]>();
    ids.forEach((id, targetIndex) => {
      const place = this.#index.find(list, id);
      assert(
        place !== undefined || this.#isLost,
        `page ${id} of layer ${layer}, head ${kvHead} is not on the disk`,
      );
      if (!place) return;
      const parts = wanted.get(place.record);
      if (parts) parts.push({ position: place.position, targetIndex });
      else wanted.set(place.record, [{ position: place.position, targetIndex }]);
    });
    return this.#readRecords([...wanted.keys()], (record, bytes) => {
      for (const { position, targetIndex } of wanted.get(record)!) {
        const page = bytes.subarray(position * pageBytes, (position + 1) * pageBytes);
        target.set(page, targetIndex * pageBytes);
      }
    });
  }

  has(layer: number, kvHead: number, id: PageId): boolean {
    return this.#index.find(listIndex(this.shape, layer, kvHead), id) !== undefined;
  }

  isInMemory(): boolean {
    return false;
  }

  drop(ids: Iterable<PageId>): void {
    this.#index.drop(ids);
    if (this.#index.hasDead) this.#writeSoon();
  }

  async close(): Promise<void> {
    assert(!this.#isClosed, 'a store is closed once');
    this.#isClosed = true;
    this.#forgetAll();
    const database = await this.#opening.catch(() => undefined);
    // Both wait for transactions under way. What cannot be deleted now is a leftover for whoever opens next.
    database?.close();
    if (database) await deleteDB(this.#name).catch(() => undefined);
  }

  #checkLength(ids: readonly PageId[], bytes: Uint8Array): void {
    assert(!this.#isClosed, 'a closed store is not used');
    const sizeBytes = ids.length * this.shape.pageBytes;
    assert(bytes.byteLength === sizeBytes, `${bytes.byteLength} bytes for ${ids.length} pages`);
  }

  async #open(): Promise<IDBPDatabase<PageDatabase>> {
    // Leftovers take room on the disk, nothing else: a failure to find them is no reason not to work.
    void deleteLeftovers(this.#name).catch(() => undefined);
    this.#database = await openDB<PageDatabase>(this.#name, 1, {
      upgrade: (database) => void database.createObjectStore('records'),
      terminated: () => this.#lose(),
    });
    return this.#database;
  }

  /** The browser closed the database, as it does when somebody clears the site's data: what it held is gone. */
  #lose(): void {
    this.#isLost = true;
    this.#forgetAll();
  }

  #forgetAll(): void {
    this.#index.clear();
    this.#recordBytes.clear();
    this.#diskBytes = 0;
  }

  #writeSoon(): void {
    if (this.#isWriting) return;
    this.#isWriting = true;
    void this.#writeAll();
  }

  /** One transaction after the other, until nothing waits. Never rejects: each write learns of its own failure. */
  async #writeAll(): Promise<void> {
    while (this.#queue.length > 0 || this.#index.hasDead) {
      const dead = this.#index.takeDead();
      let batch: PendingWrite[] = [];
      try {
        const database = await this.#opening;
        // Writes of the same task have joined the queue by now.
        batch = this.#takeBatch();
        if (this.#isLost) throw lostError(new Error('The browser closed the database.'));
        await this.#deleteRecords(database, dead);
        await this.#writeBatch(database, batch);
      } catch (cause) {
        if (batch.length === 0) batch = this.#takeBatch();
        // Nobody waits for deletions: they are tried again with the next write.
        this.#index.returnDead(dead.filter((record) => this.#recordBytes.has(record)));
        if (batch.length === 0) break;
        await this.#rejectAll(batch, cause);
      }
    }
    this.#isWriting = false;
  }

  /** Takes writes from the queue for one transaction. */
  #takeBatch(): PendingWrite[] {
    let sizeBytes = 0;
    const end = this.#queue.findIndex((write, i) => {
      sizeBytes += write.bytes.byteLength;
      return i > 0 && sizeBytes > transactionBytes;
    });
    return this.#queue.splice(0, end < 0 ? this.#queue.length : end);
  }

  /** In a transaction of its own, so that a write that is refused does not take the deletions with it. */
  async #deleteRecords(database: IDBPDatabase<PageDatabase>, dead: readonly number[]): Promise<void> {
    if (dead.length === 0) return;
    const transaction = database.transaction('records', 'readwrite', { durability: 'relaxed' });
    const deletions = runsOf(dead).map(({ start, length }) =>
      transaction.store.delete(IDBKeyRange.bound(start, start + length - 1)),
    );
    await Promise.all([...deletions, transaction.done]);
    for (const record of dead) {
      this.#diskBytes -= this.#recordBytes.get(record) ?? 0;
      this.#recordBytes.delete(record);
    }
  }

  async #writeBatch(database: IDBPDatabase<PageDatabase>, batch: readonly PendingWrite[]): Promise<void> {
    if (batch.length === 0) return;
    const { pageBytes } = this.shape;
    const transaction = database.transaction('records', 'readwrite', { durability: 'relaxed' });
    const records = batch.flatMap(({ list, pages, bytes }) =>
      Array.from({ length: Math.ceil(pages.length / this.#recordPages) }, (_, i) => {
        const [first, end] = [i * this.#recordPages, (i + 1) * this.#recordPages];
        // A view would be stored with all of the buffer that it looks at.
        const value = bytes.slice(first * pageBytes, end * pageBytes);
        return { key: this.#nextRecord++, list, pages: pages.slice(first, end), value };
      }),
    );
    await Promise.all([
      ...records.map(({ key, value }) => transaction.store.put(value, key)),
      transaction.done,
    ]);
    if (this.#isLost) throw lostError(new Error('The browser closed the database.'));
    if (this.#isClosed) throw new Error('the database was closed meanwhile');
    for (const { key, list, pages, value } of records) {
      this.#recordBytes.set(key, value.byteLength);
      this.#diskBytes += value.byteLength;
      this.#index.place(key, list, pages);
    }
    for (const { resolve } of batch) resolve();
  }

  async #rejectAll(batch: readonly PendingWrite[], cause: unknown): Promise<void> {
    const neededBytes = batch.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
    const error = this.#isClosed
      ? new EngineError('disposed', 'The store was closed before its pages were stored.', { cause })
      : await storageError(neededBytes, this.#diskBytes, cause);
    for (const { reject } of batch) reject(error);
  }

  /** Hands the bytes of records to `take` as they come. */
  async #readRecords(
    records: readonly number[],
    take: (record: number, bytes: Uint8Array) => void,
  ): Promise<void> {
    if (this.#isLost) throw lostError();
    if (records.length === 0) return;
    try {
      const reader = this.#openReader();
      await Promise.all(
        records.map(async (record) => {
          const bytes = await reader.get(record);
          if (!bytes) throw lostError();
          take(record, bytes);
        }),
      );
    } catch (cause) {
      throw cause instanceof EngineError ? cause : lostError(cause);
    }
  }

  /** Records to read from; begun before whatever is written or deleted later, so it sees them as they are now. */
  #openReader(): IDBPObjectStore<PageDatabase, ['records']> {
    if (this.#reader) return this.#reader;
    const transaction = this.#database!.transaction('records');
    // Each request that fails says so itself.
    transaction.done.catch(() => undefined);
    this.#reader = transaction.store;
    queueMicrotask(() => (this.#reader = undefined));
    return this.#reader;
  }
}

/**
 * Deletes the databases of stores that are no more. Those of other tabs that live are safe: a deletion waits until the last
 * connection is closed, and their owner would delete them then anyway. So no lock has to tell who lives.
 */
async function deleteLeftovers(ownName: string): Promise<void> {
  for (const { name } of await indexedDB.databases()) {
    if (!name?.startsWith(databasePrefix) || name === ownName) continue;
    // Not waited for: a deletion can take as long as the other tab lives.
    void deleteDB(name).catch(() => undefined);
  }
}
