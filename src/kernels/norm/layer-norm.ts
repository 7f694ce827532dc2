/** LayerNorm of f32 rows (Ba et al. 2016, arXiv 1607.06450). */
import shader from '../../../shaders/norm/layer-norm.wgsl';
import sumOfThreads from '../../../shaders/lib/sum-of-threads.wgsl';
import type { KernelSpec } from '../../gpu/kernel';

/** As `rmsNorm`, but less the mean, and with biases: `weight [2, width]` has weights and then biases. Grid: `flatGrid(rows)`. */
export const layerNorm = {
  name: 'norm/layer-norm',
  bindings: { x: 'read', weight: 'read', y: 'read_write' },
  params: { rows: 'u32', width: 'u32', epsilon: 'f32', inputRow: 'u32', outputRow: 'u32' },
  variants: [{ name: 'portable', sources: [sumOfThreads, shader] }],
} satisfies KernelSpec;
