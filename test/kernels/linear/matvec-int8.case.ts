import { activationCodes } from '../../../src/kernels/linear/matvec-gated';
import { matvecGatedInt8, matvecInt8, matvecInt8Grid } from '../../../src/kernels/linear/matvec-int8';
import type { MatrixFormat } from '../../../src/kernels/linear/weight-format';
import { activate } from '../../../src/reference/linear/gated-activation';
import { matmul } from '../../../src/reference/linear/matmul';
import { dequantizeRows, packCodes, quantizeRows } from '../../../src/reference/linear/quantize-rows';
import { inFullRun } from '../../support/full-run';
import { randomFloats } from '../../../tools/util/random';
import type { KernelCase } from '../harness';
import { columnsOf, overlay, randomMatrix } from './weights';

interface Shape {
  readonly columns: number;
  readonly outputs: number;
  readonly rows: 1 | 2 | 4 | 8;
  readonly first?: number;
  readonly bias?: boolean;
  readonly residual?: boolean;
  readonly gated?: boolean;
}

function caseOf(format: MatrixFormat, shape: Shape): KernelCase {
  const { columns, outputs, rows, first = 0, bias = false, residual = false, gated = false } = shape;
  const stride = first > 0 ? first + outputs + 5 : outputs;
  const numMatrixRows = gated ? 2 * outputs : outputs;
  const matrix = randomMatrix(format, numMatrixRows, columns, columns + outputs);
  const quantized = quantizeRows(randomFloats(rows * columns, 1), columns);
  const biases = randomFloats(stride, 3);
  const y = randomFloats(rows * stride, 4);
  const place = { width: outputs, stride, first };
  const sums = () =>
    matmul(dequantizeRows(quantized, columns), matrix.weights, columns, {
      ...(bias && { bias: biases.subarray(first) }),
      ...(residual && { residual: columnsOf(y, place) }),
    });
  const extras = Object.entries({ bias, residual, gated }).flatMap(([name, isOn]) => (isOn ? [name] : []));
  return {
    title: [`${format}: ${rows} rows of ${columns} to ${outputs} outputs from ${first}`, ...extras].join(
      ', ',
    ),
    spec: gated ? matvecGatedInt8(format) : matvecInt8(format),
    constants: {
      ROWS: rows,
      ...(gated ? { ACTIVATION: activationCodes.silu } : { BIAS: Number(bias), RESIDUAL: Number(residual) }),
    },
    buffers: {
      ...matrix.buffers,
      codes: packCodes(quantized.codes, columns),
      inputScales: quantized.scales,
      bias: biases,
      y,
    },
    params: { columns, numOutputs: outputs, firstOutput: first, outputStride: stride },
    grid: matvecInt8Grid(numMatrixRows),
    expected: () => {
      const products = sums();
      const result = gated
        ? Float32Array.from(
            { length: rows * outputs },
            (_, i) => activate(products[2 * i]!, 'silu') * products[2 * i + 1]!,
          )
        : products;
      return { y: overlay(y, result, place) };
    },
    tolerance: { absolute: 2e-4, relative: 3e-5 },
  };
}

/** A software adapter compiles each pipeline for seconds: the gate has the most common ones. */
export const cases = [
  caseOf('q4', { columns: 8, outputs: 1, rows: 1 }),
  caseOf('q4', { columns: 1100, outputs: 33, rows: 1, first: 5 }),
  caseOf('q4', { columns: 172, outputs: 19, rows: 4, gated: true, first: 5 }),
  caseOf('q8-k16', { columns: 784, outputs: 7, rows: 2, bias: true, residual: true }),
  ...inFullRun(
    caseOf('q4', { columns: 2080, outputs: 35, rows: 8, bias: true }),
    caseOf('q8', { columns: 1100, outputs: 33, rows: 1, residual: true }),
    caseOf('q4-k32', { columns: 768, outputs: 17, rows: 2, gated: true }),
    caseOf('q8-k16', { columns: 9216, outputs: 18, rows: 1 }),
  ),
];
