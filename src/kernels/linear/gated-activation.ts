/** The activation of a gated feed-forward layer in prefill, where the projections are a matmul of their own. */
import activation from '../../../shaders/lib/activation.wgsl';
import shader from '../../../shaders/linear/gated-activation.wgsl';
import type { Grid, KernelSpec } from '../../gpu/kernel';
import { flatGrid } from '../../gpu/recorder';
import { ceilDiv } from '../../util/math';
import { activationCodes } from './matvec-gated';

/** `y[m, i] = act(z[m, 2i]) * z[m, 2i + 1]`: `z [rows, 2 * width]` to `y [rows, width]`; ACTIVATION as in `matvecGated`. */
export const gatedActivation = {
  name: 'linear/gated-activation',
  bindings: { z: 'read', y: 'read_write' },
  params: { rows: 'u32', width: 'u32' },
  constants: { ACTIVATION: activationCodes.silu },
  variants: [{ name: 'portable', sources: [activation, shader] }],
} satisfies KernelSpec;

/** The grid of `gatedActivation`. */
export function gatedActivationGrid(rows: number, width: number): Grid {
  return flatGrid(ceilDiv(rows * width, 64));
}
