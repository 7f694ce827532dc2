/**
 * Brings a sequence back to the GPU from the host's copies of its pages: unstable heads' pages into their slots, summaries of
 * all heads into theirs. Stable heads need nothing: they select with the next prompt. Nor do layers with rings, whose windows come
 * with it.
 */
import type { KvCache, LayerSlab } from '../cache/kv-cache';
import { numSummarySlots, ringPagesOf } from '../cache/cache-layout';
import type { PageId, PageIndex } from '../cache/page';
import type { Device } from '../gpu/device';
import type { KernelCompiler } from '../gpu/kernel';
import type { Recorder } from '../gpu/recorder';
import type { GpuBuffer } from '../gpu/buffer';
import { elementOf } from '../kernels/attention/kv-format';
import { pageSummary, pageSummaryGrid } from '../kernels/cache/page-summary';
import { bindDigests, compileDigest } from '../graph/page-digests';
import type { HostTraffic } from '../graph/tile-traffic';
import { numStagedPages } from '../offload/reloader';
import { runsOf } from '../offload/runs';
import { assert } from '../util/assert';

/** Summaries or digests of one KV head of a sequence, kept since they were computed, `[numPages, summary]`, from its first page on. */
export type SummarySource = (
  layer: number,
  kvHead: number,
  numPages: number,
) => Promise<Uint8Array<ArrayBuffer>> | Uint8Array<ArrayBuffer>;

/** Records the summaries of staged pages `[heads of the slab, ids, page]` of a sequence, from page `first` on. */
type SummarizeStaged = (recorder: Recorder, sequence: number, first: number, ids: readonly PageId[]) => void;

/** One slab of one layer, and what makes summaries of its staged pages. */
interface RestoredSlab {
  readonly layer: number;
  readonly slab: LayerSlab;
  readonly summarize: SummarizeStaged;
}

/** Restores sequences of one cache. */
export class Restorer {
  readonly #device: Device;
  readonly #cache: KvCache;
  readonly #host: HostTraffic;
  readonly #slabs: readonly RestoredSlab[];

  private constructor(device: Device, cache: KvCache, host: HostTraffic, slabs: readonly RestoredSlab[]) {
    this.#device = device;
    this.#cache = cache;
    this.#host = host;
    this.#slabs = slabs;
  }

  static async create(compiler: KernelCompiler, cache: KvCache, host: HostTraffic): Promise<Restorer> {
    const bind = await compileStaged(compiler, cache, host.reloader.staging);
    const slabs = cache.layers.flatMap((layerSlabs, layer) =>
      ringPagesOf(cache.shape, layer) > 0
        ? []
        : layerSlabs.map((slab): RestoredSlab => ({ layer, slab, summarize: bind(slab) })),
    );
    return new Restorer(compiler.device, cache, host, slabs);
  }

  /**
   * Restores all pages of a sequence, which are full and in the host store under its logical pages. With `summaries` only
   * unstable heads' pages are read, else all. Other work may be submitted meanwhile.
   */
  async restore(recorder: Recorder, sequence: number, summaries?: SummarySource): Promise<void> {
    const { unstable } = this.#cache.shape;
    for (const restored of this.#slabs) {
      const { layer, slab } = restored;
      const heads = headsOf(slab);
      const kept = heads.filter((kvHead) => unstable.has(layer, kvHead));
      if (!summaries || kept.length === heads.length) {
        await this.#restorePages(recorder, sequence, restored, heads);
      } else {
        await this.#restorePages(recorder, sequence, restored, kept);
        await this.#writeSummaries(sequence, restored, summaries);
      }
    }
    // Table rows of a cache that nobody has used yet wait for a recording too.
    this.#cache.flush(recorder);
    recorder.submit();
  }

