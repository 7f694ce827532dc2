/** Root-mean-square layer norm of f32 rows (Zhang and Sennrich 2019, arXiv 1910.07467). */
import sumOfThreads from '../../../shaders/lib/sum-of-threads.wgsl';
import shader from '../../../shaders/norm/rms-norm.wgsl';
import type { KernelSpec } from '../../gpu/kernel';

/** Rows of `x [.., width]` from `inputRow` to rows of `y [.., width]` from `outputRow`; grid: `flatGrid(rows)`. With RESIDUAL 1 they are added. */
export const rmsNorm = {
  name: 'norm/rms-norm',
  bindings: { x: 'read', weight: 'read', y: 'read_write' },
  params: { rows: 'u32', width: 'u32', epsilon: 'f32', inputRow: 'u32', outputRow: 'u32' },
  constants: { RESIDUAL: 0 },
  variants: [{ name: 'portable', sources: [sumOfThreads, shader] }],
} satisfies KernelSpec;
