/** The error of a disk tier: how much it needed, and what the browser has for this site. */
import { EngineError } from '../util/errors';

/**
 * What the site uses and what the browser would allow it, as a sentence; nothing where the browser does not say. Other data
 * of the site counts too, and browsers blur the figures: Chromium names about 10 GiB more than is used, whatever the limit.
 */
async function describeQuota(): Promise<string> {
  // Not every place that has a disk has an estimate: old browsers, insecure pages, Node.
  const storage = (globalThis as { navigator?: { storage?: StorageManager } }).navigator?.storage;
  const estimate = await storage?.estimate?.().catch(() => undefined);
  if (estimate?.quota === undefined) return '';
  return ` By the browser's estimate this site uses ${estimate.usage ?? 0} of ${estimate.quota} bytes.`;
}

/**
 * Why pages are not on the disk, be the quota used up or the storage blocked or broken: an `EngineError` with the code
 * `storage-quota`.
 * @param neededBytes what was to be written; 0 when the storage does not even open
 * @param diskBytes what the store holds already
 */
export async function storageError(
  neededBytes: number,
  diskBytes: number,
  cause: unknown,
): Promise<EngineError> {
  if (cause instanceof EngineError) return cause;
  const reason =
    cause instanceof Error ? [cause.name, cause.message].filter(Boolean).join(': ') : String(cause);
  const what =
    neededBytes > 0
      ? `Pages need ${neededBytes} bytes on the disk beside the ${diskBytes} there, and the browser refused them`
      : "The browser's storage cannot be used here";
  return new EngineError('storage-quota', `${what} (${reason}).${await describeQuota()}`, { cause });
}

/** The error of pages that were on the disk and can no longer be read, as when the site's data is cleared: `storage-lost`. */
export function lostError(cause?: unknown): EngineError {
  return new EngineError('storage-lost', 'The browser lost pages that were stored on the disk.', { cause });
}
