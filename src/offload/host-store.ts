/** Where pages live outside the GPU: the interface that the memory and the disk tier share. */

import type { PageId } from '../cache/page';

export type { PageId };

/** Sizes that a store is made for. */
export interface HostStoreShape {
  readonly numLayers: number;
  readonly numKvHeads: number;
  /** Bytes of one page of one KV head. */
  readonly pageBytes: number;
}

/**
 * Keeps copies of full pages. What was written is read back bit by bit until its page is dropped; writing again replaces.
 * Calls take effect in their order, whether or not somebody waits in between: a drop also forgets what a write under way
 * brings, and a read gives what was stored when it was called. One suite of tests runs against every implementation.
 */
export interface HostStore {
  readonly shape: HostStoreShape;
  /** Bytes held in memory. */
  readonly hostBytes: number;
  /** Logical pages that memory would take without moving others away; 0 where pages go to the disk. */
  readonly numRoomPages: number;
  /** Bytes held on the disk. */
  readonly diskBytes: number;
  /**
   * Stores pages of one KV head: `bytes` is `[ids.length, pageBytes]`, `ids` names no page twice. Done on return, or when
   * the promise resolves; until then `bytes` must not change, and reads of these pages may still find the old ones.
   * @throws EngineError `host-memory`, `storage-quota`, `storage-lost`: then these pages are as they were before, and so are all others;
   *   `disposed` when the store is closed before the pages are stored
   */
  write(layer: number, kvHead: number, ids: readonly PageId[], bytes: Uint8Array): Promise<void> | void;
  /**
   * Copies pages of one KV head to `target [ids.length, pageBytes]`; every one of them was written.
   * Returns nothing when that is done, or a promise when it must wait for a disk; several reads may wait at once.
   * @throws EngineError `storage-lost` when the browser no longer has them, as when the site's data is cleared
   */
  read(layer: number, kvHead: number, ids: readonly PageId[], target: Uint8Array): Promise<void> | void;
  /** Whether this head's page is stored: false for a page that was never written, or dropped since. */
  has(layer: number, kvHead: number, id: PageId): boolean;
  /** Whether this head's page is stored in memory, so that `read` need not wait for a disk. */
  isInMemory(layer: number, kvHead: number, id: PageId): boolean;
  /** Forgets pages, all layers and heads; those that are not there are no error. */
  drop(ids: Iterable<PageId>): void;
  /** Frees everything; a promise while a disk is being cleared, which need not be waited for. Only once. */
  close(): Promise<void> | void;
}

/** Where a head's pages stand among the lists of a shape: `[layer, kvHead]`, the head fastest. */
export function listIndex(shape: HostStoreShape, layer: number, kvHead: number): number {
  return layer * shape.numKvHeads + kvHead;
}

/** Number of lists of pages: one for every KV head of every layer. */
export function numLists({
  numLayers,
  numKvHeads,
}: Pick<HostStoreShape, 'numLayers' | 'numKvHeads'>): number {
  return numLayers * numKvHeads;
}
