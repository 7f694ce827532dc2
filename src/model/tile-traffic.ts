/**
 * How pages come into a prefill tile and leave it: unstable heads' pages from and to the pool; stable heads' pages from the
 * host; every full page to the host; what stable heads selected to their slots.
 */
import type { KvCache, LayerSlab } from '../cache/kv-cache';
import type { PageIndex } from '../cache/page';
import type { GpuBuffer } from '../gpu/buffer';
import type { BoundKernel, KernelCompiler } from '../gpu/kernel';
import { flatGrid, type Recorder } from '../gpu/recorder';
import { copyPages } from '../kernels/cache/copy-pages';
import { placeSelected } from '../kernels/select/place-selected';
import type { Offloader, PageRun } from '../offload/offloader';
import type { Reloader } from '../offload/reloader';

/** The ways to and from the host. */
export interface HostTraffic {
  readonly offloader: Offloader;
  readonly reloader: Reloader;
  /** Whether the full pages of a sequence go to the host: they must where heads are stable, or somebody wants to keep them. */
  isKept(sequence: number): boolean;
}

/** Where a tile's pages are in their sequence. */
export interface TileView {
  readonly sequence: number;
  /** Page at the tile's beginning. */
  readonly firstPage: number;
}

interface BoundSlab {
  readonly slab: LayerSlab;
  readonly unstable: readonly number[];
  readonly stable: readonly number[];
  readonly fromPool: BoundKernel<keyof typeof copyPages.params>;
  readonly toPool: BoundKernel<keyof typeof copyPages.params>;
  readonly place: BoundKernel<keyof typeof placeSelected.params>;
}

/** Traffic of one tile buffer for one layer. */
export class TileTraffic {
  readonly #cache: KvCache;
  readonly #host: HostTraffic;
  readonly #layer: number;
  readonly #tile: GpuBuffer;
  readonly #tilePages: number;
  readonly #slabs: readonly BoundSlab[];

  private constructor(
    cache: KvCache,
    host: HostTraffic,
    layer: number,
    tile: GpuBuffer,
    tilePages: number,
    slabs: readonly BoundSlab[],
  ) {
    this.#cache = cache;
    this.#host = host;
    this.#layer = layer;
    this.#tile = tile;
    this.#tilePages = tilePages;
    this.#slabs = slabs;
  }

  /** Binds the copies between `tile [kvHeads, tilePages, page]` and the pools of a layer. */
  static async create(
    compiler: KernelCompiler,
    cache: KvCache,
    host: HostTraffic,
    layer: number,
    tile: GpuBuffer,
    tilePages: number,
  ): Promise<TileTraffic> {
    const [copy, place] = await Promise.all([compiler.compile(copyPages), compiler.compile(placeSelected)]);
    const { unstable } = cache.shape;
    const { selections, selectionState, slotTable, blockTable } = cache;
    const slabs = cache.layers[layer]!.map((slab): BoundSlab => {
      const { pool, firstKvHead, numKvHeads } = slab;
      const heads = Array.from({ length: numKvHeads }, (_, i) => firstKvHead + i);
      return {
        slab,
        unstable: heads.filter((kvHead) => unstable.has(layer, kvHead)),
        stable: heads.filter((kvHead) => !unstable.has(layer, kvHead)),
        fromPool: copy.bind({ source: pool, destination: tile }),
        toPool: copy.bind({ source: tile, destination: pool }),
        place: place.bind({ tile, selections, selectionState, slotTable, pool, blockTable }),
      };
    });
    return new TileTraffic(cache, host, layer, tile, tilePages, slabs);
  }

