/**
 * How pages come into a prefill tile and leave it: pages of unstable heads and of windows from and to the pool; stable heads' pages
 * from the host; every full page to the host; what stable heads selected to their slots.
 */
import type { KvCache, LayerSlab } from '../cache/kv-cache';
import { numLists, openSlots, ringPagesOf } from '../cache/cache-layout';
import { pageTokens } from '../cache/page';
import type { GpuBuffer } from '../gpu/buffer';
import type { BoundKernel, KernelCompiler } from '../gpu/kernel';
import { flatGrid, type Recorder } from '../gpu/recorder';
import { pageBytes, summaryBytes } from '../kernels/attention/kv-format';
import { copyPages } from '../kernels/cache/copy-pages';
import { placeSelected } from '../kernels/select/place-selected';
import type { HostWait, Offloader, PageRun } from '../offload/offloader';
import type { PagesOnHost, Reloader } from '../offload/reloader';
import { allHeads, pageRange, type PageLists } from './earlier-pages';
import { fetched } from '../util/fetched';
import type { TilePacking } from './tile-packing';

/** The ways to and from the host. */
export interface HostTraffic {
  readonly offloader: Offloader;
  readonly reloader: Reloader;
  /** Whether the full pages of a sequence go to the host: they must where heads are stable, or somebody wants to keep them. */
  isKept(sequence: number): boolean;
}

/** Where a tile's pages are in their sequence. */
interface TileView {
  readonly sequence: number;
  /** Page at the tile's beginning. */
  readonly firstPage: number;
}

/** What a tile holds of each head, as `place` is to find it there. */
interface TileContent {
  /** The page at the tile's beginning; with `endPage` the entry of the head's selection. */
  readonly first: number;
  readonly numPages: number;
  /** Present where the tile holds the pages of consecutive entries of each head's selection, as far as they are below this. */
  readonly endPage?: number | undefined;
}

interface BoundSlab {
  readonly slab: LayerSlab;
  /** Heads whose earlier pages are in the pool: unstable ones, and all of a layer with rings, as far as its window goes. */
  readonly pooled: readonly number[];
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
  readonly #packing: TilePacking | undefined;

  private constructor(
    cache: KvCache,
    host: HostTraffic,
    layer: number,
    tile: GpuBuffer,
    tilePages: number,
    slabs: readonly BoundSlab[],
    packing: TilePacking | undefined,
  ) {
    this.#cache = cache;
    this.#host = host;
    this.#layer = layer;
    this.#tile = tile;
    this.#tilePages = tilePages;
    this.#slabs = slabs;
    this.#packing = packing;
  }

  /**
   * Binds the copies between `tile [kvHeads, tilePages, page]` and the pools of a layer. `packedTile` holds the same pages in 8
   * bits, where those are what pools or the host have.
   */
  static async create(
    compiler: KernelCompiler,
    cache: KvCache,
    host: HostTraffic,
    layer: number,
    tile: GpuBuffer,
    packedTile: GpuBuffer,
    tilePages: number,
  ): Promise<TileTraffic> {
    const { unstable, format, hostFormat } = cache.shape;
    const [copy, place, packing] = await Promise.all([
      compiler.compile(copyPages),
      compiler.compile(placeSelected),
      hostFormat === 'int8'
        ? fetched(import('./tile-packing')).then(({ bindPacking }) =>
            bindPacking(compiler, cache, tile, packedTile),
          )
        : undefined,
    ]);
    const ofPool = format === 'int8' ? packedTile : tile;
    const { lists, listState, slotTable, blockTable } = cache;
    const slabs = cache.layers[layer]!.map((slab): BoundSlab => {
      const { pool, firstKvHead, numKvHeads } = slab;
      const heads = Array.from({ length: numKvHeads }, (_, i) => firstKvHead + i);
      const isPooled = (kvHead: number) => unstable.has(layer, kvHead) || ringPagesOf(cache.shape, layer) > 0;
      return {
        slab,
        pooled: heads.filter(isPooled),
        stable: heads.filter((kvHead) => !isPooled(kvHead)),
        fromPool: copy.bind({ source: pool, destination: ofPool }),
        toPool: copy.bind({ source: ofPool, destination: pool }),
        place: place.bind({ tile: ofPool, lists, listState, slotTable, pool, blockTable }),
      };
    });
    return new TileTraffic(cache, host, layer, tile, tilePages, slabs, packing);
  }

