/** How much of its attention a head gave to each page: the softmax mass, from the splits' sums of sparse-decode. */
import shader from '../../../shaders/attention/page-mass.wgsl';
import pageList from '../../../shaders/lib/kv-page-list.wgsl';
import softCap from '../../../shaders/lib/soft-cap.wgsl';
import type { KernelSpec } from '../../gpu/kernel';
import type { KvFormat } from './kv-format';
import { poolSources } from './kv-library';

/**
 * Adds to `masses [rows, maxPages]`, from `massOffset` on, `weight` times the mass of every page that the query heads of
 * `kvHead` attended from row `row`, of `sequence` at `position`. `partials` are those of `sparseDecode` for this row and these
 * lists: `maxSplits` as there. Keys outside of `[firstCounted, endCounted)` count nothing; with all of them and `weight`
 * 1 / GROUP the masses of one dispatch sum to 1. Grid: `[maxSplits]`.
 */
export function pageMass(format: KvFormat) {
  return {
    name: `attention/page-mass:${format}`,
    bindings: {
      qkv: 'read',
      pool: 'read',
      blockTable: 'read',
      listState: 'read',
      lists: 'read',
      partials: 'read',
      masses: 'read_write',
    },
    params: {
      row: 'u32',
      sequence: 'u32',
      position: 'u32',
      kvHead: 'u32',
      qkvStride: 'u32',
      kvHeads: 'u32',
      tableOffset: 'u32',
      maxPages: 'u32',
      listOffset: 'u32',
      listCapacity: 'u32',
      window: 'u32',
      splits: 'u32',
      maxSplits: 'u32',
      massOffset: 'u32',
      firstCounted: 'u32',
      endCounted: 'u32',
      scale: 'f32',
      weight: 'f32',
    },
    constants: { HEAD_DIM: 64, GROUP: 1, SOFT_CAP: 0 },
    variants: [{ name: 'portable', sources: [...poolSources(format), pageList, softCap, shader] }],
  } as const satisfies KernelSpec;
}
