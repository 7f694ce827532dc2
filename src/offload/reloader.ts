/** Brings pages from the host back to the GPU: whole runs into a tile, or single pages through staging into their slots. */
import type { PageId, Slot } from '../cache/page';
import type { GpuBuffer } from '../gpu/buffer';
import type { Device } from '../gpu/device';
import type { KernelCompiler } from '../gpu/kernel';
import { flatGrid, type Recorder } from '../gpu/recorder';
import { elementOf, type KvFormat } from '../kernels/attention/kv-format';
import { copyPages } from '../kernels/cache/copy-pages';
import { unpackPages, unpackPagesGrid } from '../kernels/cache/pack-pages';
import type { HostStore } from './host-store';
import type { HostWait } from './offloader';

/** One page of one KV head. */
export interface PageOnHost {
  readonly layer: number;
  readonly kvHead: number;
  readonly id: PageId;
}

/** One page that is to go to a slot of a pool. */
export interface Promotion extends PageOnHost {
  readonly slot: Slot;
  /** The slab's pool. */
  readonly pool: GpuBuffer;
}

/** Bytes of the staging buffer: uploads are fastest in pieces of a few megabytes. */
const stagingBytes = 4 * 2 ** 20;

/** GPU bytes of a reloader for pages of `pageBytes`. */
export function reloaderBytes(pageBytes: number): number {
  return Math.max(pageBytes, Math.floor(stagingBytes / pageBytes) * pageBytes);
}

/** How pages are stored in pools, and how outside the GPU. */
export interface ReloadFormats {
  readonly format: KvFormat;
  readonly hostFormat: KvFormat;
  readonly headDim: number;
}

/** Records the way of staged pages to slots, by pairs (staged page, slot). */
type PlacePages = (recorder: Recorder, pairs: Uint32Array) => void;

/** Copies pages, or unpacks them where only the host has 8 bits. */
async function compilePlace(
  compiler: KernelCompiler,
  pageBytes: number,
  { format, hostFormat, headDim }: ReloadFormats,
): Promise<(staging: GpuBuffer, pool: GpuBuffer) => PlacePages> {
  if (hostFormat === format) {
    const kernel = await compiler.compile(copyPages);
    return (source, destination) => {
      const bound = kernel.bind({ source, destination });
      return (recorder, pairs) => {
        const params = { numPages: pairs.length / 2, wordsPerPage: pageBytes / 4 };
        recorder.dispatch(bound, params, flatGrid(params.numPages), pairs);
      };
    };
  }
  const kernel = await compiler.compile(unpackPages(elementOf(format)), { HEAD_DIM: headDim });
  return (packed, pages) => {
    const bound = kernel.bind({ packed, pages });
    return (recorder, pairs) => {
      const numPages = pairs.length / 2;
      recorder.dispatch(bound, { numPages }, unpackPagesGrid(numPages, headDim), pairs);
    };
  };
}

/** Owns the staging buffer. */
export class Reloader {
  readonly #device: Device;
  readonly #store: HostStore;
  readonly #staging: GpuBuffer;
  readonly #place: ReadonlyMap<GpuBuffer, PlacePages>;
  #bytesReloaded = 0;
  #bytesStreamed = 0;

  private constructor(
    device: Device,
    store: HostStore,
    staging: GpuBuffer,
    place: ReadonlyMap<GpuBuffer, PlacePages>,
  ) {
    this.#device = device;
    this.#store = store;
    this.#staging = staging;
    this.#place = place;
  }

  /** @param pools every pool that pages may be promoted to; their pages have `format`, the store's `hostFormat` */
  static async create(
    compiler: KernelCompiler,
    store: HostStore,
    pools: readonly GpuBuffer[],
    formats: ReloadFormats,
  ): Promise<Reloader> {
    const bindPlace = await compilePlace(compiler, store.shape.pageBytes, formats);
    const { device } = compiler;
    const staging = device.buffers.create({
      label: 'reload staging',
      category: 'staging',
      sizeBytes: reloaderBytes(store.shape.pageBytes),
    });
    const place = pools.map((pool) => [pool, bindPlace(staging, pool)] as const);
    return new Reloader(device, store, staging, new Map(place));
  }

