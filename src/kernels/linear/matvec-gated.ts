/** The first half of a gated feed-forward layer for decoding: norm, gate and up projections, activation. */
import activation from '../../../shaders/lib/activation.wgsl';
import finish from '../../../shaders/linear/matvec-gated-finish.wgsl';
import portable from '../../../shaders/linear/matvec.wgsl';
import type { KernelSpec } from '../../gpu/kernel';
import type { MatvecParam, MatvecTuning } from './matvec';
import type { MatrixFormat } from './matrix-format';
import { weightBindings, weightSources } from './weight-sources';

const naive = () => import('../../../shaders/linear/matvec-gated-naive.wgsl');
const softwareSums = () => import('../../../shaders/lib/software-sums.wgsl');
const software = () => import('../../../shaders/linear/matvec-software.wgsl');

/** Values of the constant ACTIVATION: `gelu-tanh` is the tanh approximation, `gelu` has the error function. */
export const activationCodes = { silu: 0, 'gelu-tanh': 1, gelu: 2 } as const;

/** Bindings of `matvecGated`. */
type MatvecGatedBinding = 'values' | 'x' | 'normWeight' | 'y';
/** Constants of `matvecGated`. */
type MatvecGatedConstant = 'NORM' | 'ROWS' | 'ACTIVATION' | 'STAGED' | keyof MatvecTuning;

/**
 * `y[r, firstOutput + n] = act(W[2n] · x'[r]) * (W[2n + 1] · x'[r])` for n < numOutputs; otherwise as `matvec`, with
 * the same grid. The slab holds `2 * numOutputs` rows: gate and up by turns.
 */
export function matvecGated(
  format: MatrixFormat,
): KernelSpec<MatvecGatedBinding, MatvecParam, MatvecGatedConstant> {
  const weights = weightSources(format, 4);
  return {
    name: `linear/matvec-gated:${format}`,
    bindings: weightBindings(format, { x: 'read', normWeight: 'read', y: 'read_write' }),
    params: { columns: 'u32', numOutputs: 'u32', firstOutput: 'u32', outputStride: 'u32', epsilon: 'f32' },
    constants: {
      NORM: 1,
      ROWS: 1,
      ACTIVATION: activationCodes.silu,
      STAGED: 1024,
      AHEAD: 1,
      LANES: 16,
      TEAM_ROWS: 2,
    },
    variants: [
      {
        name: 'software',
        sources: [...weights, activation, softwareSums, software, finish],
        requires: ['software'],
      },
      { name: 'portable', sources: [...weights, activation, portable, finish] },
      { name: 'naive', sources: [...weights, activation, naive] },
    ],
  };
}
