/** Binds the matrices of a model to the linear kernels, slab by slab, so that recording one is a loop of dispatches. */
import type { GpuBuffer } from '../gpu/buffer';
import type { Recorder } from '../gpu/recorder';
import { embed, embedGrid, latestTokenFlag } from '../kernels/linear/embed';
import { matmul, matmulGrid, matmulTileRows } from '../kernels/linear/matmul';
import { matvec, matvecGrid, matvecTuning } from '../kernels/linear/matvec';
import { activationCodes, matvecGated } from '../kernels/linear/matvec-gated';
import type { MatrixFormat } from '../kernels/linear/matrix-format';
import { fetched } from '../util/fetched';
import type { Matrix, MatrixSlab } from '../weights/weights';
import type {
  LinearContext,
  MatmulOperands,
  MatmulOperation,
  MatvecOperands,
  Operation,
} from './linear-context';

/** Bindings of a slab; those of a format without scales are never looked up. */
function weightsOf({ values, scales }: MatrixSlab) {
  return { values, scales };
}

/** Binds every slab to the kernel of its format. */
async function mapSlabs<K, T>(
  { slabs }: Matrix,
  kernelOf: (format: MatrixFormat) => Promise<K>,
  bind: (kernel: K, slab: MatrixSlab) => T,
): Promise<T[]> {
  return Promise.all(slabs.map(async (slab) => bind(await kernelOf(slab.format), slab)));
}

/** What binds a matrix to products of integers, where its products are to be such and can be. */
async function integersFor({ compiler, quantized }: LinearContext, matrix: Matrix) {
  if (!quantized) return undefined;
  const integers = await fetched(import('./linear-int8'));
  return integers.canBeInt8(compiler, matrix) ? integers : undefined;
}

/** `y[r] = [y[r] +] W·[norm](x[r]) [+ bias]` for all rows of the batch. */
export async function bindMatvec(
  context: LinearContext,
  matrix: Matrix,
  operands: MatvecOperands,
): Promise<Operation> {
  const { compiler, config, unused } = context;
  const { x, y, outputStride, normWeight, bias, isResidual = false, rows } = operands;
  const integers = operands.isInFloats ? undefined : await integersFor(context, matrix);
  if (integers?.isWorthInt8(matrix)) return integers.bindMatvecInt8(context, matrix, operands);
  const tuningOf = (format: MatrixFormat) =>
    matvecTuning({ format, numRows: matrix.numRows, rows, isGated: false }, compiler.device.features);
  const kernelOf = (format: MatrixFormat) =>
    compiler.compile(matvec(format), {
      ...tuningOf(format),
      NORM: Number(!!normWeight),
      BIAS: Number(!!bias),
      RESIDUAL: Number(isResidual),
      ROWS: rows,
    });
  const slabs = await mapSlabs(matrix, kernelOf, (kernel, slab) => ({
    bound: kernel.bind({ x, y, normWeight: normWeight ?? unused, bias: bias ?? unused, ...weightsOf(slab) }),
    params: {
      columns: matrix.numColumns,
      numOutputs: slab.numRows,
      firstOutput: slab.firstRow,
      outputStride,
      epsilon: config.normEpsilon,
    },
    grid: matvecGrid(slab.numRows, tuningOf(slab.format)),
  }));
  return (recorder) => {
    for (const { bound, params, grid } of slabs) recorder.dispatch(bound, params, grid);
  };
}

