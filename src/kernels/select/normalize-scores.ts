/** From the softmax weights of pages to their scores: shares of a head's mass, summed over a group, the best of several queries. */
import forcedPages from '../../../shaders/lib/forced-pages.wgsl';
import shader from '../../../shaders/select/normalize-scores.wgsl';
import type { KernelSpec } from '../../gpu/kernel';

/**
 * For each task t of the list, as `digestScore` has them, `scores[(firstTask + t) · scoreStride + p]` for every page p up to the
 * row's own; its last `window` pages, at least one, and its first `sinks` have the largest finite number. With `firstQuery` above 0 the higher of that and what is there already.
 * Grid: `[tasks]`.
 */
export const normalizeScores = {
  name: 'select/normalize-scores',
  bindings: { rows: 'read', logMasses: 'read', scores: 'read_write' },
  params: {
    firstTask: 'u32',
    firstQuery: 'u32',
    numQueries: 'u32',
    scoreStride: 'u32',
    window: 'u32',
    sinks: 'u32',
  },
  constants: { GROUP: 1 },
  hasList: true,
  variants: [
    { name: 'software', sources: [forcedPages, shader], requires: ['software'], constants: { threads: 32 } },
    { name: 'portable', sources: [forcedPages, shader] },
  ],
} as const satisfies KernelSpec;
