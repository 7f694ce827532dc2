/** Rows of activations in 8 bits, for products of integers. */
import group from '../../../shaders/lib/quantize-group.wgsl';
import normed from '../../../shaders/linear/quantize-rows-normed.wgsl';
import portable from '../../../shaders/linear/quantize-rows.wgsl';
import type { Grid, KernelSpec } from '../../gpu/kernel';
import { flatGrid } from '../../gpu/recorder';
import { ceilDiv } from '../../util/math';
import { inputGroup } from './quantized-row';

/** Groups of one workgroup. */
const groupsAtOnce = 32;

/** Bindings of `quantizeRows`. */
export type QuantizeRowsBinding = 'x' | 'codes' | 'inputScales';
/** Parameters of `quantizeRows`. */
export type QuantizeRowsParam = 'columns' | 'numRows' | 'inputOffset' | 'inputStride';

/**
 * `inputScales[m, g] = max |x[m, k]| / 127` over the 32 columns k of group g and `codes[m, k] = round(x[m, k] / inputScales[m, g])`
 * for m < numRows, where row m of x begins at element `inputOffset + m * inputStride`. Codes lie as `matmulInt8` wants them.
 */
export const quantizeRows: KernelSpec<QuantizeRowsBinding, QuantizeRowsParam> = {
  name: 'linear/quantize-rows',
  bindings: { x: 'read', codes: 'read_write', inputScales: 'read_write' },
  params: { columns: 'u32', numRows: 'u32', inputOffset: 'u32', inputStride: 'u32' },
  variants: [{ name: 'portable', sources: [group, portable] }],
};

/** The grid of `quantizeRows`. */
export function quantizeRowsGrid(numRows: number, columns: number): Grid {
  return flatGrid(ceilDiv(numRows * ceilDiv(columns, inputGroup), groupsAtOnce));
}

/**
 * As `quantizeRows`, of the rows of `x [rows, columns]` times `weight [columns]`, scales divided by the root mean square of the row: so
 * `codes` and `inputScales` are of RMS-normed rows.
 */
export const quantizeNormed: KernelSpec<QuantizeRowsBinding | 'weight', 'columns' | 'epsilon'> = {
  name: 'linear/quantize-rows-normed',
  bindings: { x: 'read', weight: 'read', codes: 'read_write', inputScales: 'read_write' },
  params: { columns: 'u32', epsilon: 'f32' },
  variants: [{ name: 'portable', sources: [group, normed] }],
};

/** The grid of `quantizeNormed`. */
export function quantizeNormedGrid(numRows: number, columns: number): Grid {
  return [ceilDiv(ceilDiv(columns, inputGroup), groupsAtOnce), numRows];
}
