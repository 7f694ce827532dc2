/** The texts of kept documents where there is no engine: they need no weights. */
import { DocumentDatabase } from './document-database';
import { DocumentLocks } from './document-locks';
import { StoredDocument } from './stored-document';
import { joinTexts, type NamedText } from '../prompt/joined-texts';

/**
 * The text, as it was added.
 * @throws RangeError when there is no such document; EngineError `document-damaged`, `document-busy`, `storage-quota`
 */
export async function keptText(id: string): Promise<string> {
  return (await keptDocument(id)).text;
}

/** Several documents as they are asked together. @throws what `keptText` does */
export async function keptTexts(ids: readonly string[]): Promise<string> {
  return joinTexts(await Promise.all(ids.map((id) => keptDocument(id)))).text;
}

async function keptDocument(id: string): Promise<NamedText> {
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
      const stored = new StoredDocument(manifest, { database, lock, pages, onDamage });
      return { id, title: manifest.title, text: await stored.text() };
    } finally {
      database.close();
    }
  } finally {
    lock.release();
  }
}
