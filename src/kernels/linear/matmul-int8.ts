/** Matrix times many rows in 8 bits, for prefill. */
import bindings from '../../../shaders/linear/matmul-int8-bindings.wgsl';
import naive from '../../../shaders/linear/matmul-int8-naive.wgsl';
import tiles from '../../../shaders/linear/matmul-int8.wgsl';
import type { Grid, KernelSpec } from '../../gpu/kernel';
import { ceilDiv } from '../../util/math';
import type { MatrixFormat } from './matrix-format';
import { packedSources } from './packed-sources';
import { weightBindings, weightSources } from './weight-sources';

/** Rows and outputs of one workgroup. */
const tileRows = 32;
const tileOutputs = 128;

/** Bindings of `matmulInt8`. */
export type MatmulInt8Binding = 'values' | 'codes' | 'inputScales' | 'bias' | 'y';
/** Parameters of `matmulInt8`. */
export type MatmulInt8Param =
  | 'columns'
  | 'numOutputs'
  | 'numRows'
  | 'firstOutput'
  | 'outputOffset'
  | 'outputStride'
  | 'hasBias'
  | 'isResidual';

/**
 * As `matmul`, for rows of x that `quantizeRows` has put in `codes` and `inputScales`; only for matrices of affine groups. Products
 * are those of the rounded rows: what is rounded is 3 to 4 thousandths of a result. A row's result does not depend on numRows or on m.
 */
export function matmulInt8(format: MatrixFormat): KernelSpec<MatmulInt8Binding, MatmulInt8Param> {
  const weights = weightSources(format, 5);
  return {
    name: `linear/matmul-int8:${format}`,
    bindings: weightBindings(format, {
      codes: 'read',
      inputScales: 'read',
      bias: 'read',
      y: 'read_write',
    }),
    params: {
      columns: 'u32',
      numOutputs: 'u32',
      numRows: 'u32',
      firstOutput: 'u32',
      outputOffset: 'u32',
      outputStride: 'u32',
      hasBias: 'u32',
      isResidual: 'u32',
    },
    variants: [
      {
        name: 'packed-dot',
        sources: [...weights, bindings, ...packedSources(format), tiles],
        requires: ['packed-dot'],
      },
      { name: 'naive', sources: [...weights, bindings, naive] },
    ],
  };
}

/** The grid of `matmulInt8` for a slab of `numOutputs` outputs. */
export function matmulInt8Grid(numOutputs: number, numRows: number): Grid {
  return [ceilDiv(numRows, tileRows), ceilDiv(numOutputs, tileOutputs)];
}
