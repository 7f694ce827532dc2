/** How much a page can matter to a query: an upper bound of its scores from the range of its keys. */
import shader from '../../../shaders/select/page-score.wgsl';
import type { Grid, KernelSpec } from '../../gpu/kernel';
import { ceilDiv } from '../../util/math';
import type { KvFormat } from '../attention/kv-format';
import { kvLibrary } from '../attention/kv-library';

/**
 * `scores [pairs, maxPages]` for the pairs (row, KV head) of `list`, heads of one slab whose first is `firstKvHead`; pair i of
 * the list goes to row `firstPair + i` of the scores. Queries are read from `qkvOffset` on. Quest's bound (arXiv 2406.10774),
 * the maximum over the query group.
 */
export function pageScore(format: KvFormat) {
  return {
    name: `select/page-score:${format}`,
    bindings: { qkv: 'read', rows: 'read', pageTable: 'read', summaries: 'read', scores: 'read_write' },
    params: {
      qkvOffset: 'u32',
      qkvStride: 'u32',
      firstKvHead: 'u32',
      numPageIds: 'u32',
      maxPages: 'u32',
      firstPair: 'u32',
    },
    constants: { HEAD_DIM: 64, GROUP: 1 },
    hasList: true,
    variants: [{ name: 'portable', sources: [kvLibrary[format], shader] }],
  } as const satisfies KernelSpec;
}

/** Grid of `pageScore`: `numPages` of the longest sequence in the list. */
export function pageScoreGrid(numPages: number, numPairs: number): Grid {
  return [ceilDiv(numPages, 64), numPairs];
}
