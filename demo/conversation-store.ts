/** Conversations on this device, in IndexedDB. Only text: the keys and values that they share are the documents' own. */
import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import type { Conversation } from './conversation';

interface Schema extends DBSchema {
  conversations: { key: string; value: Conversation; indexes: { documentId: string } };
}

/** See the file's header. */
export class ConversationStore {
  readonly #database: Promise<IDBPDatabase<Schema>>;

  constructor() {
    this.#database = openDB<Schema>('longpage-conversations', 1, {
      upgrade: (database) => {
        database
          .createObjectStore('conversations', { keyPath: 'id' })
          .createIndex('documentId', 'documentId');
      },
    });
  }

  /** The conversations on a document, the one that changed last first. */
  async list(documentId: string): Promise<Conversation[]> {
    const found = await (await this.#database).getAllFromIndex('conversations', 'documentId', documentId);
    return found.sort((a, b) => b.updatedAt - a.updatedAt);
  }

  async put(conversation: Conversation): Promise<void> {
    await (await this.#database).put('conversations', conversation);
  }

  async delete(id: string): Promise<void> {
    await (await this.#database).delete('conversations', id);
  }

  /** Forgets all conversations on a document. */
  async deleteAll(documentId: string): Promise<void> {
    const transaction = (await this.#database).transaction('conversations', 'readwrite');
    const ids = await transaction.store.index('documentId').getAllKeys(documentId);
    await Promise.all([...ids.map((id) => transaction.store.delete(id)), transaction.done]);
  }
}
