/** Profiles that were measured while answering, in the browser's storage: one for each model, by the id of its source. */
import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import { storageError } from '../offload/storage-error';
import type { HeadProfile } from './head-profile';

interface ProfileSchema extends DBSchema {
  /** What another version wrote may be anything. */
  profiles: { key: string; value: unknown };
}

/** The stored profile, unchecked; undefined where there is none, or no storage. @throws EngineError `storage-quota` */
export function readStoredProfile(sourceId: string): Promise<unknown> {
  return withDatabase((database) => database.get('profiles', sourceId));
}

/** Stores a profile in place of the earlier one; does nothing where there is no storage. @throws EngineError `storage-quota` */
export async function storeProfile(sourceId: string, profile: HeadProfile): Promise<void> {
  await withDatabase((database) => database.put('profiles', profile, sourceId));
}

/** Opened for each use: a connection that stays would keep others from clearing the site's data. */
async function withDatabase<T>(
  use: (database: IDBPDatabase<ProfileSchema>) => Promise<T>,
): Promise<T | undefined> {
  if (!('indexedDB' in globalThis)) return undefined;
  let database: IDBPDatabase<ProfileSchema> | undefined;
  try {
    database = await openDB<ProfileSchema>('longpage-profiles', 1, {
      upgrade: (db) => void db.createObjectStore('profiles'),
    });
    return await use(database);
  } catch (cause) {
    throw await storageError(0, 0, cause);
  } finally {
    database?.close();
  }
}
