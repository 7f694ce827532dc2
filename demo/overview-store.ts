/** What models wrote on documents, in IndexedDB, so that it need not be written again. */
import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import { digestOf, type Overview } from './overview';

interface Schema extends DBSchema {
  overviews: { key: string; value: Overview };
}

/** See the file's header. All of it rejects with what the browser says. */
export class OverviewStore {
  #database: Promise<IDBPDatabase<Schema>> | undefined;

  /** What is kept of a document with this text; what was written on another text under its name is forgotten. */
  async find(documentId: string, text: string): Promise<Overview | undefined> {
    const database = await this.#open();
    const kept = await database.get('overviews', documentId);
    if (!kept || kept.textDigest === (await digestOf(text))) return kept;
    await database.delete('overviews', documentId);
    return undefined;
  }

  async put(overview: Overview): Promise<void> {
    await (await this.#open()).put('overviews', overview);
  }

  async delete(documentId: string): Promise<void> {
    await (await this.#open()).delete('overviews', documentId);
  }

  #open(): Promise<IDBPDatabase<Schema>> {
    const forget = () => (this.#database = undefined);
    this.#database ??= openDB<Schema>('longpage-overviews', 1, {
      upgrade: (database) => {
        database.createObjectStore('overviews', { keyPath: 'documentId' });
      },
      // A browser closes it when the person clears the site's data; the next call opens another.
      terminated: forget,
    });
    this.#database.catch(forget);
    return this.#database;
  }
}
