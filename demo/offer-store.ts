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

/** More of the text of the offer whose record is before it. */
interface TextPiece {
  readonly id: string;
  readonly more: string;
}

interface Schema extends DBSchema {
  offers: { key: number; value: KeptOffer | TextPiece; indexes: { id: string } };
}

/** Characters of a record: the browser copies one at a time, and the page stands still meanwhile (8 MB took 0.1 s). */
const pieceChars = 2 ** 19;

/** See the file's header. All of it rejects with what the browser says. */
export class OfferStore {
  #database: Promise<IDBPDatabase<Schema>> | undefined;

  /** In the order in which they were kept. */
  async list(): Promise<KeptOffer[]> {
    const { store } = (await this.#open()).transaction('offers');
    const offers: KeptOffer[] = [];
    let pieces: string[] = [];
    const complete = () => {
      const last = offers.pop();
      if (last) offers.push({ ...last, text: pieces.join('') });
    };
    for (let cursor = await store.openCursor(); cursor; cursor = await cursor.continue()) {
      const { value } = cursor;
      if ('more' in value) pieces.push(value.more);
      else {
        complete();
        offers.push(value);
        pieces = [value.text];
      }
    }
    complete();
    return offers;
  }

  /** Other tabs keep theirs beside: only what is named changes. @param removed ids */
  async change(added: readonly KeptOffer[], removed: readonly string[]): Promise<void> {
    const transaction = (await this.#open()).transaction('offers', 'readwrite');
    const { store } = transaction;
    const gone = await Promise.all(removed.map((id) => store.index('id').getAllKeys(id)));
    try {
      await Promise.all(gone.flat().map((key) => store.delete(key)));
      for (const { id, title, text, notes, places, encoding } of added) {
        await store.add({ id, title, text: text.slice(0, pieceChars), notes, places, encoding });
        for (let at = pieceChars; at < text.length; at += pieceChars) {
          await store.add({ id, more: text.slice(at, at + pieceChars) });
        }
      }
    } catch (error) {
      // Its own promise tells why the browser refused, where the request did not.
      await transaction.done;
      throw error;
    }
    await transaction.done;
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
