/** Makes a sequence's latest selections the lists that its heads attend. */
import shader from '../../../shaders/select/commit-selections.wgsl';
import type { KernelSpec } from '../../gpu/kernel';

/** All heads of the layers from `firstLayer` on of `sequence`; grid: `[their number · kvHeads]`. */
export const commitSelections = {
  name: 'select/commit-selections',
  bindings: { lists: 'read_write', listState: 'read_write' },
  params: {
    firstLayer: 'u32',
    sequence: 'u32',
    numSequences: 'u32',
    kvHeads: 'u32',
    numLists: 'u32',
    budget: 'u32',
  },
  variants: [{ name: 'portable', sources: [shader] }],
} as const satisfies KernelSpec;
