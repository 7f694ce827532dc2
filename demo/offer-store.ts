/** Documents that are offered but not read yet, in IndexedDB, so that they survive a reload. */
import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import type { DocumentPlace } from '../src/index';

/** What is kept of an offer: what it costs is asked for anew, and where it came from is gone with the page. */
export interface KeptOffer {
  readonly id: string;
  readonly title: string;
  readonly text: string;
  /** What was lost, is doubtful or was left out, as sentences. */
  readonly notes: readonly string[];
  readonly places: readonly DocumentPlace[];
  /** What plain text was read as; undefined for kinds that name their own encoding. */
  readonly encoding?: string | undefined;
}

interface Schema extends DBSchema {
  offers: { key: number; value: KeptOffer; indexes: { id: string } };
}

/** See the file's header. All of it rejects with what the browser says. */
export class OfferStore {
  #database: Promise<IDBPDatabase<Schema>> | undefined;

  /** In the order in which they were kept. */
  async list(): Promise<KeptOffer[]> {
    return (await this.#open()).getAll('offers');
  }

  /** Other tabs keep theirs beside: only what is named changes. @param removed ids */
  async change(added: readonly KeptOffer[], removed: readonly string[]): Promise<void> {
    const transaction = (await this.#open()).transaction('offers', 'readwrite');
    const { store } = transaction;
    const gone = await Promise.all(removed.map((id) => store.index('id').getAllKeys(id)));
    await Promise.all([
      ...gone.flat().map((key) => store.delete(key)),
      ...added.map(({ id, title, text, notes, places, encoding }) =>
        store.add({ id, title, text, notes, places, encoding }),
      ),
      transaction.done,
    ]);
  }

  #open(): Promise<IDBPDatabase<Schema>> {
    const forget = () => (this.#database = undefined);
    this.#database ??= openDB<Schema>('longpage-offers', 1, {
      upgrade: (database) => {
        database.createObjectStore('offers', { autoIncrement: true }).createIndex('id', 'id');
      },
      // A browser closes it when the person clears the site's data; the next call opens another.
      terminated: forget,
    });
    this.#database.catch(forget);
    return this.#database;
  }
}
