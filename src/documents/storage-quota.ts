/** What the browser says of this site's storage. */
import type { StorageQuota } from './document-info';

/** The browser's estimate; undefined where it has none. */
export async function storageQuota(): Promise<StorageQuota | undefined> {
  const storage = (globalThis as { navigator?: { storage?: StorageManager } }).navigator?.storage;
  const estimate = await storage?.estimate?.().catch(() => undefined);
  if (estimate?.quota === undefined) return undefined;
  const isPersisted = (await storage!.persisted?.().catch(() => false)) ?? false;
  return { usedBytes: estimate.usage ?? 0, quotaBytes: estimate.quota, isPersisted };
}