  /** Bytes brought back through staging since load. */
  get bytesReloaded(): number {
    return this.#bytesReloaded;
  }

  /** Bytes brought to tiles since load. */
  get bytesStreamed(): number {
    return this.#bytesStreamed;
  }

  /**
   * Fetches pages from the store: what `record` then uploads. Resolves at once where the store is in memory.
   */
  async fetch(promotions: readonly PageOnHost[]): Promise<Uint8Array<ArrayBuffer>> {
    const { pageBytes } = this.#store.shape;
    const bytes = new Uint8Array(promotions.length * pageBytes);
    const waits = promotions.map(({ layer, kvHead, id }, i) =>
      this.#store.read(layer, kvHead, [id], bytes.subarray(i * pageBytes, (i + 1) * pageBytes)),
    );
    const pending = waits.filter((wait) => wait !== undefined);
    if (pending.length > 0) await Promise.all(pending);
    return bytes;
  }

  /** Uploads what `fetch` brought and records its way to the slots: one upload and a dispatch for each pool, as a rule. */
  record(recorder: Recorder, promotions: readonly Promotion[], bytes: Uint8Array<ArrayBuffer>): void {
    const { pageBytes } = this.#store.shape;
    const numPerUpload = reloaderBytes(pageBytes) / pageBytes;
    for (let start = 0; start < promotions.length; start += numPerUpload) {
      const part = promotions.slice(start, start + numPerUpload);
      this.stage(recorder, bytes.subarray(start * pageBytes, (start + part.length) * pageBytes));
      for (const pool of new Set(part.map((promotion) => promotion.pool))) {
        const pairs = part.flatMap((promotion, i) => (promotion.pool === pool ? [i, promotion.slot] : []));
        this.place(recorder, pool, pairs);
      }
    }
  }

  /** The staging buffer, `[pages, page]`, for kernels that read what was staged. */
  get staging(): GpuBuffer {
    return this.#staging;
  }

  /** Uploads whole pages to the beginning of staging, whose earlier content has been recorded to its places. */
  stage(recorder: Recorder, bytes: Uint8Array<ArrayBuffer>): void {
    // A write overtakes what is recorded but not submitted: the staging buffer must be free of earlier uploads.
    recorder.submit();
    this.#device.write(this.#staging, 0, bytes);
    this.#bytesReloaded += bytes.byteLength;
  }

  /** Records the way of staged pages to slots of a pool: `pairs` of a page's place in staging and its slot. */
  place(recorder: Recorder, pool: GpuBuffer, pairs: readonly number[]): void {
    this.#place.get(pool)!(recorder, Uint32Array.from(pairs));
  }

  /**
   * Writes runs of pages, each of one KV head, to consecutive places of a tile. The caller has submitted whatever reads what is
   * there. Yields a wait where pages are on a disk; who does not go on after it leaves the tile as it is.
   */
  *fillTile(
    tile: GpuBuffer,
    layer: number,
    ids: readonly PageId[],
    places: readonly { readonly kvHead: number; readonly offsetBytes: number }[],
  ): Generator<HostWait> {
    const runs = places.map(({ kvHead, offsetBytes }) => {
      const bytes = new Uint8Array(ids.length * this.#store.shape.pageBytes);
      return { bytes, offsetBytes, wait: this.#store.read(layer, kvHead, ids, bytes) };
    });
    const waits = runs.map(({ wait }) => wait).filter((wait) => wait !== undefined);
    if (waits.length > 0) yield () => Promise.all(waits).then(() => undefined);
    for (const { bytes, offsetBytes } of runs) {
      this.#device.write(tile, offsetBytes, bytes);
      this.#bytesStreamed += bytes.byteLength;
    }
  }

  destroy(): void {
    this.#staging.destroy();
  }
}
