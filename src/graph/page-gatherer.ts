/**
 * Pages that decoding fills, gathered on their way out: one page of all layers and heads in one place, in 8 bits where the host has
 * those, so that one copy takes it. A copy between buffers waits for the one before it: on a GPU, a copy for each of 256 heads took
 * longer than the step whose tokens they are.
 */
import { isPacked } from '../cache/cache-layout';
import type { KvCache, LayerSlab } from '../cache/kv-cache';
import { pageTokens, type PageIndex } from '../cache/page';
import type { GpuBuffer } from '../gpu/buffer';
import type { KernelCompiler } from '../gpu/kernel';
import { flatGrid, type Recorder } from '../gpu/recorder';
import { elementOf } from '../kernels/attention/kv-format';
import { copyPages } from '../kernels/cache/copy-pages';
import { packPages, packPagesGrid } from '../kernels/cache/pack-pages';

/** Records the way of pages to their places, by pairs (slot, place). */
type GatherPages = (recorder: Recorder, pairs: Uint32Array) => void;

/** Copies pages as they are, or packs them where only the host has 8 bits. */
async function compileGather(
  compiler: KernelCompiler,
  { shape, layout }: KvCache,
): Promise<(pool: GpuBuffer, gathered: GpuBuffer) => GatherPages> {
  const { format, headDim } = shape;
  if (!isPacked(shape)) {
    const kernel = await compiler.compile(copyPages);
    return (source, destination) => {
      const bound = kernel.bind({ source, destination });
      return (recorder, pairs) => {
        const params = { numPages: pairs.length / 2, wordsPerPage: layout.pageBytes / 4 };
        recorder.dispatch(bound, params, flatGrid(params.numPages), pairs);
      };
    };
  }
  const kernel = await compiler.compile(packPages(elementOf(format)), { HEAD_DIM: headDim });
  return (pages, packed) => {
    const bound = kernel.bind({ pages, packed });
    return (recorder, pairs) => {
      const params = { numPages: pairs.length / 2, numTokens: pageTokens };
      recorder.dispatch(bound, params, packPagesGrid(params.numPages, headDim), pairs);
    };
  };
}

interface BoundSlab {
  readonly layer: number;
  readonly slab: LayerSlab;
  readonly gather: GatherPages;
}

/** Gathers one page of all layers and heads at a time. */
export class PageGatherer {
  readonly #cache: KvCache;
  readonly #gathered: GpuBuffer;
  readonly #slabs: readonly BoundSlab[];

  private constructor(cache: KvCache, gathered: GpuBuffer, slabs: readonly BoundSlab[]) {
    this.#cache = cache;
    this.#gathered = gathered;
    this.#slabs = slabs;
  }

  /** @param gathered `[layers, kvHeads]` pages in the host's format: what `record` fills */
  static async create(compiler: KernelCompiler, cache: KvCache, gathered: GpuBuffer): Promise<PageGatherer> {
    const bind = await compileGather(compiler, cache);
    const slabs = cache.layers.flatMap((layerSlabs, layer) =>
      layerSlabs.map((slab) => ({ layer, slab, gather: bind(slab.pool, gathered) })),
    );
    return new PageGatherer(cache, gathered, slabs);
  }

  /**
   * Records the gathering of a full page of a sequence, which is resident in all heads: where it is packed, its slots then hold what
   * 8 bits do.
   * @returns the buffer with the page, `[layers, kvHeads]`
   */
  record(recorder: Recorder, sequence: number, page: PageIndex): GpuBuffer {
    const { shape, table } = this.#cache;
    for (const { layer, slab, gather } of this.#slabs) {
      const { firstKvHead, numKvHeads } = slab;
      const pairs = new Uint32Array(2 * numKvHeads);
      for (let i = 0; i < numKvHeads; i++) {
        const kvHead = firstKvHead + i;
        pairs.set([table.get(layer, sequence, kvHead, page), layer * shape.numKvHeads + kvHead], 2 * i);
      }
      gather(recorder, pairs);
    }
    return this.#gathered;
  }
}
