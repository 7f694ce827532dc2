/** IndexedDB under Node, as a browser has it. */
import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';

/** Gives this test file an empty IndexedDB; `fresh-file` takes it away before the next file. */
export function useIndexedDb(): void {
  Object.assign(globalThis, { indexedDB: new IDBFactory() });
}
