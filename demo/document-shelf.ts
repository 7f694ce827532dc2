/** Texts that were added to the page, in IndexedDB. */
import { openDB, type DBSchema, type IDBPDatabase } from 'idb';

/** A document as the library lists it. */
export interface ShelvedDocument {
  readonly id: string;
  readonly title: string;
  readonly numCharacters: number;
  readonly addedAt: number;
}

interface Schema extends DBSchema {
  documents: { key: string; value: ShelvedDocument };
  texts: { key: string; value: string };
}

/** See the file's header. */
export class DocumentShelf {
  readonly #database: Promise<IDBPDatabase<Schema>>;

  constructor() {
    this.#database = openDB<Schema>('longpage-documents', 1, {
      upgrade: (database) => {
        database.createObjectStore('documents', { keyPath: 'id' });
        database.createObjectStore('texts');
      },
    });
  }

  /** All documents, the newest first. */
  async list(): Promise<ShelvedDocument[]> {
    const found = await (await this.#database).getAll('documents');
    return found.sort((a, b) => b.addedAt - a.addedAt);
  }

  async text(id: string): Promise<string> {
    const text = await (await this.#database).get('texts', id);
    if (text === undefined) throw new Error('The text of this document is no longer here.');
    return text;
  }

  async add(document: ShelvedDocument, text: string): Promise<void> {
    const transaction = (await this.#database).transaction(['documents', 'texts'], 'readwrite');
    await Promise.all([
      transaction.objectStore('documents').put(document),
      transaction.objectStore('texts').put(text, document.id),
      transaction.done,
    ]);
  }

  async rename(id: string, title: string): Promise<void> {
    const database = await this.#database;
    const document = await database.get('documents', id);
    if (document) await database.put('documents', { ...document, title });
  }

  async delete(id: string): Promise<void> {
    const transaction = (await this.#database).transaction(['documents', 'texts'], 'readwrite');
    await Promise.all([
      transaction.objectStore('documents').delete(id),
      transaction.objectStore('texts').delete(id),
      transaction.done,
    ]);
  }
}
