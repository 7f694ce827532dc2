/** Conversations on this device, in IndexedDB. Only text: the keys and values that they share are the documents' own. */
import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import type { Conversation } from './conversation';
import { ConversationStoreError } from './conversation-store-error';

interface Schema extends DBSchema {
  conversations: { key: string; value: Conversation; indexes: { documentId: string } };
}

/** See the file's header. All of it throws `ConversationStoreError`. */
export class ConversationStore {
  #database: Promise<IDBPDatabase<Schema>> | undefined;

  /** The conversations on a document, the one that changed last first. */
  async list(documentId: string): Promise<Conversation[]> {
    const found = await this.#attempt((database) =>
      database.getAllFromIndex('conversations', 'documentId', documentId),
    );
    return found.sort((a, b) => b.updatedAt - a.updatedAt);
  }

  async put(conversation: Conversation): Promise<void> {
    await this.#attempt((database) => database.put('conversations', conversation));
  }

  async delete(id: string): Promise<void> {
    await this.#attempt((database) => database.delete('conversations', id));
  }

  /** Forgets all conversations on a document. */
  async deleteAll(documentId: string): Promise<void> {
    await this.#attempt(async (database) => {
      const transaction = database.transaction('conversations', 'readwrite');
      const ids = await transaction.store.index('documentId').getAllKeys(documentId);
      await Promise.all([...ids.map((id) => transaction.store.delete(id)), transaction.done]);
    });
  }

  async #attempt<Result>(work: (database: IDBPDatabase<Schema>) => Promise<Result>): Promise<Result> {
    try {
      return await work(await (this.#database ??= this.#open()));
    } catch (cause) {
      throw new ConversationStoreError(cause);
    }
  }

  async #open(): Promise<IDBPDatabase<Schema>> {
    const forget = () => (this.#database = undefined);
    try {
      return await openDB<Schema>('longpage-conversations', 1, {
        upgrade: (database) => {
          database
            .createObjectStore('conversations', { keyPath: 'id' })
            .createIndex('documentId', 'documentId');
        },
        // A browser closes it when the person clears the site's data; the next call opens another.
        terminated: forget,
      });
    } catch (error) {
      forget();
      throw error;
    }
  }
}
