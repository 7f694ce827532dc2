/** Copies of whole pages on the GPU, by a list from the host. */
import shader from '../../../shaders/cache/copy-pages.wgsl';
import type { KernelSpec } from '../../gpu/kernel';

/**
 * Copies page `list[2i]` of `source` to page `list[2i + 1]` of `destination` for i < `numPages`: pool, tile or staging, of
 * equal page size (`wordsPerPage` u32, a multiple of 4). Grid: `flatGrid(numPages)`.
 */
export const copyPages = {
  name: 'cache/copy-pages',
  bindings: { source: 'read', destination: 'read_write' },
  params: { numPages: 'u32', wordsPerPage: 'u32' },
  hasList: true,
  variants: [{ name: 'portable', sources: [shader] }],
} as const satisfies KernelSpec;
