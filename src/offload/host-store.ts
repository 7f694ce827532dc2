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
 * One suite of tests runs against every implementation.
 */
export interface HostStore {
  readonly shape: HostStoreShape;
  /** Bytes held in memory. */
  readonly hostBytes: number;
  /**
   * Stores pages of one KV head: `bytes` is `[ids.length, pageBytes]`.
   * @throws EngineError `host-memory`, `storage-quota`: then none of these pages is stored, and all others still are
   */
  write(layer: number, kvHead: number, ids: readonly PageId[], bytes: Uint8Array): Promise<void> | void;
  /**
   * Copies pages of one KV head to `target [ids.length, pageBytes]`; every one of them was written.
   * Returns nothing when that is done, or a promise when it must wait for a disk.
   */
  read(layer: number, kvHead: number, ids: readonly PageId[], target: Uint8Array): Promise<void> | void;
  /** Whether this head's page is stored: false for a page that was never written, or dropped since. */
  has(layer: number, kvHead: number, id: PageId): boolean;
  /** Forgets pages, all layers and heads; those that are not there are no error. */
  drop(ids: Iterable<PageId>): void;
  /** Frees everything. */
  close(): void;
}
