/** Products of many rows in 8 bits, as `bindMatmul` binds those of floats. */
import type { KernelCompiler } from '../gpu/kernel';
import { hasScales } from '../kernels/linear/matrix-format';
import { matmulInt8, matmulInt8Grid } from '../kernels/linear/matmul-int8';
import { quantizeRows, quantizeRowsGrid } from '../kernels/linear/quantize-rows';
import type { Matrix } from '../weights/weights';
import type { LinearContext, MatmulOperands, MatmulOperation } from './linear-context';

/** Whether a matrix is of integers, and the kernel for that is there and was not found wrong. */
export function canBeInt8(compiler: KernelCompiler, { slabs }: Matrix): boolean {
  return slabs.every(
    ({ format }) => hasScales(format) && compiler.chooseVariant(matmulInt8(format)).name === 'packed-dot',
  );
}

/** `y[m] = [y[m] +] W·x[m] [+ bias]` for a run of rows given at recording, which are rounded to 8 bits in `quantized` first. */
export async function bindMatmulInt8(
  { compiler, unused }: LinearContext,
  quantized: NonNullable<LinearContext['quantized']>,
  { slabs, numColumns: columns }: Matrix,
  { x, y, outputStride, bias, isResidual = false }: MatmulOperands,
): Promise<MatmulOperation> {
  const quantize = (await compiler.compile(quantizeRows)).bind({ x, ...quantized });
  const products = await Promise.all(
    slabs.map(async ({ format, values, scales, numRows, firstRow }) => {
      const kernel = await compiler.compile(matmulInt8(format));
      const buffers = { values, scales, ...quantized, bias: bias ?? unused, y };
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
