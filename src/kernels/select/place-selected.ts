/** Copies what stable heads selected from a passing tile to their slots: prefill's way to their first sets. */
import shader from '../../../shaders/select/place-selected.wgsl';
import type { KernelSpec } from '../../gpu/kernel';

/**
 * For the listed KV heads of one slab (`list`: absolute indices) of one sequence. `firstList` is the list of KV head 0 in
 * that layer and sequence, `tableOffset` its first block table entry. The tile holds pages `[tileFirst, tileFirst +
 * numTilePages)`; or, with `isListed` 1, the pages of these entries of each selection, those from `endPage` on left out. Grid:
 * `[budget, listed heads]`.
 */
export const placeSelected = {
  name: 'select/place-selected',
  bindings: {
    tile: 'read',
    lists: 'read',
    listState: 'read',
    slotTable: 'read',
    pool: 'read_write',
    blockTable: 'read_write',
  },
  params: {
    firstList: 'u32',
    numLists: 'u32',
    budget: 'u32',
    tileFirst: 'u32',
    tilePages: 'u32',
    numTilePages: 'u32',
    isListed: 'u32',
    endPage: 'u32',
    tableOffset: 'u32',
    maxPages: 'u32',
    vectorsPerPage: 'u32',
  },
  hasList: true,
  variants: [{ name: 'portable', sources: [shader] }],
} as const satisfies KernelSpec;
