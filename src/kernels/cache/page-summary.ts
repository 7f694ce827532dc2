/** Summaries of full pages: the per-channel range of their keys, by which selection bounds a page's scores. */
import shader from '../../../shaders/cache/page-summary.wgsl';
import int8Shader from '../../../shaders/cache/page-summary-int8.wgsl';
import type { Grid, KernelSpec } from '../../gpu/kernel';
import { flatGrid } from '../../gpu/recorder';
import { ceilDiv } from '../../util/math';
import { elementOf, type KvElement, type KvFormat } from '../attention/kv-format';
import { kvLibrary, packingSources } from '../attention/kv-library';

/**
 * Pages `[firstPage, firstPage + numPages)` of one sequence, all full and all in `tile [kvHeads, tilePages, page]`, to
 * `summaries [numKvHeads, numSummarySlots, 2, headDim]` of the slab that serves KV heads from `firstKvHead` on. The slot
 * of page p is `summaryTable[tableOffset + p]`, `tableOffset` being sequence · maxPages. The tile's pages are of `format`, the
 * summaries of `element`.
 */
export function pageSummary(format: KvFormat, element: KvElement = elementOf(format)) {
  const sources = format === 'int8' ? [...packingSources(element), int8Shader] : [kvLibrary[element], shader];
  return {
    name: `cache/page-summary:${format}-${element}`,
    bindings: { tile: 'read', summaryTable: 'read', summaries: 'read_write' },
    params: {
      firstPage: 'u32',
      numPages: 'u32',
      firstKvHead: 'u32',
      numKvHeads: 'u32',
      tileFirstPage: 'u32',
      tilePages: 'u32',
      tableOffset: 'u32',
      numSummarySlots: 'u32',
    },
    constants: { HEAD_DIM: 64 },
    variants: [{ name: 'portable', sources }],
  } as const satisfies KernelSpec;
}

/** Grid of `pageSummary`. */
export function pageSummaryGrid(numPages: number, numKvHeads: number, headDim: number): Grid {
  return flatGrid(ceilDiv(numPages * numKvHeads * (headDim / 8), 64));
}
