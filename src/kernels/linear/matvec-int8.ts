/** Matrix times a few rows in 8 bits, for decoding: what `matvec` and `matvecGated` do, behind `quantizeRows` or `quantizeNormed`. */
import activation from '../../../shaders/lib/activation.wgsl';
import finish from '../../../shaders/linear/matvec-finish.wgsl';
import gatedFinish from '../../../shaders/linear/matvec-gated-finish.wgsl';
import naive from '../../../shaders/linear/matvec-int8-naive.wgsl';
import lanes from '../../../shaders/linear/matvec-int8.wgsl';
import type { Grid, KernelSpec, KernelVariant } from '../../gpu/kernel';
import { flatGrid } from '../../gpu/recorder';
import { ceilDiv } from '../../util/math';
import type { MatrixFormat } from './matrix-format';
import { activationCodes } from './matvec-gated';
import { packedSources } from './packed-sources';
import { weightBindings, weightSources } from './weight-sources';

/** Matrix rows of one workgroup. */
const groupRows = 16;

/** Bindings of `matvecGatedInt8`; `matvecInt8` has `bias` too. */
type Binding = 'values' | 'codes' | 'inputScales' | 'y';
/** Parameters of both. */
type Param = 'columns' | 'numOutputs' | 'firstOutput' | 'outputStride';

const params = { columns: 'u32', numOutputs: 'u32', firstOutput: 'u32', outputStride: 'u32' } as const;

function variantsOf(format: MatrixFormat, numBuffers: 4 | 5, ends: readonly string[]): KernelVariant[] {
  const weights = weightSources(format, numBuffers);
  return [
    {
      name: 'packed-dot',
      sources: [...weights, ...packedSources(format), lanes, ...ends],
      requires: ['packed-dot'],
    },
    { name: 'naive', sources: [...weights, naive, ...ends] },
  ];
}

/**
 * `y[r, firstOutput + n] = [y] + [bias[firstOutput + n]] + W[n] · x'[r]` for r < ROWS and n < numOutputs, where x' are the rows that
 * `codes` and `inputScales` hold; only for matrices of affine groups. BIAS and RESIDUAL are 0 or 1, ROWS 1, 2, 4 or 8. A
 * row's result is the same, to the bit, for every ROWS.
 */
export function matvecInt8(
  format: MatrixFormat,
): KernelSpec<Binding | 'bias', Param, 'BIAS' | 'RESIDUAL' | 'ROWS'> {
  return {
    name: `linear/matvec-int8:${format}`,
    bindings: weightBindings(format, { codes: 'read', inputScales: 'read', bias: 'read', y: 'read_write' }),
    params,
    constants: { BIAS: 0, RESIDUAL: 0, ROWS: 1 },
    variants: variantsOf(format, 5, [finish]),
  };
}

/** As `matvecGated` does with its sums, for rows in 8 bits: gate and up rows are interleaved, `numOutputs` are half of the matrix's rows. */
export function matvecGatedInt8(format: MatrixFormat): KernelSpec<Binding, Param, 'ROWS' | 'ACTIVATION'> {
  return {
    name: `linear/matvec-gated-int8:${format}`,
    bindings: weightBindings(format, { codes: 'read', inputScales: 'read', y: 'read_write' }),
    params,
    constants: { ROWS: 1, ACTIVATION: activationCodes.silu },
    variants: variantsOf(format, 4, [activation, gatedFinish]),
  };
}

/** The grid of both for a slab of `numMatrixRows` rows. */
export function matvecInt8Grid(numMatrixRows: number): Grid {
  return flatGrid(ceilDiv(numMatrixRows, groupRows));
}
