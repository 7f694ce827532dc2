/** Pages in a file of the origin's private file system, read and written synchronously; only workers have that. */
import { assert } from '../util/assert';
import { EngineError } from '../util/errors';
import { folderName } from './disk-leftovers';
import { listIndex, numLists } from './host-store';
import type { HostStore, HostStoreShape, PageId } from './host-store';
import { runsOf } from './runs';
import { lostError, storageError } from './storage-error';

/** One slot of the file holds one page of one head; slots of dropped pages are used again. */
export class OpfsHostStore implements HostStore {
  readonly shape: HostStoreShape;
  readonly hostBytes = 0;
  readonly numRoomPages = 0;
  readonly #name: string;
  readonly #folder: FileSystemDirectoryHandle;
  readonly #file: FileSystemSyncAccessHandle;
  /** By page: the slot of each list's part plus 1; 0 is none. */
  readonly #pages = new Map<PageId, Uint32Array>();
  /** Taken from the end. */
  readonly #free: number[] = [];
  /** Slots that the file has. */
  #numSlots = 0;

  private constructor(
    shape: HostStoreShape,
    name: string,
    folder: FileSystemDirectoryHandle,
    file: FileSystemSyncAccessHandle,
  ) {
    this.shape = shape;
    this.#name = name;
    this.#folder = folder;
    this.#file = file;
  }

  /**
   * Makes a new file, and deletes those that crashed tabs left behind.
   * @param name unlike that of any other store, ever
   * @throws EngineError `storage-quota` where there is no such file system: outside of workers, in some private windows
   */
  static async open(shape: HostStoreShape, name: string = crypto.randomUUID()): Promise<OpfsHostStore> {
    try {
      const root = await navigator.storage.getDirectory();
      const folder = await root.getDirectoryHandle(folderName, { create: true });
      return await alone(async () => {
        await deleteLeftovers(folder);
        const handle = await folder.getFileHandle(name, { create: true });
        return new OpfsHostStore(shape, name, folder, await handle.createSyncAccessHandle());
      });
    } catch (cause) {
      throw new EngineError('storage-quota', 'The private file system cannot be used here.', { cause });
    }
  }

  get diskBytes(): number {
    return this.#numSlots * this.shape.pageBytes;
  }

  write(layer: number, kvHead: number, ids: readonly PageId[], bytes: Uint8Array): Promise<void> | void {
    this.#checkLength(ids, bytes);
    const list = listIndex(this.shape, layer, kvHead);
    const numSlotsBefore = this.#numSlots;
    const slots = this.#takeSlots(ids.length);
    try {
      for (const { start, index, length } of runsOf(slots)) {
        this.#transfer('write', start, this.#pagesOf(bytes, index, length));
      }
    } catch (cause) {
      this.#numSlots = numSlotsBefore;
      this.#releaseSlots(slots.filter((slot) => slot < numSlotsBefore).reverse());
      return storageError(bytes.byteLength, this.diskBytes, cause).then((error) => Promise.reject(error));
    }
    ids.forEach((id, i) => {
      let page = this.#pages.get(id);
      if (!page) this.#pages.set(id, (page = new Uint32Array(numLists(this.shape))));
      if (page[list]! > 0) this.#releaseSlots([page[list]! - 1]);
      page[list] = slots[i]! + 1;
    });
  }

  read(layer: number, kvHead: number, ids: readonly PageId[], target: Uint8Array): void {
    this.#checkLength(ids, target);
    const list = listIndex(this.shape, layer, kvHead);
    const slots = ids.map((id) => {
      const entry = this.#pages.get(id)?.[list];
      assert(entry, `page ${id} of layer ${layer}, head ${kvHead} is not on the disk`);
      return entry - 1;
    });
    try {
      for (const { start, index, length } of runsOf(slots)) {
        this.#transfer('read', start, this.#pagesOf(target, index, length));
      }
    } catch (cause) {
      throw lostError(cause);
    }
  }

  has(layer: number, kvHead: number, id: PageId): boolean {
    return (this.#pages.get(id)?.[listIndex(this.shape, layer, kvHead)] ?? 0) > 0;
  }

  isInMemory(): boolean {
    return false;
  }

  drop(ids: Iterable<PageId>): void {
    for (const id of ids) {
      const page = this.#pages.get(id);
      if (!page) continue;
      this.#pages.delete(id);
      // Backwards, so that pages which lay in a row are handed out in that order again.
      this.#releaseSlots(
        [...page]
          .filter((entry) => entry > 0)
          .map((entry) => entry - 1)
          .reverse(),
      );
    }
    if (this.#pages.size === 0) this.#shrink();
  }

  async close(): Promise<void> {
    this.#pages.clear();
    this.#free.length = 0;
    this.#numSlots = 0;
    this.#file.close();
    // What cannot be deleted now is a leftover for whoever opens next.
    await this.#folder.removeEntry(this.#name).catch(() => undefined);
  }

  #checkLength(ids: readonly PageId[], bytes: Uint8Array): void {
    const sizeBytes = ids.length * this.shape.pageBytes;
    assert(bytes.byteLength === sizeBytes, `${bytes.byteLength} bytes for ${ids.length} pages`);
  }

  #pagesOf(bytes: Uint8Array, index: number, length: number): Uint8Array {
    return bytes.subarray(index * this.shape.pageBytes, (index + length) * this.shape.pageBytes);
  }

  /** @throws Error when fewer bytes were moved than asked for, as at the quota or the end of a file that was cut */
  #transfer(direction: 'read' | 'write', slot: number, bytes: Uint8Array): void {
    const numMoved = this.#file[direction](bytes, {
      at: slot * this.shape.pageBytes,
    });
    if (numMoved !== bytes.byteLength) {
      throw new Error(`${direction} moved ${numMoved} of ${bytes.byteLength} bytes`);
    }
  }

  #takeSlots(numPages: number): number[] {
    return Array.from({ length: numPages }, () => this.#free.pop() ?? this.#numSlots++);
  }

  #releaseSlots(slots: readonly number[]): void {
    for (const slot of slots) this.#free.push(slot);
  }

  /** Gives an empty file's room back. */
  #shrink(): void {
    this.#free.length = 0;
    this.#numSlots = 0;
    this.#file.truncate(0);
  }
}

/**
 * Does `work` while no other tab does its own: a new file is not locked before its handle is open, and would be a leftover to
 * whoever cleans up just then.
 */
async function alone<T>(work: () => Promise<T>): Promise<T> {
  const { locks } = navigator as { locks?: LockManager };
  return locks ? locks.request(`${folderName}-open`, work) : work();
}

/** Deletes the files of stores that are no more; those of stores that live are locked by their open handle. */
async function deleteLeftovers(folder: FileSystemDirectoryHandle): Promise<void> {
  for await (const name of folder.keys()) await folder.removeEntry(name).catch(() => undefined);
}
