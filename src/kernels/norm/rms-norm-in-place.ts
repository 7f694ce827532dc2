/** Root-mean-square layer norm of a part of f32 rows, where they are: all query heads of a token, or all its key heads. */
import sumOfThreads from '../../../shaders/lib/sum-of-threads.wgsl';
import shader from '../../../shaders/norm/rms-norm-in-place.wgsl';
import type { KernelSpec } from '../../gpu/kernel';

/**
 * Columns `[offset, offset + width)` of the rows of `y [.., stride]` from `firstRow` on, multiplied by `weight` from
 * `firstWeight` on; grid: `flatGrid(rows)`.
 */
export const rmsNormInPlace = {
  name: 'norm/rms-norm-in-place',
  bindings: { weight: 'read', y: 'read_write' },
  params: {
    rows: 'u32',
    width: 'u32',
    stride: 'u32',
    offset: 'u32',
    firstRow: 'u32',
    firstWeight: 'u32',
    epsilon: 'f32',
  },
  variants: [{ name: 'portable', sources: [sumOfThreads, shader] }],
} satisfies KernelSpec;
