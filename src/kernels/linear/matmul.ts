/** Matrix times many rows, for prefill. */
import portable from '../../../shaders/linear/matmul.wgsl';
import type { Grid, KernelSpec } from '../../gpu/kernel';
import { ceilDiv } from '../../util/math';
import type { MatrixFormat } from './matrix-format';
import { weightBindings, weightSources } from './weight-sources';

const softwareSums = () => import('../../../shaders/lib/software-sums.wgsl');
const naive = () => import('../../../shaders/linear/matmul-naive.wgsl');
const software = () => import('../../../shaders/linear/matmul-software.wgsl');

/** Outputs of one workgroup. */
const tileOutputs = 64;

/** Bindings of `matmul`. */
type MatmulBinding = 'values' | 'x' | 'bias' | 'y';
/** Parameters of `matmul`. */
type MatmulParam =
  | 'columns'
  | 'numOutputs'
  | 'numRows'
  | 'firstOutput'
  | 'inputOffset'
  | 'inputStride'
  | 'outputOffset'
  | 'outputStride'
  | 'hasBias'
  | 'isResidual';
/** Constants of `matmul`. */
type MatmulConstant = 'TILE_ROWS';

/**
 * `y[m, firstOutput + n] = [y] + [bias[firstOutput + n]] + W[n] · x[m]` for m < numRows and n < numOutputs, where row m of
 * x begins at element `inputOffset + m * inputStride`, row m of y at `outputOffset + m * outputStride`. One slab of W at a
 * time. A row's result does not depend on numRows or on m. Bias and the old y count where hasBias and isResidual are 1:
 * parameters, so that all products of a model are one pipeline. TILE_ROWS, 32 or 64, are the rows of one workgroup.
 * `scales` is bound only for affine groups.
 */
export function matmul(format: MatrixFormat): KernelSpec<MatmulBinding, MatmulParam, MatmulConstant> {
  const weights = weightSources(format, 4);
  return {
    name: `linear/matmul:${format}`,
    bindings: weightBindings(format, { x: 'read', bias: 'read', y: 'read_write' }),
    params: {
      columns: 'u32',
      numOutputs: 'u32',
      numRows: 'u32',
      firstOutput: 'u32',
      inputOffset: 'u32',
      inputStride: 'u32',
      outputOffset: 'u32',
      outputStride: 'u32',
      hasBias: 'u32',
      isResidual: 'u32',
    },
    constants: { TILE_ROWS: 64 },
    variants: [
      { name: 'software', sources: [...weights, softwareSums, software], requires: ['software'] },
      { name: 'portable', sources: [...weights, portable] },
      { name: 'naive', sources: [...weights, naive] },
    ],
  };
}

/**
 * TILE_ROWS for a matrix of `numOutputs` outputs: tiles of 64 rows read the matrix half as often, but of narrow matrices a chunk
 * has too few of them for a GPU's processors. No result depends on it.
 */
export function matmulTileRows(numOutputs: number): number {
  return numOutputs < 2048 ? 32 : 64;
}

/** The grid of `matmul` for a slab of `numOutputs` outputs and `numRows` rows in tiles of `tileRows`. */
export function matmulGrid(numOutputs: number, numRows: number, tileRows = 64): Grid {
  return [ceilDiv(numOutputs, tileOutputs), ceilDiv(numRows, tileRows)];
}
