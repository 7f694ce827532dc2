/** The text of a kept document where there is no engine: it needs no weights. */
import { DocumentDatabase } from './document-database';
import { DocumentLocks } from './document-locks';
import { StoredDocument } from './stored-document';

/**
 * The text, as it was added.
 * @throws RangeError when there is no such document; EngineError `document-damaged`, `document-busy`, `storage-quota`
 */
export async function keptText(id: string): Promise<string> {
  const locks = new DocumentLocks(typeof navigator === 'undefined' ? undefined : navigator.locks);
  const lock = await locks.shared(id);
  try {
    const database = await DocumentDatabase.open();
    try {
      const manifest = await database.manifest(id);
      if (!manifest) throw new RangeError(`There is no document '${id}' in the library.`);
      // Its pages are nobody's concern here, and an engine that reads them finds the damage itself.
      const pages = { format: 'f16', headDim: 1 } as const;
      const onDamage = () => Promise.resolve();
      return await new StoredDocument(manifest, { database, lock, pages, onDamage }).text();
    } finally {
      database.close();
    }
  } finally {
    lock.release();
  }
}