  /**
   * Brings pages `[from, to)` into the tile. Yields a promise where the host does not have them yet: the caller submits what
   * is recorded, waits, and goes on.
   */
  *fill(recorder: Recorder, view: TileView, from: number, to: number): Generator<Promise<void>> {
    if (from >= to) return;
    const stable = this.#slabs.flatMap((bound) => bound.stable);
    if (stable.length > 0) {
      const { offloader, reloader } = this.#host;
      const ids = this.#cache.pagesOf(view.sequence).slice(from, to);
      const isHere = (kvHead: number) => ids.every((id) => offloader.store.has(this.#layer, kvHead, id));
      if (!stable.every(isHere)) yield offloader.settled();
      // Earlier work reads what stands in the tile now: it goes first.
      recorder.submit();
      const waits = stable.flatMap((kvHead) => {
        const offset = this.#offsetBytes(kvHead, from - view.firstPage);
        return reloader.fillTile(this.#tile, offset, { layer: this.#layer, kvHead, ids }) ?? [];
      });
      if (waits.length > 0) yield Promise.all(waits).then(() => undefined);
    }
    this.#copy(recorder, view, from, to, false);
  }

  /** Copies pages `[from, to)` of unstable heads from the tile to their slots. */
  store(recorder: Recorder, view: TileView, from: number, to: number): void {
    this.#copy(recorder, view, from, to, true);
  }

  /** Sends full pages `[from, to)` of all heads to the host. Yields a promise where all buffers are under way. */
  *offload(recorder: Recorder, view: TileView, from: number, to: number): Generator<Promise<void>> {
    if (from >= to || !this.#host.isKept(view.sequence)) return;
    const { offloader } = this.#host;
    const { numKvHeads } = this.#cache.shape;
    const ids = this.#cache.pagesOf(view.sequence).slice(from, to);
    const runs = Array.from({ length: numKvHeads }, (_, kvHead): PageRun => {
      const offsetBytes = this.#offsetBytes(kvHead, from - view.firstPage);
      return { layer: this.#layer, kvHead, ids, source: this.#tile, offsetBytes };
    });
    while (!offloader.hasFreeSlot) yield offloader.slotFreed();
    offloader.record(recorder, runs);
  }

  /** Copies what stable heads selected among the tile's first `numTilePages` pages to the slots reserved for it. */
  place(recorder: Recorder, view: TileView, numTilePages: number): void {
    const { numSequences, numKvHeads, pagesPerHead, maxPages } = this.#cache.shape;
    for (const { stable, place } of this.#slabs) {
      if (stable.length === 0) continue;
      const params = {
        firstList: (this.#layer * numSequences + view.sequence) * numKvHeads,
        budget: pagesPerHead,
        tileFirstPage: view.firstPage,
        tilePages: this.#tilePages,
        numTilePages,
        tableOffset: this.#cache.table.layerOffset(this.#layer) + view.sequence * numKvHeads * maxPages,
        maxPages,
        vectorsPerPage: this.#cache.layout.pageBytes / 16,
      };
      recorder.dispatch(place, params, [pagesPerHead, stable.length], Uint32Array.from(stable));
    }
  }

  #offsetBytes(kvHead: number, tilePage: number): number {
    return (kvHead * this.#tilePages + tilePage) * this.#cache.layout.pageBytes;
  }

  #copy(recorder: Recorder, view: TileView, from: number, to: number, isToPool: boolean): void {
    if (from >= to) return;
    for (const { unstable, fromPool, toPool } of this.#slabs) {
      const pairs = new Uint32Array(2 * (to - from) * unstable.length);
      let at = 0;
      for (const kvHead of unstable) {
        for (let page = from; page < to; page++) {
          const slot = this.#cache.table.get(this.#layer, view.sequence, kvHead, page as PageIndex);
          const inTile = kvHead * this.#tilePages + page - view.firstPage;
          pairs[at++] = isToPool ? inTile : slot;
          pairs[at++] = isToPool ? slot : inTile;
        }
      }
      const params = { numPages: pairs.length / 2, wordsPerPage: this.#cache.layout.pageBytes / 4 };
      recorder.dispatch(isToPool ? toPool : fromPool, params, flatGrid(params.numPages), pairs);
    }
  }
}