/** `y[r, n] = act(gate_n·norm(x[r]))·(up_n·norm(x[r]))`: gate and up rows are interleaved in `matrix`. */
export async function bindMatvecGated(
  context: LinearContext,
  matrix: Matrix,
  operands: Pick<MatvecOperands, 'x' | 'y' | 'rows' | 'normWeight'>,
): Promise<Operation> {
  const { compiler, config, unused } = context;
  const { x, y, normWeight, rows } = operands;
  const integers = await integersFor(context, matrix);
  if (integers?.isWorthInt8(matrix)) return integers.bindMatvecGatedInt8(context, matrix, operands);
  const tuningOf = (format: MatrixFormat) =>
    matvecTuning({ format, numRows: matrix.numRows, rows, isGated: true }, compiler.device.features);
  const kernelOf = (format: MatrixFormat) =>
    compiler.compile(matvecGated(format), {
      ...tuningOf(format),
      NORM: Number(!!normWeight),
      ACTIVATION: activationCodes[config.activation],
      ROWS: rows,
    });
  const slabs = await mapSlabs(matrix, kernelOf, (kernel, slab) => ({
    bound: kernel.bind({ x, y, normWeight: normWeight ?? unused, ...weightsOf(slab) }),
    params: {
      columns: matrix.numColumns,
      numOutputs: slab.numRows / 2,
      firstOutput: slab.firstRow / 2,
      outputStride: matrix.numRows / 2,
      epsilon: config.normEpsilon,
    },
    grid: matvecGrid(slab.numRows, tuningOf(slab.format)),
  }));
  return (recorder) => {
    for (const { bound, params, grid } of slabs) recorder.dispatch(bound, params, grid);
  };
}

/** `y[m] = [y[m] +] W·x[m] [+ bias]` for a run of rows given at recording. */
export async function bindMatmul(
  context: LinearContext,
  matrix: Matrix,
  operands: MatmulOperands,
): Promise<MatmulOperation> {
  const { compiler, unused } = context;
  const integers = await integersFor(context, matrix);
  if (integers) return integers.bindMatmulInt8(context, matrix, operands);
  const { x, y, outputStride, bias, isResidual = false } = operands;
  // On a software adapter nothing is won that would pay for compiling a second pipeline.
  const isSoftware = compiler.device.features.has('software');
  const tileRows = isSoftware ? 64 : matmulTileRows(matrix.numRows);
  const kernelOf = (format: MatrixFormat) => compiler.compile(matmul(format), { TILE_ROWS: tileRows });
  const slabs = await mapSlabs(matrix, kernelOf, (kernel, slab) => ({
    bound: kernel.bind({ x, y, bias: bias ?? unused, ...weightsOf(slab) }),
    numOutputs: slab.numRows,
    firstOutput: slab.firstRow,
  }));
  const columns = matrix.numColumns;
  return (recorder, { numRows, firstInputRow, firstOutputRow }) => {
    for (const { bound, numOutputs, firstOutput } of slabs) {
      const params = {
        numRows,
        columns,
        numOutputs,
        firstOutput,
        inputStride: columns,
        inputOffset: firstInputRow * columns,
        outputStride,
        outputOffset: firstOutputRow * outputStride,
        hasBias: Number(!!bias),
        isResidual: Number(isResidual),
      };
      recorder.dispatch(bound, params, matmulGrid(numOutputs, numRows, tileRows));
    }
  };
}

/** The list entry for a sequence's latest sampled token. */
export function latestTokenOf(sequence: number): number {
  return (latestTokenFlag | sequence) >>> 0;
}

/** `hidden[r] = embeddingScale · W[list[r]]`, where an entry is a token id or `latestTokenOf(sequence)`. */
export async function bindEmbed(
  { compiler, config }: LinearContext,
  matrix: Matrix,
  { tokens, hidden }: { readonly tokens: GpuBuffer; readonly hidden: GpuBuffer },
): Promise<(recorder: Recorder, list: Uint32Array) => void> {
  const kernelOf = (format: MatrixFormat) => compiler.compile(embed(format));
  const slabs = await mapSlabs(matrix, kernelOf, (kernel, slab) => ({
    bound: kernel.bind({ tokens, hidden, ...weightsOf(slab) }),
    params: {
      columns: matrix.numColumns,
      firstRow: slab.firstRow,
      numRows: slab.numRows,
      scale: config.embeddingScale,
    },
  }));
  return (recorder, list) => {
    for (const { bound, params } of slabs) {
      recorder.dispatch(bound, params, embedGrid(matrix.numColumns, list.length), list);
    }
  };
}
