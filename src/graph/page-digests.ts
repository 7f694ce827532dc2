/** Digests of pages where they become full: in a prefill's tile, in a slot that decoding filled, or as they come from the host. */
import type { KvCache, LayerSlab } from '../cache/kv-cache';
import { numSummarySlots, ringPagesOf } from '../cache/cache-layout';
import type { PageId, PageIndex } from '../cache/page';
import type { GpuBuffer } from '../gpu/buffer';
import type { BoundKernel, KernelCompiler } from '../gpu/kernel';
import { flatGrid, type Recorder } from '../gpu/recorder';
import { elementOf, type KvFormat } from '../kernels/attention/kv-format';
import { pageDigest } from '../kernels/cache/page-digest';

/** A page, by its place in the buffer that it is read from, and whose it is. */
interface DigestEntry {
  readonly place: number;
  readonly kvHead: number;
  readonly id: PageId;
}

/** Records the digests of some pages. */
type RecordDigests = (recorder: Recorder, entries: readonly DigestEntry[]) => void;

/** Entries of one dispatch at most. */
const maxEntries = 8192;

/** The kernel for pages of `format`; whatever they are read from, pages of one content have one digest. */
export function compileDigest(
  compiler: KernelCompiler,
  { headDim, format: own }: { readonly headDim: number; readonly format: KvFormat },
  format: KvFormat,
) {
  const isRounded = format === 'int8' && elementOf(own) === 'f16';
  return compiler.compile(pageDigest(format), { HEAD_DIM: headDim, ROUND: Number(isRounded) });
}

/** Binds the digests of a slab to the pages of a buffer. */
export function bindDigests(
  kernel: Awaited<ReturnType<typeof compileDigest>>,
  cache: KvCache,
  { summaries: digests, firstKvHead }: LayerSlab,
  pool: GpuBuffer,
): RecordDigests {
  const bound: BoundKernel<'numEntries'> = kernel.bind({ pool, digests });
  const perHead = numSummarySlots(cache.shape);
  return (recorder, entries) => {
    for (let start = 0; start < entries.length; start += maxEntries) {
      const part = entries.slice(start, start + maxEntries);
      const list = part.flatMap(({ place, kvHead, id }) => [place, (kvHead - firstKvHead) * perHead + id]);
      recorder.dispatch(bound, { numEntries: part.length }, flatGrid(part.length), Uint32Array.from(list));
    }
  };
}

interface BoundSlab {
  readonly layer: number;
  readonly heads: readonly number[];
  readonly digest: RecordDigests;
}

/** Digests of the pages that decoding fills, a page of all layers and heads at a time. */
export class FilledDigests {
  readonly #cache: KvCache;
  readonly #slabs: readonly BoundSlab[];

  private constructor(cache: KvCache, slabs: readonly BoundSlab[]) {
    this.#cache = cache;
    this.#slabs = slabs;
  }

  /** Undefined where pages are chosen by something else. */
  static async create(compiler: KernelCompiler, cache: KvCache): Promise<FilledDigests | undefined> {
    const { shape } = cache;
    if (shape.selection !== 'digest') return undefined;
    const kernel = await compileDigest(compiler, shape, shape.format);
    const slabs = cache.layers.flatMap((layerSlabs, layer) => {
      if (ringPagesOf(shape, layer) > 0) return [];
      return layerSlabs.map((slab) => ({
        layer,
        heads: Array.from({ length: slab.numKvHeads }, (_, i) => slab.firstKvHead + i),
        digest: bindDigests(kernel, cache, slab, slab.pool),
      }));
    });
    return new FilledDigests(cache, slabs);
  }

  /** Records the digests of a full page of a sequence, which is resident in all heads and has what its copies will have. */
  record(recorder: Recorder, sequence: number, page: PageIndex): void {
    const id = this.#cache.pagesOf(sequence)[page]!;
    for (const { layer, heads, digest } of this.#slabs) {
      digest(
        recorder,
        heads.map((kvHead) => ({ place: this.#cache.table.get(layer, sequence, kvHead, page), kvHead, id })),
      );
    }
  }
}
