/** What pages weigh in the softmax of a query, estimated from their digests. */
import shader from '../../../shaders/select/digest-score.wgsl';
import bindings from '../../../shaders/select/digest-score-bindings.wgsl';
import softwareShader from '../../../shaders/select/digest-score-software.wgsl';
import type { Grid, KernelSpec } from '../../gpu/kernel';
import { ceilDiv } from '../../util/math';

/**
 * For each task t = (row, KV head of the slab, number of queries, 0) of the list and its queries from `firstQuery` on, at most
 * `numQueries` of them: `logMasses[(((firstTask + t) · numQueries + i) · GROUP + h) · scoreStride + p]` for every page p before the
 * row's own: log2 of the page's softmax weight for query head h. `queries` are of `rotateQueries`: a task of 0 queries takes all of the
 * ring of its row, another those from the row's own on; the first of this dispatch is `queryOffset` behind. `digests [KV heads of the slab,
 * numSummarySlots, digest]` are of `pageDigest`, by `summaryTable [sequences, maxPages]`.
 */
export const digestScore = {
  name: 'select/digest-score',
  bindings: {
    queries: 'read',
    rows: 'read',
    summaryTable: 'read',
    digests: 'read',
    logMasses: 'read_write',
  },
  params: {
    firstTask: 'u32',
    firstQuery: 'u32',
    numQueries: 'u32',
    queryOffset: 'u32',
    ringOffset: 'u32',
    ringSize: 'u32',
    firstKvHead: 'u32',
    kvHeads: 'u32',
    maxPages: 'u32',
    numSummarySlots: 'u32',
    scoreStride: 'u32',
  },
  constants: { HEAD_DIM: 64, GROUP: 1 },
  hasList: true,
  variants: [
    { name: 'software', sources: [bindings, softwareShader], requires: ['software'] },
    { name: 'portable', sources: [bindings, shader] },
  ],
} as const satisfies KernelSpec;

/** Grid of `digestScore`; `maxPages` is the number of pages of the longest task, `numQueries` the most queries of one. */
export function digestScoreGrid(numTasks: number, maxPages: number, numQueries: number): Grid {
  return [ceilDiv(maxPages, 16), numTasks, numQueries];
}
