/** Split-K decode attention over lists of pages: one partial result a split, then their merge. */
import portable from '../../../shaders/attention/sparse-decode.wgsl';
import mergeShader from '../../../shaders/attention/merge-splits.wgsl';
import pageList from '../../../shaders/lib/kv-page-list.wgsl';
import softCap from '../../../shaders/lib/soft-cap.wgsl';
import type { Grid, KernelSpec } from '../../gpu/kernel';
import { flatGrid } from '../../gpu/recorder';
import type { KvFormat } from './kv-format';
import { poolSources } from './kv-library';

const naive = () => import('../../../shaders/attention/sparse-decode-naive.wgsl');
const software = () => import('../../../shaders/attention/sparse-decode-software.wgsl');

/**
 * For each row and each KV head of the slab: the query heads of the group against the pages of the list
 * `listState[listOffset + sequence · kvHeads + kvHead] = (count, tailStart)`: entries `i < count` are in
 * `lists[(listOffset + sequence · kvHeads + kvHead) · listCapacity + i]`, ascending; then the pages from `tailStart` to the
 * row's own. (0, 0) is exact attention. `window` 0 is no sliding window, else keys after position − window count.
 * Writes `partials [rows, heads, maxSplits, 4 + headDim]`: largest score (times log2 e), sum, two of padding, un-normalised
 * values. `splits` is `wantedSplits`.
 */
export function sparseDecode(format: KvFormat) {
  return {
    name: `attention/sparse-decode:${format}`,
    bindings: {
      qkv: 'read',
      pool: 'read',
      blockTable: 'read',
      rows: 'read',
      listState: 'read',
      lists: 'read',
      partials: 'read_write',
    },
    params: {
      numRows: 'u32',
      qkvStride: 'u32',
      kvHeads: 'u32',
      firstKvHead: 'u32',
      tableOffset: 'u32',
      maxPages: 'u32',
      listOffset: 'u32',
      listCapacity: 'u32',
      window: 'u32',
      splits: 'u32',
      maxSplits: 'u32',
      scale: 'f32',
    },
    constants: { HEAD_DIM: 64, GROUP: 1, SOFT_CAP: 0 },
    variants: [
      {
        name: 'software',
        sources: [...poolSources(format), pageList, softCap, software],
        requires: ['software'],
      },
      { name: 'portable', sources: [...poolSources(format), pageList, softCap, portable] },
      { name: 'naive', sources: [...poolSources(format), pageList, softCap, naive] },
    ],
  } as const satisfies KernelSpec;
}

/** Grid of `sparseDecode`: `numKvHeads` of the slab. */
export function sparseDecodeGrid(numRows: number, numKvHeads: number, maxSplits: number): Grid {
  return [maxSplits, numKvHeads, numRows];
}

/** `partials` of all heads of a layer to `attended [rows, heads · headDim]`; grid: `mergeSplitsGrid`. */
export const mergeSplits = {
  name: 'attention/merge-splits',
  bindings: { partials: 'read', rows: 'read', listState: 'read', attended: 'read_write' },
  params: {
    numRows: 'u32',
    kvHeads: 'u32',
    listOffset: 'u32',
    window: 'u32',
    splits: 'u32',
    maxSplits: 'u32',
  },
  constants: { HEAD_DIM: 64, GROUP: 1 },
  variants: [
    { name: 'software', sources: [pageList, mergeShader], requires: ['software'], constants: { SLICED: 0 } },
    { name: 'portable', sources: [pageList, mergeShader] },
  ],
} as const satisfies KernelSpec;

/** Grid of `mergeSplits`. */
export function mergeSplitsGrid(numRows: number, heads: number): Grid {
  return flatGrid(numRows * heads);
}
