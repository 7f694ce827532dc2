/** The activation of a feed-forward layer without a gate. */
import activation from '../../../shaders/lib/activation.wgsl';
import shader from '../../../shaders/linear/plain-activation.wgsl';
import type { KernelSpec } from '../../gpu/kernel';
import { activationCodes } from './matvec-gated';

/** `y[m, i] = act(z[m, i])`, both `[rows, width]`; ACTIVATION as in `matvecGated`. Grid: `gatedActivationGrid`. */
export const plainActivation = {
  name: 'linear/plain-activation',
  bindings: { z: 'read', y: 'read_write' },
  params: { rows: 'u32', width: 'u32' },
  constants: { ACTIVATION: activationCodes.silu },
  variants: [{ name: 'portable', sources: [activation, shader] }],
} satisfies KernelSpec;
