/** The pages with the highest scores, as the lists that decode attention reads. */
import portable from '../../../shaders/lib/order-portable.wgsl';
import subgroups from '../../../shaders/lib/order-subgroups.wgsl';
import shader from '../../../shaders/select/top-k.wgsl';
import naive from '../../../shaders/select/top-k-naive.wgsl';
import type { KernelSpec } from '../../gpu/kernel';

/**
 * For each task t = (row, KV head) of the list, the min(`budget`, pages) highest of `scores[t · scoreStride + p]`, ties to
 * the lower PageIndex, to `lists[(listOffset + sequence · kvHeads + kvHead) · listCapacity]`, ascending by PageIndex; and
 * `listState` of that index = (their number, the page after the row's own). `budget` is in [1, listCapacity]. Grid:
 * `flatGrid(numTasks)`.
 */
export const topK = {
  name: 'select/top-k',
  bindings: { rows: 'read', scores: 'read', listState: 'read_write', lists: 'read_write' },
  params: {
    numTasks: 'u32',
    kvHeads: 'u32',
    budget: 'u32',
    listOffset: 'u32',
    listCapacity: 'u32',
    scoreStride: 'u32',
  },
  hasList: true,
  variants: [
    { name: 'subgroups', sources: [subgroups, shader], requires: ['subgroups'], except: ['software'] },
    { name: 'portable', sources: [portable, shader] },
    { name: 'naive', sources: [naive] },
  ],
} as const satisfies KernelSpec;
