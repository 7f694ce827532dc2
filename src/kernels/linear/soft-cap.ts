/** Soft caps in place: what would grow beyond a bound comes near it instead (Gemma 2, arXiv 2408.00118, section 2). */
import shader from '../../../shaders/linear/soft-cap.wgsl';
import type { Grid, KernelSpec } from '../../gpu/kernel';
import { flatGrid } from '../../gpu/recorder';
import { ceilDiv } from '../../util/math';

/** `y[i] = cap · tanh(y[i] / cap)` for i < count. */
export const softCap = {
  name: 'linear/soft-cap',
  bindings: { y: 'read_write' },
  params: { count: 'u32', cap: 'f32' },
  variants: [{ name: 'portable', sources: [shader] }],
} satisfies KernelSpec;

/** The grid of `softCap`. */
export function softCapGrid(count: number): Grid {
  return flatGrid(ceilDiv(count, 64));
}
