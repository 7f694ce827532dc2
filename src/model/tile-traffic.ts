/**
 * How pages come into a prefill tile and leave it: unstable heads' pages from and to the pool; stable heads' pages from the
 * host; every full page to the host; what stable heads selected to their slots.
 */
import type { KvCache, LayerSlab } from '../cache/kv-cache';
import { numSummarySlots } from '../cache/cache-layout';
import { pageTokens, type PageIndex } from '../cache/page';
import type { GpuBuffer } from '../gpu/buffer';
import type { BoundKernel, KernelCompiler } from '../gpu/kernel';
import { flatGrid, type Recorder } from '../gpu/recorder';
import { elementOf, pageBytes } from '../kernels/attention/kv-format';
import { copyPages } from '../kernels/cache/copy-pages';
import { packPages, packPagesGrid, unpackPages, unpackPagesGrid } from '../kernels/cache/pack-pages';
import { placeSelected } from '../kernels/select/place-selected';
import type { HostWait, Offloader, PageRun } from '../offload/offloader';
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

/** A tile and its pages in 8 bits. `places` are pages of the tile, and of the packed one. */
interface Packing {
  readonly packedTile: GpuBuffer;
  readonly pack: (recorder: Recorder, places: readonly number[], numTokens: number) => void;
  readonly unpack: (recorder: Recorder, places: readonly number[]) => void;
}

async function bindPacking(
  compiler: KernelCompiler,
  { shape }: KvCache,
  tile: GpuBuffer,
  packedTile: GpuBuffer,
): Promise<Packing> {
  const { headDim } = shape;
  const element = elementOf(shape.format);
  const constants = { HEAD_DIM: headDim };
  const [packKernel, unpackKernel] = await Promise.all([
    compiler.compile(packPages(element), constants),
    compiler.compile(unpackPages(element), constants),
  ]);
  const pack = packKernel.bind({ pages: tile, packed: packedTile });
  const unpack = unpackKernel.bind({ packed: packedTile, pages: tile });
  const listOf = (places: readonly number[]) => Uint32Array.from(places.flatMap((place) => [place, place]));
  return {
    packedTile,
    pack: (recorder, places, numTokens) => {
      const numPages = places.length;
      recorder.dispatch(pack, { numPages, numTokens }, packPagesGrid(numPages, headDim), listOf(places));
    },
    unpack: (recorder, places) => {
      const numPages = places.length;
      recorder.dispatch(unpack, { numPages }, unpackPagesGrid(numPages, headDim), listOf(places));
    },
  };
}

/** Traffic of one tile buffer for one layer. */
export class TileTraffic {
  readonly #cache: KvCache;
  readonly #host: HostTraffic;
  readonly #layer: number;
  readonly #tile: GpuBuffer;
  readonly #tilePages: number;
  readonly #slabs: readonly BoundSlab[];
  readonly #packing: Packing | undefined;

  private constructor(
    cache: KvCache,
    host: HostTraffic,
    layer: number,
    tile: GpuBuffer,
    tilePages: number,
    slabs: readonly BoundSlab[],
    packing: Packing | undefined,
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
      hostFormat === 'int8' ? bindPacking(compiler, cache, tile, packedTile) : undefined,
    ]);
    const ofPool = format === 'int8' ? packedTile : tile;
    const { selections, selectionState, slotTable, blockTable } = cache;
    const slabs = cache.layers[layer]!.map((slab): BoundSlab => {
      const { pool, firstKvHead, numKvHeads } = slab;
      const heads = Array.from({ length: numKvHeads }, (_, i) => firstKvHead + i);
      return {
        slab,
        unstable: heads.filter((kvHead) => unstable.has(layer, kvHead)),
        stable: heads.filter((kvHead) => !unstable.has(layer, kvHead)),
        fromPool: copy.bind({ source: pool, destination: ofPool }),
        toPool: copy.bind({ source: ofPool, destination: pool }),
        place: place.bind({ tile: ofPool, selections, selectionState, slotTable, pool, blockTable }),
      };
    });
    return new TileTraffic(cache, host, layer, tile, tilePages, slabs, packing);
  }

  /**
   * Brings pages `[from, to)` into the tile. Yields a wait where the host does not have them yet: the caller submits what
   * is recorded, waits, and goes on.
   */
  *fill(recorder: Recorder, view: TileView, from: number, to: number): Generator<HostWait> {
    if (from >= to) return;
    const stable = this.#slabs.flatMap((bound) => bound.stable);
    if (stable.length > 0) {
      const { offloader, reloader } = this.#host;
      const ids = this.#cache.pagesOf(view.sequence).slice(from, to);
      const isHere = (kvHead: number) => ids.every((id) => offloader.store.has(this.#layer, kvHead, id));
      if (!stable.every(isHere)) yield () => offloader.settled(ids);
      // Earlier work reads what stands in the tile now: it goes first.
      recorder.submit();
      const places = stable.map((kvHead) => ({
        kvHead,
        offsetBytes: this.#offsetBytes(kvHead, from - view.firstPage),
      }));
      yield* reloader.fillTile(this.#ofHost, this.#layer, ids, places);
    }
    this.#copy(recorder, view, from, to, false);
    if (!this.#packing) return;
    const unstable = this.#slabs.flatMap((bound) => bound.unstable);
    const packed = this.#cache.shape.format === 'int8' ? [...stable, ...unstable] : stable;
    this.#packing.unpack(recorder, this.#places(packed, view, from, to));
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
    this.#packing.pack(recorder, this.#places(heads, view, start / pageTokens, endFull), pageTokens);
    const numOpen = end % pageTokens;
    if (numOpen === 0 || format !== 'int8') return;
    this.#packing.pack(recorder, this.#places(heads, view, endFull, endFull + 1), numOpen);
    for (const kvHead of heads) this.#copyOpenKeys(recorder, view, kvHead, endFull);
  }

  /** Copies pages `[from, to)` of unstable heads from the tile to their slots. */
  store(recorder: Recorder, view: TileView, from: number, to: number): void {
    this.#copy(recorder, view, from, to, true);
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
    while (!offloader.hasSlotForPrefill) yield () => offloader.slotFreed();
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
    return (kvHead * this.#tilePages + tilePage) * this.#cache.layout.hostPageBytes;
  }

  /** The tile as the host has it. */
  get #ofHost(): GpuBuffer {
    return this.#packing?.packedTile ?? this.#tile;
  }

  /** Places of pages `[from, to)` of some heads in the tile. */
  #places(heads: readonly number[], view: TileView, from: number, to: number): number[] {
    return heads.flatMap((kvHead) =>
      Array.from({ length: to - from }, (_, i) => kvHead * this.#tilePages + from + i - view.firstPage),
    );
  }

  /** The keys of a page that is not full go to the sequence's open page, from where appending goes on. */
  #copyOpenKeys(recorder: Recorder, { sequence, firstPage }: TileView, kvHead: number, page: number): void {
    const { shape } = this.#cache;
    const { firstKvHead, summaries } = this.#cache.slabOf(this.#layer, kvHead);
    const sizeBytes = pageBytes('f16', shape.headDim) / 2;
    const slot = (kvHead - firstKvHead) * numSummarySlots(shape) + shape.numPageIds;
    const target = slot * this.#cache.layout.summaryBytes + sequence * sizeBytes;
    const source = 2 * (kvHead * this.#tilePages + page - firstPage) * sizeBytes;
    recorder.copy(this.#tile, source, summaries, target, sizeBytes);
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
