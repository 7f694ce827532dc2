/** Products of rows in 8 bits, as `bindMatvec`, `bindMatvecGated` and `bindMatmul` bind those of floats. */
import type { BoundKernel, Grid, KernelCompiler } from '../gpu/kernel';
import { activationCodes } from '../kernels/linear/matvec-gated';
import { matvecGatedInt8, matvecInt8, matvecInt8Grid } from '../kernels/linear/matvec-int8';
import { hasScales } from '../kernels/linear/matrix-format';
import { matmulInt8, matmulInt8Grid } from '../kernels/linear/matmul-int8';
import {
  quantizeNormed,
  quantizeNormedGrid,
  quantizeRows,
  quantizeRowsGrid,
} from '../kernels/linear/quantize-rows';
import { assert } from '../util/assert';
import type { Matrix } from '../weights/weights';
import type {
  LinearContext,
  MatmulOperands,
  MatmulOperation,
  MatvecOperands,
  Operation,
} from './linear-context';

/** Elements of the smallest matrix that decode rows meet in 8 bits. */
const leastDecodedWeights = 12 * 2 ** 20;

/** Whether a matrix is of integers, and the kernel for that is there and was not found wrong. */
export function canBeInt8(compiler: KernelCompiler, { slabs }: Matrix): boolean {
  return slabs.every(
    ({ format }) => hasScales(format) && compiler.chooseVariant(matmulInt8(format)).name === 'packed-dot',
  );
}

/**
 * Whether a matrix is worth that in decoding, where rounding is a dispatch more: on an H200, of one row, 4,096 columns to 6,144 rows took
 * 8.8 µs instead of 14.4 and the rounding 3 to 7, 896 to 9,728 took 7 instead of 10 and the rounding 5. The number of rows of a step
 * has no say, so that no row's result depends on it.
 */
export function isWorthInt8(matrix: Pick<Matrix, 'numRows' | 'numColumns'>): boolean {
  return matrix.numRows * matrix.numColumns >= leastDecodedWeights;
}

/** Where rows are rounded to: who binds products of integers has such buffers. */
function quantizedOf({ quantized }: LinearContext): NonNullable<LinearContext['quantized']> {
  assert(quantized, 'products of integers without buffers for rounded rows');
  return quantized;
}

/** `y[m] = [y[m] +] W·x[m] [+ bias]` for a run of rows given at recording, which are rounded to 8 bits in the context's `quantized` first. */
export async function bindMatmulInt8(
  context: LinearContext,
  { slabs, numColumns: columns }: Matrix,
  { x, y, outputStride, bias, isResidual = false }: MatmulOperands,
): Promise<MatmulOperation> {
  const { compiler, unused } = context;
  const { codes, inputScales } = quantizedOf(context);
  const quantize = (await compiler.compile(quantizeRows)).bind({ x, codes, inputScales });
  const products = await Promise.all(
    slabs.map(async ({ format, values, scales, numRows, firstRow }) => {
      const kernel = await compiler.compile(matmulInt8(format));
      const buffers = { values, scales, codes, inputScales, bias: bias ?? unused, y };
      return { bound: kernel.bind(buffers), numOutputs: numRows, firstOutput: firstRow };
    }),
  );
  return (recorder, { numRows, firstInputRow, firstOutputRow }) => {
    const input = { columns, numRows, inputOffset: firstInputRow * columns, inputStride: columns };
    recorder.dispatch(quantize, input, quantizeRowsGrid(numRows, columns));
    for (const { bound, numOutputs, firstOutput } of products) {
      const params = {
        columns,
        numOutputs,
        numRows,
        firstOutput,
        outputOffset: firstOutputRow * outputStride,
        outputStride,
        hasBias: Number(!!bias),
        isResidual: Number(isResidual),
      };
      recorder.dispatch(bound, params, matmulInt8Grid(numOutputs, numRows));
    }
  };
}

/** Records `rows` rows of x, normed where there is a weight, in 8 bits. */
async function bindQuantize(
  context: LinearContext,
  columns: number,
  { x, normWeight, rows }: Pick<MatvecOperands, 'x' | 'normWeight' | 'rows'>,
): Promise<Operation> {
  const { compiler, config } = context;
  const { codes, inputScales } = quantizedOf(context);
  if (normWeight) {
    const bound = (await compiler.compile(quantizeNormed)).bind({
      x,
      weight: normWeight,
      codes,
      inputScales,
    });
    const params = { columns, epsilon: config.normEpsilon };
    return (recorder) => recorder.dispatch(bound, params, quantizeNormedGrid(rows, columns));
  }
  const bound = (await compiler.compile(quantizeRows)).bind({ x, codes, inputScales });
  const params = { columns, numRows: rows, inputOffset: 0, inputStride: columns };
  return (recorder) => recorder.dispatch(bound, params, quantizeRowsGrid(rows, columns));
}

/** `y[r] = [y[r] +] W·[norm](x[r]) [+ bias]` for all rows of the batch. */
export async function bindMatvecInt8(
  context: LinearContext,
  { slabs, numColumns: columns }: Matrix,
  operands: MatvecOperands,
): Promise<Operation> {
  const { compiler, unused } = context;
  const { codes, inputScales } = quantizedOf(context);
  const { y, outputStride, bias, isResidual = false, rows } = operands;
  const constants = { BIAS: Number(!!bias), RESIDUAL: Number(isResidual), ROWS: rows };
  const products = slabs.map(async ({ format, values, scales, numRows, firstRow }) => {
    const kernel = await compiler.compile(matvecInt8(format), constants);
    const buffers = { values, scales, codes, inputScales, bias: bias ?? unused, y };
    const params = { columns, numOutputs: numRows, firstOutput: firstRow, outputStride };
    return { bound: kernel.bind(buffers), params, grid: matvecInt8Grid(numRows) };
  });
  return inOrder(await bindQuantize(context, columns, operands), await Promise.all(products));
}

/** `y[r, n] = act(gate_n·norm(x[r]))·(up_n·norm(x[r]))`: gate and up rows are interleaved in `matrix`. */
export async function bindMatvecGatedInt8(
  context: LinearContext,
  { slabs, numColumns: columns, numRows: outputsAndGates }: Matrix,
  operands: Pick<MatvecOperands, 'x' | 'y' | 'rows' | 'normWeight'>,
): Promise<Operation> {
  const { compiler, config } = context;
  const { codes, inputScales } = quantizedOf(context);
  const constants = { ACTIVATION: activationCodes[config.activation], ROWS: operands.rows };
  const products = slabs.map(async ({ format, values, scales, numRows, firstRow }) => {
    const kernel = await compiler.compile(matvecGatedInt8(format), constants);
    const buffers = { values, scales, codes, inputScales, y: operands.y };
    const params = {
      columns,
      numOutputs: numRows / 2,
      firstOutput: firstRow / 2,
      outputStride: outputsAndGates / 2,
    };
    return { bound: kernel.bind(buffers), params, grid: matvecInt8Grid(numRows) };
  });
  return inOrder(await bindQuantize(context, columns, operands), await Promise.all(products));
}

interface Product {
  readonly bound: BoundKernel;
  readonly params: Readonly<Record<string, number>>;
  readonly grid: Grid;
}

function inOrder(quantize: Operation, products: readonly Product[]): Operation {
  return (recorder) => {
    quantize(recorder);
    for (const { bound, params, grid } of products) recorder.dispatch(bound, params, grid);
  };
}
