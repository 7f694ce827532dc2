/** The library's database: manifests by id, records by place. What they mean is decided elsewhere. */
import { openDB } from 'idb';
import type { DBSchema, IDBPDatabase, IDBPObjectStore } from 'idb';
import { EngineError } from '../util/errors';
import { storageError } from '../offload/storage-error';
import { documentDatabaseName } from './document-database-name';
import type { Manifest } from './manifest';
import { encodeRecord, kindCode, type RecordPlace } from './record';

/** `[document, kind, list, run]` */
type RecordKey = [key: number, kind: number, list: number, run: number];

interface LibrarySchema extends DBSchema {
  manifests: { key: string; value: Manifest };
  records: { key: RecordKey; value: Uint8Array };
}

type Stores = ['manifests', 'records'];

/** Bytes that one transaction writes at most, beside one record. */
const transactionBytes = 8 * 2 ** 20;

/** A record to be stored. */
export interface NewRecord {
  readonly place: RecordPlace;
  readonly payload: Uint8Array;
}

/** The error of whoever goes on with a library whose engine was disposed. */
export function closedLibraryError(): EngineError {
  return new EngineError('disposed', 'The library was closed with its engine.');
}

/** Owns the connection. */
export class DocumentDatabase {
  readonly #connection: IDBPDatabase<LibrarySchema>;
  #isLost = false;
  #isClosed = false;
  /** Records in the transaction that the reads of one task share. */
  #reader: IDBPObjectStore<LibrarySchema, ['records'], 'records'> | undefined;

  private constructor(database: IDBPDatabase<LibrarySchema>) {
    this.#connection = database;
  }