  /**
   * Brings pages of a sequence into the tile: those of `lists[kvHead]` to consecutive places from `firstPlace` on. Yields a wait
   * where the host does not have them yet: the caller submits what is recorded, waits, and goes on.
   */
  *fill(recorder: Recorder, sequence: number, lists: PageLists, firstPlace = 0): Generator<HostWait> {
    const isWanted = (kvHead: number) => lists[kvHead]!.length > 0;
    const stable = this.#slabs.flatMap((bound) => bound.stable).filter(isWanted);
    const pooled = this.#slabs.flatMap((bound) => bound.pooled).filter(isWanted);
    if (stable.length > 0) {
      const { offloader, reloader } = this.#host;
      const layer = this.#layer;
      const ids = this.#cache.pagesOf(sequence);
      const runs = stable.map((kvHead) => ({
        layer,
        kvHead,
        ids: lists[kvHead]!.map((page) => ids[page]!),
        offsetBytes: this.#offsetBytes(kvHead, firstPlace),
      }));
      const isHere = (run: PagesOnHost) => run.ids.every((id) => offloader.store.has(layer, run.kvHead, id));
      if (!runs.every(isHere)) yield () => offloader.settled(runs.flatMap((run) => run.ids));
      // Earlier work reads what stands in the tile now: it goes first.
      recorder.submit();
      yield* reloader.fillTile(this.#ofHost, runs);
    }
    this.#copy(recorder, sequence, lists, firstPlace, false);
    const packed = this.#cache.shape.format === 'int8' ? [...stable, ...pooled] : stable;
    if (packed.length > 0) this.#packing?.unpack(recorder, this.#places(packed, lists, firstPlace));
  }

  /**
   * Where pages have 8 bits outside tiles: packs the tile's tokens `[start, end)`, all heads. Whole pages hold what 8 bits do
   * from now on. Of a last page that is not full the tile keeps its elements, and so do the keys of the sequence's open page.
   */
  pack(recorder: Recorder, view: TileView, start: number, end: number): void {
    if (!this.#packing) return;
    const { format, numKvHeads } = this.#cache.shape;
    const heads = Array.from({ length: numKvHeads }, (_, kvHead) => kvHead);
    const endFull = Math.floor(end / pageTokens);
    const firstPage = start / pageTokens;
    const full = allHeads(numKvHeads, pageRange(firstPage, endFull));
    this.#packing.pack(recorder, this.#places(heads, full, firstPage - view.firstPage), pageTokens);
    const numOpen = end % pageTokens;
    if (numOpen === 0 || format !== 'int8') return;
    const open = allHeads(numKvHeads, pageRange(endFull, endFull + 1));
    this.#packing.pack(recorder, this.#places(heads, open, endFull - view.firstPage), numOpen);
    for (const kvHead of heads) this.#copyOpenKeys(recorder, view, kvHead, endFull);
  }

  /**
   * Copies pages `[from, to)` of heads that have them in the pool from the tile to their slots. In a ring they take the places of
   * earlier ones, which have been read by then; of more than it holds, the last go there.
   */
  store(recorder: Recorder, { sequence, firstPage }: TileView, start: number, to: number): void {
    const ring = ringPagesOf(this.#cache.shape, this.#layer);
    const from = ring > 0 ? Math.max(start, to - ring) : start;
    const lists = allHeads(this.#cache.shape.numKvHeads, pageRange(from, to));
    this.#copy(recorder, sequence, lists, from - firstPage, true);
  }

  /** Sends full pages `[from, to)` of all heads to the host. Yields a wait where all buffers are under way. */
  *offload(recorder: Recorder, view: TileView, from: number, to: number): Generator<HostWait> {
    if (from >= to || !this.#host.isKept(view.sequence)) return;
    const { offloader } = this.#host;
    const { numKvHeads } = this.#cache.shape;
    const ids = this.#cache.pagesOf(view.sequence).slice(from, to);
    const runs = Array.from({ length: numKvHeads }, (_, kvHead): PageRun => {
      const offsetBytes = this.#offsetBytes(kvHead, from - view.firstPage);
      return { layer: this.#layer, kvHead, ids, source: this.#ofHost, offsetBytes };
    });
    const sizeBytes = numKvHeads * ids.length * this.#cache.layout.hostPageBytes;
    while (!offloader.hasRoomForPrefill(sizeBytes)) yield () => offloader.slotFreed();
    offloader.record(recorder, runs, sizeBytes);
  }

  /** Copies what stable heads selected among what the tile holds to the slots reserved for it. */
  place(recorder: Recorder, sequence: number, { first, numPages, endPage }: TileContent): void {
    const { numSequences, numKvHeads, pagesPerHead, maxPages } = this.#cache.shape;
    for (const { stable, place } of this.#slabs) {
      if (stable.length === 0) continue;
      const params = {
        firstList: (this.#layer * numSequences + sequence) * numKvHeads,
        numLists: numLists(this.#cache.shape),
        budget: pagesPerHead,
        tileFirst: first,
        tilePages: this.#tilePages,
        numTilePages: numPages,
        isListed: Number(endPage !== undefined),
        endPage: endPage ?? maxPages,
        tableOffset: this.#cache.table.layerOffset(this.#layer) + sequence * numKvHeads * maxPages,
        maxPages,
        vectorsPerPage: this.#cache.layout.pageBytes / 16,
      };
      recorder.dispatch(place, params, [pagesPerHead, stable.length], Uint32Array.from(stable));
    }
  }

  #offsetBytes(kvHead: number, tilePage: number): number {
    return (kvHead * this.#tilePages + tilePage) * this.#cache.layout.hostPageBytes;
  }

  /** The tile as the host has it. */
  get #ofHost(): GpuBuffer {
    return this.#packing?.packedTile ?? this.#tile;
  }

  /** Places of some heads' pages in the tile. */
  #places(heads: readonly number[], lists: PageLists, firstPlace: number): number[] {
    return heads.flatMap((kvHead) => lists[kvHead]!.map((_, i) => kvHead * this.#tilePages + firstPlace + i));
  }

  /** The keys of a page that is not full go to the sequence's open page, from where appending goes on. */
  #copyOpenKeys(recorder: Recorder, { sequence, firstPage }: TileView, kvHead: number, page: number): void {
    const { shape } = this.#cache;
    const { firstKvHead, open } = this.#cache.slabOf(this.#layer, kvHead);
    const sizeBytes = pageBytes('f16', shape.headDim) / 2;
    const { first, perHead } = openSlots(shape, this.#layer);
    const slot = (kvHead - firstKvHead) * perHead + first;
    const target = slot * summaryBytes(shape.format, shape.headDim) + sequence * sizeBytes;
    const source = 2 * (kvHead * this.#tilePages + page - firstPage) * sizeBytes;
    recorder.copy(this.#tile, source, open, target, sizeBytes);
  }

  /** Copies pages between their slots and the tile. */
  #copy(recorder: Recorder, sequence: number, lists: PageLists, firstPlace: number, isToPool: boolean): void {
    for (const { pooled, fromPool, toPool } of this.#slabs) {
      const pairs = pooled.flatMap((kvHead) =>
        lists[kvHead]!.flatMap((page, i) => {
          const slot = this.#cache.table.get(this.#layer, sequence, kvHead, page);
          const place = kvHead * this.#tilePages + firstPlace + i;
          return isToPool ? [place, slot] : [slot, place];
        }),
      );
      if (pairs.length === 0) continue;
      const params = { numPages: pairs.length / 2, wordsPerPage: this.#cache.layout.pageBytes / 4 };
      recorder.dispatch(
        isToPool ? toPool : fromPool,
        params,
        flatGrid(params.numPages),
        Uint32Array.from(pairs),
      );
    }
  }
}
