/** Scores of pages from their summaries: an upper bound of what any of a page's keys can score (Quest, arXiv 2406.10774). */
import forcedPages from '../../../shaders/lib/forced-pages.wgsl';
import pageBound from '../../../shaders/lib/page-bound.wgsl';
import shader from '../../../shaders/select/page-score.wgsl';
import type { Grid, KernelSpec } from '../../gpu/kernel';
import { ceilDiv } from '../../util/math';
import type { KvElement } from '../attention/kv-format';
import { kvLibrary } from '../attention/kv-library';

/**
 * For each task `list[2t], list[2t + 1]` = (row, `selectionHead` of a KV head of the slab), `scores[(firstTask + t) · scoreStride + p]` for every
 * page p up to the row's own: f32, the maximum over queries and the group's query heads, unscaled; the row's last `window` pages, at
 * least one, and its first `sinks` have the largest finite number. The `numQueries` of row r are in `qkv` from row `firstRow + r` on: 1 where a token selects. `summaries [KV heads of the slab, numSummarySlots, 2,
 * headDim]` by `summaryTable [sequences, maxPages]`.
 */
export function pageScore(format: KvElement) {
  return {
    name: `select/page-score:${format}`,
    bindings: { qkv: 'read', rows: 'read', summaryTable: 'read', summaries: 'read', scores: 'read_write' },
    params: {
      firstRow: 'u32',
      numQueries: 'u32',
      firstTask: 'u32',
      qkvStride: 'u32',
      firstKvHead: 'u32',
      maxPages: 'u32',
      numSummarySlots: 'u32',
      scoreStride: 'u32',
      window: 'u32',
      sinks: 'u32',
    },
    constants: { HEAD_DIM: 64, GROUP: 1 },
    hasList: true,
    variants: [{ name: 'portable', sources: [kvLibrary[format], pageBound, forcedPages, shader] }],
  } as const satisfies KernelSpec;
}

/** Grid of `pageScore`; `maxPages` is the number of pages of the longest task. */
export function pageScoreGrid(numTasks: number, maxPages: number): Grid {
  return [ceilDiv(maxPages, 64), numTasks];
}
