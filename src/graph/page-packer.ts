/** Pages that decoding fills, packed on their way out: where the GPU has elements and the host has 8 bits. */
import type { KvCache, LayerSlab } from '../cache/kv-cache';
import { pageTokens, type PageIndex } from '../cache/page';
import type { GpuBuffer } from '../gpu/buffer';
import type { BoundKernel, KernelCompiler } from '../gpu/kernel';
import type { Recorder } from '../gpu/recorder';
import { elementOf } from '../kernels/attention/kv-format';
import { packPages, packPagesGrid } from '../kernels/cache/pack-pages';

interface BoundSlab {
  readonly layer: number;
  readonly slab: LayerSlab;
  readonly pack: BoundKernel<keyof ReturnType<typeof packPages>['params']>;
}

/** Packs one page of all layers and heads at a time. */
export class PagePacker {
  readonly #cache: KvCache;
  readonly #packed: GpuBuffer;
  readonly #slabs: readonly BoundSlab[];

  private constructor(cache: KvCache, packed: GpuBuffer, slabs: readonly BoundSlab[]) {
    this.#cache = cache;
    this.#packed = packed;
    this.#slabs = slabs;
  }

  /** @param packed `[layers, kvHeads]` pages of 8 bits: what `record` fills */
  static async create(compiler: KernelCompiler, cache: KvCache, packed: GpuBuffer): Promise<PagePacker> {
    const { format, headDim } = cache.shape;
    const kernel = await compiler.compile(packPages(elementOf(format)), { HEAD_DIM: headDim });
    const slabs = cache.layers.flatMap((layerSlabs, layer) =>
      layerSlabs.map((slab) => ({ layer, slab, pack: kernel.bind({ pages: slab.pool, packed }) })),
    );
    return new PagePacker(cache, packed, slabs);
  }

  /**
   * Records the packing of a full page of a sequence, which is resident in all heads: its slots then hold what 8 bits do.
   * @returns the buffer with the packed page, `[layers, kvHeads]`
   */
  record(recorder: Recorder, sequence: number, page: PageIndex): GpuBuffer {
    const { headDim, numKvHeads: kvHeads } = this.#cache.shape;
    for (const { layer, slab, pack } of this.#slabs) {
      const { firstKvHead, numKvHeads } = slab;
      const list = new Uint32Array(2 * numKvHeads);
      for (let i = 0; i < numKvHeads; i++) {
        const kvHead = firstKvHead + i;
        list.set([this.#cache.table.get(layer, sequence, kvHead, page), layer * kvHeads + kvHead], 2 * i);
      }
      const params = { numPages: numKvHeads, numTokens: pageTokens };
      recorder.dispatch(pack, params, packPagesGrid(numKvHeads, headDim), list);
    }
    return this.#packed;
  }
}
