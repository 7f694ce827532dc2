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
import { SpareBuffers } from './spare-buffers';

/** Pages of one KV head, with one read of the store to be had. */
export interface PagesOnHost {
  readonly layer: number;
  readonly kvHead: number;
  readonly ids: readonly PageId[];
}

/** Slots that pages of one KV head go to. */
export interface PromotedPages {
  readonly slots: readonly Slot[];
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
  /** Where `fetch` puts pages, given back by `record`: several sequences may fetch before one records. */
  readonly #spares = new SpareBuffers();
  /** What staging holds although its way to the slots is not recorded yet. */
  #ahead: Uint8Array | undefined;
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

  /** Bytes brought to tiles since load. */
  get bytesStreamed(): number {
    return this.#bytesStreamed;
  }

  /**
   * Fetches pages from the store, a read for each head: what `record` then uploads, once. Resolves at once where the store is
   * in memory.
   */
  async fetch(heads: readonly PagesOnHost[]): Promise<Uint8Array<ArrayBuffer>> {
    const { pageBytes } = this.#store.shape;
    const sizeBytes = heads.reduce((sum, { ids }) => sum + ids.length, 0) * pageBytes;
    const bytes = new Uint8Array(this.#spares.take(sizeBytes), 0, sizeBytes);
    const pending: Promise<void>[] = [];
    let at = 0;
    for (const { layer, kvHead, ids } of heads) {
      if (ids.length === 0) continue;
      const end = at + ids.length * pageBytes;
      const wait = this.#store.read(layer, kvHead, ids, bytes.subarray(at, end));
      if (wait) pending.push(wait);
      at = end;
    }
    if (pending.length > 0) await Promise.all(pending);
    return bytes;
  }

  /** Uploads what `fetch` brought as soon as it is there, if staging is free, so that the step of `record` has less to do. */
  stageAhead(recorder: Recorder, bytes: Uint8Array<ArrayBuffer>): void {
    const fits = bytes.byteLength > 0 && bytes.byteLength <= reloaderBytes(this.#store.shape.pageBytes);
    if (this.#ahead || !fits) return;
    this.stage(recorder, bytes);
    this.#ahead = bytes;
  }

  /** What `fetch` brought will not be recorded. */
  drop(bytes: Uint8Array): void {
    if (this.#ahead === bytes) this.#ahead = undefined;
  }

  /**
   * Uploads what `fetch` brought, unless it was staged ahead, and records its way to the slots: one upload and a dispatch for each
   * pool, as a rule. The bytes are used up then.
   */
  record(recorder: Recorder, heads: readonly PromotedPages[], bytes: Uint8Array<ArrayBuffer>): void {
    const { pageBytes } = this.#store.shape;
    const numPerUpload = reloaderBytes(pageBytes) / pageBytes;
    const numPages = bytes.byteLength / pageBytes;
    let head = 0;
    let indexInHead = 0;
    for (let start = 0; start < numPages; start += numPerUpload) {
      const end = Math.min(start + numPerUpload, numPages);
      if (this.#ahead === bytes) this.#ahead = undefined;
      else this.stage(recorder, bytes.subarray(start * pageBytes, end * pageBytes));
      const pairsOf = new Map<GpuBuffer, number[]>();
      for (let page = start; page < end;) {
        const { slots, pool } = heads[head]!;
        const pairs = pairsOf.get(pool) ?? [];
        pairsOf.set(pool, pairs);
        while (page < end && indexInHead < slots.length) pairs.push(page++ - start, slots[indexInHead++]!);
        if (indexInHead < slots.length) break;
        head++;
        indexInHead = 0;
      }
      for (const [pool, pairs] of pairsOf) this.place(recorder, pool, pairs);
    }
    this.#spares.giveBack(bytes.buffer);
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
    this.#ahead = undefined;
  }

  /** Records the way of staged pages to slots of a pool: `pairs` of a page's place in staging and its slot. */
  place(recorder: Recorder, pool: GpuBuffer, pairs: readonly number[]): void {
    this.#place.get(pool)!(recorder, Uint32Array.from(pairs));
  }

  /**
   * Writes runs of pages, each of one KV head, to consecutive places of a tile from `offsetBytes` on. The caller has submitted
   * whatever reads what is there. Yields a wait where pages are on a disk; who does not go on after it leaves the tile as it is.
   */
  *fillTile(
    tile: GpuBuffer,
    pages: readonly (PagesOnHost & { readonly offsetBytes: number })[],
  ): Generator<HostWait> {
    const runs = pages.map(({ layer, kvHead, ids, offsetBytes }) => {
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
