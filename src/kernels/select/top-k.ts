/** The pages that a head will attend: those with the highest scores. */
import shader from '../../../shaders/select/top-k.wgsl';
import type { KernelSpec } from '../../gpu/kernel';

/**
 * For pair i of `list` (row, KV head): the `budget` highest of `scores [pairs, maxPages]`, ascending by page, to the list of its
 * sequence and head in `selected` and `selectedState`. Ties go to the lower page. Grid: `[numPairs]`.
 */
export const topK = {
  name: 'select/top-k',
  bindings: { scores: 'read', rows: 'read', selected: 'read_write', selectedState: 'read_write' },
  params: { firstList: 'u32', kvHeads: 'u32', budget: 'u32', maxPages: 'u32' },
  hasList: true,
  variants: [{ name: 'portable', sources: [shader] }],
} as const satisfies KernelSpec;
