/** Brings pages from the host back to the GPU: whole runs into a tile, or single pages through staging into their slots. */
import type { PageId, Slot } from '../cache/page';
import { bufferAlignment, type GpuBuffer } from '../gpu/buffer';
import type { Device } from '../gpu/device';
import type { KernelCompiler } from '../gpu/kernel';
import { flatGrid, type Recorder } from '../gpu/recorder';
import { elementOf, type KvFormat } from '../kernels/attention/kv-format';
import { copyPages } from '../kernels/cache/copy-pages';
import { unpackPages, unpackPagesGrid } from '../kernels/cache/pack-pages';
import { roundUp } from '../util/math';
import type { HostStore } from './host-store';
import type { HostWait } from './offloader';
import { pieceBytes, UploadPieces, type Piece } from './upload-pieces';

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

/** Pages that `fetch` brought, in the order in which they were asked for. */
export interface FetchedPages {
  readonly numBytes: number;
  /** Whole pages each, all but the last full. */
  readonly pieces: readonly Piece[];
}

/** Bytes of the staging buffer at most, unless one page is larger: uploads are fastest in runs of a few megabytes. */
const mostStagingBytes = 4 * 2 ** 20;

/** How many pages of `pageBytes` have room in staging at once. */
export function numStagedPages(pageBytes: number): number {
  return Math.max(1, Math.floor(mostStagingBytes / pageBytes));
}

/** GPU bytes of a reloader for pages of `pageBytes`, with `numUploads` buffers that pages are read to. */
export function reloaderBytes(pageBytes: number, numUploads: number): number {
  return (
    roundUp(numStagedPages(pageBytes) * pageBytes, bufferAlignment) +
    numUploads * roundUp(pieceBytes(pageBytes), bufferAlignment)
  );
}

/** How pages are stored in pools, and how outside the GPU. */
interface ReloadFormats {
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
  readonly #pieces: UploadPieces;
  #bytesStreamed = 0;

  private constructor(
    device: Device,
    store: HostStore,
    staging: GpuBuffer,
    place: ReadonlyMap<GpuBuffer, PlacePages>,
    pieces: UploadPieces,
  ) {
    this.#device = device;
    this.#store = store;
    this.#staging = staging;
    this.#place = place;
    this.#pieces = pieces;
  }

  /**
   * @param pools every pool that pages may be promoted to; their pages have `format`, the store's `hostFormat`; `numUploads` buffers that pages are
   *   read to are mapped beforehand
   */
  static async create(
    compiler: KernelCompiler,
    store: HostStore,
    pools: readonly GpuBuffer[],
    { numUploads, ...formats }: ReloadFormats & { readonly numUploads: number },
  ): Promise<Reloader> {
    const { pageBytes } = store.shape;
    const bindPlace = await compilePlace(compiler, pageBytes, formats);
    const { device } = compiler;
    const staging = device.buffers.create({
      label: 'reload staging',
      category: 'staging',
      sizeBytes: numStagedPages(pageBytes) * pageBytes,
    });
    const place = pools.map((pool) => [pool, bindPlace(staging, pool)] as const);
    const pieces = new UploadPieces(device, pageBytes, numUploads);
    return new Reloader(device, store, staging, new Map(place), pieces);
  }

  /** Bytes brought to tiles since load. */
  get bytesStreamed(): number {
    return this.#bytesStreamed;
  }

  /**
   * Fetches pages from the store, for `record` or `drop`, once. Resolves at once where the store is in memory.
   * @throws what the store throws; then nothing is held
   */
  async fetch(heads: readonly PagesOnHost[]): Promise<FetchedPages> {
    const { pageBytes } = this.#store.shape;
    const numBytes = heads.reduce((sum, { ids }) => sum + ids.length, 0) * pageBytes;
    const { sizeBytes } = this.#pieces;
    const pieces: Piece[] = [];
    for (let at = 0; at < numBytes; at += sizeBytes) {
      pieces.push(this.#pieces.take(Math.min(sizeBytes, numBytes - at)));
    }
    const pages = { numBytes, pieces };
    const pending: Promise<void>[] = [];
    try {
      let at = 0;
      for (const { layer, kvHead, ids } of heads) {
        for (let first = 0; first < ids.length;) {
          const { bytes, numBytes: numInPiece } = pieces[Math.floor(at / sizeBytes)]!;
          const offset = at % sizeBytes;
          const end = Math.min(ids.length, first + (numInPiece - offset) / pageBytes);
          const target = bytes.subarray(offset, offset + (end - first) * pageBytes);
          const part = end - first === ids.length ? ids : ids.slice(first, end);
          const wait = this.#store.read(layer, kvHead, part, target);
          if (wait) pending.push(wait);
          at += (end - first) * pageBytes;
          first = end;
        }
      }
      if (pending.length > 0) await Promise.all(pending);
    } catch (error) {
      // Until then what is under way writes to the pieces.
      await Promise.allSettled(pending);
      this.drop(pages);
      throw error;
    }
    return pages;
  }

  /** What `fetch` brought will not be recorded. */
  drop({ pieces }: FetchedPages): void {
    for (const piece of pieces) this.#pieces.giveBack(piece);
  }

  /**
   * Records the way of what `fetch` brought to the slots: as a rule one copy for each piece, and a dispatch for each pool. The pages
   * are used up then.
   */
  record(recorder: Recorder, heads: readonly PromotedPages[], { pieces }: FetchedPages): void {
    const { pageBytes } = this.#store.shape;
    const numPerUpload = Math.max(1, Math.floor(this.#staging.sizeBytes / this.#pieces.sizeBytes));
    let head = 0;
    let indexInHead = 0;
    for (let first = 0; first < pieces.length; first += numPerUpload) {
      const numPages = this.#upload(recorder, pieces.slice(first, first + numPerUpload)) / pageBytes;
      const pairsOf = new Map<GpuBuffer, number[]>();
      for (let page = 0; page < numPages;) {
        const { slots, pool } = heads[head]!;
        const pairs = pairsOf.get(pool) ?? [];
        pairsOf.set(pool, pairs);
        while (page < numPages && indexInHead < slots.length) pairs.push(page++, slots[indexInHead++]!);
        if (indexInHead < slots.length) break;
        head++;
        indexInHead = 0;
      }
      for (const [pool, pairs] of pairsOf) this.place(recorder, pool, pairs);
    }
  }

  /** Brings pieces to the beginning of staging, one behind the other. @returns their bytes */
  #upload(recorder: Recorder, pieces: readonly Piece[]): number {
    // A write overtakes what is recorded but not submitted: staging must be free of earlier uploads. A copy does not.
    if (pieces.some(({ buffer }) => !buffer)) recorder.submit();
    let at = 0;
    for (const piece of pieces) {
      const { bytes, numBytes, buffer } = piece;
      if (buffer) {
        this.#pieces.recordCopy(recorder, { ...piece, buffer }, this.#staging, at);
      } else {
        this.#device.write(this.#staging, at, bytes);
        this.#pieces.giveBack(piece);
      }
      at += numBytes;
    }
    return at;
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
    this.#pieces.destroy();
  }
}