  /** @throws EngineError `storage-quota` where the browser has no storage for us */
  static async open(name = documentDatabaseName): Promise<DocumentDatabase> {
    // The browser closes it when somebody clears the site's data.
    const lost: { handler?: () => void } = {};
    try {
      const database = await openDB<LibrarySchema>(name, 1, {
        upgrade: (db) => {
          db.createObjectStore('manifests', { keyPath: 'id' });
          db.createObjectStore('records');
        },
        terminated: () => lost.handler?.(),
      });
      const opened = new DocumentDatabase(database);
      lost.handler = () => void (opened.#isLost = true);
      return opened;
    } catch (cause) {
      throw await storageError(0, 0, cause);
    }
  }

  /** Whether the browser closed it: whoever goes on opens another. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /** What is under way ends well; what comes later is `disposed`. */
  close(): void {
    this.#isClosed = true;
    this.#connection.close();
  }

  get #database(): IDBPDatabase<LibrarySchema> {
    if (this.#isClosed) throw closedLibraryError();
    return this.#connection;
  }

  async manifests(): Promise<Manifest[]> {
    return this.#database.getAll('manifests');
  }

  async manifest(id: string): Promise<Manifest | undefined> {
    return this.#database.get('manifests', id);
  }

  /** A record as it is stored, unchecked; undefined when it is not there. Reads of one task share a transaction. */
  async record(key: number, place: RecordPlace): Promise<unknown> {
    const records = (this.#reader ??= this.#openReader());
    return records.get(recordKey(key, place));
  }

  /**
   * Stores records, then the manifest that counts them: until the last transaction is done, the manifest there was holds.
   * @throws EngineError `storage-quota`
   */
  async write(records: readonly NewRecord[], manifest: Manifest): Promise<void> {
    let batch: { place: RecordPlace; value: Uint8Array }[] = [];
    let sizeBytes = 0;
    for (const { place, payload } of records) {
      const value = encodeRecord(place, payload);
      batch.push({ place, value });
      sizeBytes += value.byteLength;
      if (sizeBytes < transactionBytes) continue;
      await this.#put(manifest, batch);
      [batch, sizeBytes] = [[], 0];
    }
    await this.#put(manifest, batch, manifest);
  }

  /**
   * Changes a manifest, in one step with reading it.
   * @param change the new manifest, or undefined to leave it
   * @throws EngineError `storage-quota`
   */
  async update(id: string, change: (manifest: Manifest) => Manifest | undefined): Promise<void> {
    const transaction = this.#database.transaction('manifests', 'readwrite');
    const manifest = await transaction.store.get(id);
    const changed = manifest && change(manifest);
    try {
      await allOrNone(transaction, changed ? [() => transaction.store.put(changed)] : []);
    } catch (cause) {
      throw await storageError(1, manifest?.storedBytes ?? 0, cause);
    }
  }

  /**
   * Deletes a document, `old`, and puts a new one in its place, or nothing: all or none of it happens.
   * @throws EngineError `storage-quota`
   */
  async replace(
    old: Manifest | undefined,
    next: { readonly manifest: Manifest; readonly records: readonly NewRecord[] } | undefined,
  ): Promise<void> {
    const stores: Stores = ['manifests', 'records'];
    try {
      const transaction = this.#database.transaction(stores, 'readwrite');
      const manifests = transaction.objectStore('manifests');
      const records = transaction.objectStore('records');
      await allOrNone(transaction, [
        ...(old ? [() => records.delete(recordsOf(old.key)), () => manifests.delete(old.id)] : []),
        ...(next?.records ?? []).map(
          ({ place, payload }) =>
            () =>
              records.put(encodeRecord(place, payload), recordKey(next!.manifest.key, place)),
        ),
        ...(next ? [() => manifests.put(next.manifest)] : []),
      ]);
    } catch (cause) {
      throw await storageError(next?.manifest.storedBytes ?? 0, 0, cause);
    }
  }

  async #put(
    owner: Manifest,
    batch: readonly { readonly place: RecordPlace; readonly value: Uint8Array }[],
    manifest?: Manifest,
  ): Promise<void> {
    const stores: Stores = ['manifests', 'records'];
    try {
      // A manifest counts only once it is on the disk; the records before it need not be waited for one by one.
      const options = { durability: manifest ? 'strict' : 'relaxed' } as const;
      const transaction = this.#database.transaction(stores, 'readwrite', options);
      const records = transaction.objectStore('records');
      await allOrNone(transaction, [
        ...batch.map(
          ({ place, value }) =>
            () =>
              records.put(value, recordKey(owner.key, place)),
        ),
        ...(manifest ? [() => transaction.objectStore('manifests').put(manifest)] : []),
      ]);
    } catch (cause) {
      const neededBytes = batch.reduce((sum, { value }) => sum + value.byteLength, 0);
      throw await storageError(neededBytes, owner.storedBytes, cause);
    }
  }

  #openReader(): IDBPObjectStore<LibrarySchema, ['records'], 'records'> {
    if (this.#isLost) throw new EngineError('storage-quota', 'The browser closed the storage of this site.');
    const transaction = this.#database.transaction('records');
    // Each request that fails says so itself.
    transaction.done.catch(() => undefined);
    queueMicrotask(() => (this.#reader = undefined));
    return transaction.store;
  }
}

/**
 * Makes requests in a transaction and waits for its end. One that fails, or cannot even be made, takes back all of them, however
 * the browser refuses it.
 */
async function allOrNone(
  transaction: { readonly done: Promise<void>; abort(): void },
  requests: readonly (() => Promise<unknown>)[],
): Promise<void> {
  const pending: Promise<unknown>[] = [transaction.done];
  try {
    for (const request of requests) pending.push(request());
    await Promise.all(pending);
  } catch (cause) {
    // The others fail with it.
    for (const request of pending) request.catch(() => undefined);
    try {
      transaction.abort();
    } catch {
      // It has ended already.
    }
    throw cause;
  }
}

function recordKey(key: number, { kind, list, run }: RecordPlace): RecordKey {
  return [key, kindCode(kind), list, run];
}

/** All records of a document. */
function recordsOf(key: number): IDBKeyRange {
  return IDBKeyRange.bound([key], [key, []]);
}
