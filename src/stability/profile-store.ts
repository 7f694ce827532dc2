/** Profiles that were measured while answering, in the browser's storage: one for each model, by its fingerprint. */
import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import { storageError } from '../offload/storage-error';
import type { HeadProfile } from './head-profile';

interface ProfileSchema extends DBSchema {
  /** What another version wrote may be anything. */
  profiles: { key: string; value: unknown };
}

/**
 * The stored profile, unchecked; undefined where there is none, or no storage.
 * @param fingerprint asked for only where there are profiles, since it costs a part of the weights
 * @throws EngineError `storage-quota`; what `fingerprint` rejects with
 */
export async function readStoredProfile(fingerprint: () => Promise<string>): Promise<unknown> {
  const numProfiles = await withDatabase((database) => database.count('profiles'));
  if (!numProfiles) return undefined;
  const key = await fingerprint();
  return withDatabase((database) => database.get('profiles', key));
}

/** Stores a profile in place of its model's earlier one; does nothing where there is no storage. @throws EngineError `storage-quota` */
export async function storeProfile(profile: HeadProfile): Promise<void> {
  await withDatabase((database) => database.put('profiles', profile, profile.modelId));
}

/** Opened for each use: a connection that stays would keep others from clearing the site's data. */
async function withDatabase<T>(
  use: (database: IDBPDatabase<ProfileSchema>) => Promise<T>,
): Promise<T | undefined> {
  if (!('indexedDB' in globalThis)) return undefined;
  let database: IDBPDatabase<ProfileSchema> | undefined;
  try {
    database = await openDB<ProfileSchema>('longpage-profiles', 2, {
      upgrade: (db, version) => {
        // The first version named a model by its address, where other weights may lie by now.
        if (version === 1) db.deleteObjectStore('profiles');
        db.createObjectStore('profiles');
      },
    });
    return await use(database);
  } catch (cause) {
    throw await storageError(0, 0, cause);
  } finally {
    database?.close();
  }
}
