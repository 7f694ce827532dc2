/** What the full pages of a prefill's tile are chosen by later: their ranges by channel, or their digests. */
import { numSummarySlots, ringPagesOf } from '../cache/cache-layout';
import type { KvCache } from '../cache/kv-cache';
import type { GpuBuffer } from '../gpu/buffer';
import type { KernelCompiler } from '../gpu/kernel';
import type { Recorder } from '../gpu/recorder';
import { elementOf } from '../kernels/attention/kv-format';
import { pageSummary, pageSummaryGrid } from '../kernels/cache/page-summary';
import { bindDigests, compileDigest } from './page-digests';

/** Full pages `[firstPage, firstPage + numPages)` of a sequence, in a tile that begins with page `tileFirstPage`. */
interface FullPages {
  readonly sequence: number;
  readonly firstPage: number;
  readonly numPages: number;
  readonly tileFirstPage: number;
}

/** Records the summaries of a tile's full pages, of all KV heads of a layer. */
type Summarize = (recorder: Recorder, pages: FullPages) => void;

/** Binds a layer's summaries to its tile. */
type BindSummaries = (layer: number, tile: GpuBuffer, packed: GpuBuffer, tilePages: number) => Summarize;

/** Compiles what makes summaries. With pages of 8 bits they are of the packed tile, with others of the tile's elements. */
export async function compileSummaries(compiler: KernelCompiler, cache: KvCache): Promise<BindSummaries> {
  const isByDigest = cache.shape.selection === 'digest';
  const bind = await (isByDigest ? digestsOf(compiler, cache) : rangesOf(compiler, cache));
  // Of a window nothing is chosen.
  const none: Summarize = () => undefined;
  return (layer, ...tile) => (ringPagesOf(cache.shape, layer) > 0 ? none : bind(layer, ...tile));
}

async function rangesOf(compiler: KernelCompiler, cache: KvCache): Promise<BindSummaries> {
  const { format, headDim, maxPages } = cache.shape;
  const kernel = await compiler.compile(pageSummary(elementOf(format)), { HEAD_DIM: headDim });
  return (layer, tile, _packed, tilePages) => {
    const slabs = cache.layers[layer]!.map(({ firstKvHead, numKvHeads, summaries }) => ({
      heads: { firstKvHead, numKvHeads },
      bound: kernel.bind({ tile, summaryTable: cache.pageTable, summaries }),
    }));
    return (recorder, { sequence, ...pages }) => {
      for (const { heads, bound } of slabs) {
        const params = {
          ...pages,
          ...heads,
          tilePages,
          tableOffset: sequence * maxPages,
          numSummarySlots: numSummarySlots(cache.shape),
        };
        recorder.dispatch(bound, params, pageSummaryGrid(pages.numPages, heads.numKvHeads, headDim));
      }
    };
  };
}

async function digestsOf(compiler: KernelCompiler, cache: KvCache): Promise<BindSummaries> {
  const { format } = cache.shape;
  const kernel = await compileDigest(compiler, cache.shape, format);
  return (layer, tile, packed, tilePages) => {
    const slabs = cache.layers[layer]!.map((slab) => ({
      slab,
      digest: bindDigests(kernel, cache, slab, format === 'int8' ? packed : tile),
    }));
    return (recorder, { sequence, firstPage, numPages, tileFirstPage }) => {
      const ids = cache.pagesOf(sequence).slice(firstPage, firstPage + numPages);
      for (const { slab, digest } of slabs) {
        const heads = Array.from({ length: slab.numKvHeads }, (_, i) => slab.firstKvHead + i);
        const firstPlace = firstPage - tileFirstPage;
        const entries = heads.flatMap((kvHead) =>
          ids.map((id, i) => ({ place: kvHead * tilePages + firstPlace + i, kvHead, id })),
        );
        digest(recorder, entries);
      }
    };
  };
}
