/** What a head loses that keeps to the pages it chose some steps ago: softmax mass of these and of those that it would choose now. */
import shader from '../../../shaders/select/held-mass.wgsl';
import type { KernelSpec } from '../../gpu/kernel';
import type { KvFormat } from '../attention/kv-format';
import { poolSources } from '../attention/kv-library';

/**
 * For each KV head of the list, all of one slab, and the row `row` of `qkv` at `position`: (mass of the list `now`, mass of the list
 * `held` and of the pages after it) to `masses [layers, kvHeads] vec2<f32>`, the layer's from `massOffset` on; 0 … 1, means over the
 * group's query heads. `logMasses` are of `digestScore` with one query a task, task `firstTask + i` for the list's head i. `listOffset` is
 * the sequence's first list of the layer, `tableOffset` its first block table entry. Grid: `[heads of the list]`.
 */
export function heldMass(format: KvFormat) {
  return {
    name: `select/held-mass:${format}`,
    bindings: {
      qkv: 'read',
      pool: 'read',
      blockTable: 'read',
      logMasses: 'read',
      lists: 'read',
      listState: 'read',
      masses: 'read_write',
    },
    params: {
      row: 'u32',
      position: 'u32',
      qkvStride: 'u32',
      tableOffset: 'u32',
      maxPages: 'u32',
      firstTask: 'u32',
      scoreStride: 'u32',
      numLists: 'u32',
      listOffset: 'u32',
      listCapacity: 'u32',
      now: 'u32',
      held: 'u32',
      massOffset: 'u32',
      scale: 'f32',
    },
    constants: { HEAD_DIM: 64, GROUP: 1 },
    hasList: true,
    variants: [{ name: 'portable', sources: [...poolSources(format), shader] }],
  } as const satisfies KernelSpec;
}
