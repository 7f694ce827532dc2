/** Brings pages from the host back to the GPU: whole runs into a tile, or single pages through staging into their slots. */
import type { PageId, Slot } from '../cache/page';
import type { GpuBuffer } from '../gpu/buffer';
import type { Device } from '../gpu/device';
import type { BoundKernel, KernelCompiler } from '../gpu/kernel';
import { flatGrid, type Recorder } from '../gpu/recorder';
import { copyPages } from '../kernels/cache/copy-pages';
import type { HostStore } from './host-store';

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

/** Owns the staging buffer. */
export class Reloader {
  readonly #device: Device;
  readonly #store: HostStore;
  readonly #staging: GpuBuffer;
  readonly #bound: ReadonlyMap<GpuBuffer, BoundKernel<keyof typeof copyPages.params>>;
  #bytesReloaded = 0;
  #bytesStreamed = 0;

  private constructor(
    device: Device,
    store: HostStore,
    staging: GpuBuffer,
    bound: ReadonlyMap<GpuBuffer, BoundKernel<keyof typeof copyPages.params>>,
  ) {
    this.#device = device;
    this.#store = store;
    this.#staging = staging;
    this.#bound = bound;
  }

  /** @param pools every pool that pages may be promoted to */
  static async create(
    compiler: KernelCompiler,
    store: HostStore,
    pools: readonly GpuBuffer[],
  ): Promise<Reloader> {
    const kernel = await compiler.compile(copyPages);
    const { device } = compiler;
    const staging = device.buffers.create({
      label: 'reload staging',
      category: 'staging',
      sizeBytes: reloaderBytes(store.shape.pageBytes),
    });
    const bound = pools.map((pool) => [pool, kernel.bind({ source: staging, destination: pool })] as const);
    return new Reloader(device, store, staging, new Map(bound));
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
   * Fetches pages from the store, a read for each head: what `record` then uploads. Resolves at once where the store is in
   * memory.
   */
  async fetch(heads: readonly PagesOnHost[]): Promise<Uint8Array<ArrayBuffer>> {
    const { pageBytes } = this.#store.shape;
    const bytes = new Uint8Array(heads.reduce((sum, { ids }) => sum + ids.length, 0) * pageBytes);
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

  /** Uploads what `fetch` brought and records its way to the slots: one upload and a dispatch for each pool, as a rule. */
  record(recorder: Recorder, heads: readonly PromotedPages[], bytes: Uint8Array<ArrayBuffer>): void {
    const { pageBytes } = this.#store.shape;
    const numPerUpload = reloaderBytes(pageBytes) / pageBytes;
    const numPages = bytes.byteLength / pageBytes;
    let head = 0;
    let indexInHead = 0;
    for (let start = 0; start < numPages; start += numPerUpload) {
      const end = Math.min(start + numPerUpload, numPages);
      this.stage(recorder, bytes.subarray(start * pageBytes, end * pageBytes));
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
    const params = { numPages: pairs.length / 2, wordsPerPage: this.#store.shape.pageBytes / 4 };
    recorder.dispatch(this.#bound.get(pool)!, params, flatGrid(params.numPages), Uint32Array.from(pairs));
  }

  /**
   * Writes a run of pages of one KV head to consecutive places of a tile. The caller has submitted whatever reads what is
   * there. Returns nothing when that is done, or a promise when it waits for a disk.
   */
  fillTile(
    tile: GpuBuffer,
    offsetBytes: number,
    run: { readonly layer: number; readonly kvHead: number; readonly ids: readonly PageId[] },
  ): Promise<void> | void {
    const bytes = new Uint8Array(run.ids.length * this.#store.shape.pageBytes);
    const upload = () => {
      this.#device.write(tile, offsetBytes, bytes);
      this.#bytesStreamed += bytes.byteLength;
    };
    const wait = this.#store.read(run.layer, run.kvHead, run.ids, bytes);
    return wait ? wait.then(upload) : upload();
  }

  destroy(): void {
    this.#staging.destroy();
  }
}