  /** Uploads pages of `heads` in batches: those of unstable heads to their slots, and all heads' summaries if those are all. */
  async #restorePages(
    recorder: Recorder,
    sequence: number,
    { layer, slab, summarize }: RestoredSlab,
    heads: readonly number[],
  ): Promise<void> {
    if (heads.length === 0) return;
    const { shape, table } = this.#cache;
    const { pageBytes } = this.#host.offloader.store.shape;
    const numPages = this.#cache.numPages(sequence);
    const batch = Math.floor(numStagedPages(pageBytes) / heads.length);
    assert(batch > 0, 'a page of all heads fits the staging buffer');
    for (let first = 0; first < numPages; first += batch) {
      const ids = this.#cache.pagesOf(sequence).slice(first, first + batch);
      const bytes = await this.#read(layer, heads, ids);
      this.#host.reloader.stage(recorder, bytes);
      const pairs = heads.flatMap((kvHead, i) =>
        shape.unstable.has(layer, kvHead)
          ? ids.flatMap((_, page) => [
              i * ids.length + page,
              table.get(layer, sequence, kvHead, (first + page) as PageIndex),
            ])
          : [],
      );
      if (pairs.length > 0) this.#host.reloader.place(recorder, slab.pool, pairs);
      if (heads.length === slab.numKvHeads) {
        this.#cache.flush(recorder);
        summarize(recorder, sequence, first, ids);
      }
      recorder.submit();
    }
  }

  /** Pages `[heads, ids, page]` from the host store. */
  async #read(
    layer: number,
    heads: readonly number[],
    ids: readonly PageId[],
  ): Promise<Uint8Array<ArrayBuffer>> {
    const { store } = this.#host.offloader;
    const perHead = ids.length * store.shape.pageBytes;
    const bytes = new Uint8Array(heads.length * perHead);
    await Promise.all(
      heads.map(async (kvHead, i) =>
        store.read(layer, kvHead, ids, bytes.subarray(i * perHead, (i + 1) * perHead)),
      ),
    );
    return bytes;
  }

  async #writeSummaries(
    sequence: number,
    { layer, slab }: RestoredSlab,
    summaries: SummarySource,
  ): Promise<void> {
    const { shape, layout } = this.#cache;
    const { summaryBytes } = layout;
    const ids = this.#cache.pagesOf(sequence);
    const sources = await Promise.all(
      headsOf(slab).map(async (kvHead) => summaries(layer, kvHead, ids.length)),
    );
    sources.forEach((bytes, localKvHead) => {
      for (const { start, index, length } of runsOf(ids)) {
        const offset = (localKvHead * numSummarySlots(shape) + start) * summaryBytes;
        const part = bytes.subarray(index * summaryBytes, (index + length) * summaryBytes);
        this.#device.write(slab.summaries, offset, part);
      }
    });
  }
}

/** Compiles what makes summaries of pages as the host has them. */
async function compileStaged(
  compiler: KernelCompiler,
  cache: KvCache,
  staging: GpuBuffer,
): Promise<(slab: LayerSlab) => SummarizeStaged> {
  const { selection, format, hostFormat, headDim, maxPages } = cache.shape;
  if (selection === 'digest') {
    const kernel = await compileDigest(compiler, cache.shape, hostFormat);
    return (slab) => {
      const digest = bindDigests(kernel, cache, slab, staging);
      return (recorder, _sequence, _first, ids) => {
        const heads = headsOf(slab);
        const entries = heads.flatMap((kvHead, i) =>
          ids.map((id, page) => ({ place: i * ids.length + page, kvHead, id })),
        );
        digest(recorder, entries);
      };
    };
  }
  const kernel = await compiler.compile(pageSummary(hostFormat, elementOf(format)), { HEAD_DIM: headDim });
  return ({ summaries, numKvHeads }) => {
    const bound = kernel.bind({ tile: staging, summaryTable: cache.pageTable, summaries });
    return (recorder, sequence, first, ids) => {
      const params = {
        firstPage: first,
        numPages: ids.length,
        firstKvHead: 0,
        numKvHeads,
        tileFirstPage: first,
        tilePages: ids.length,
        tableOffset: sequence * maxPages,
        numSummarySlots: numSummarySlots(cache.shape),
      };
      recorder.dispatch(bound, params, pageSummaryGrid(ids.length, numKvHeads, headDim));
    };
  };
}

/** The KV heads of a slab, ascending. */
function headsOf({ firstKvHead, numKvHeads }: LayerSlab): number[] {
  return Array.from({ length: numKvHeads }, (_, i) => firstKvHead + i);
}
