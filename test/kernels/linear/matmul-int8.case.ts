import { matmulInt8, matmulInt8Grid } from '../../../src/kernels/linear/matmul-int8';
import type { MatrixFormat } from '../../../src/kernels/linear/weight-format';
import { matmul } from '../../../src/reference/linear/matmul';
import { dequantizeRows, packCodes, quantizeRows } from '../../../src/reference/linear/quantize-rows';
import { inFullRun } from '../../support/full-run';
import { randomFloats } from '../../../tools/util/random';
import type { KernelCase } from '../harness';
import { columnsOf, fileFormats, overlay, randomMatrix } from './weights';

interface Shape {
  readonly columns: number;
  readonly outputs: number;
  readonly rows: number;
  readonly first?: number;
  /** Rows of y before the first one that is written. */
  readonly skippedRows?: number;
  readonly bias?: boolean;
  readonly residual?: boolean;
}

const shapes: readonly Shape[] = [
  { columns: 8, outputs: 1, rows: 1 },
  { columns: 33, outputs: 7, rows: 15, skippedRows: 3 },
  { columns: 172, outputs: 130, rows: 35, bias: true, residual: true, first: 11 },
  { columns: 577, outputs: 65, rows: 33, bias: true },
];

function caseOf(format: MatrixFormat, shape: Shape): KernelCase {
  const { columns, outputs, rows, first = 0, skippedRows = 0, bias = false, residual = false } = shape;
  const stride = first > 0 ? first + outputs + 5 : outputs;
  const matrix = randomMatrix(format, outputs, columns, columns + outputs);
  const quantized = quantizeRows(randomFloats(rows * columns, 1), columns);
  const biases = randomFloats(stride, 3);
  const y = randomFloats((skippedRows + rows) * stride, 4);
  const place = { width: outputs, stride, first };
  return {
    title: `${format}: ${rows} rows of ${columns} to ${outputs} outputs from ${first}`,
    spec: matmulInt8(format),
    buffers: {
      ...matrix.buffers,
      codes: packCodes(quantized.codes, columns),
      inputScales: quantized.scales,
      bias: biases,
      y,
    },
    params: {
      columns,
      numOutputs: outputs,
      numRows: rows,
      firstOutput: first,
      outputOffset: skippedRows * stride,
      outputStride: stride,
      hasBias: Number(bias),
      isResidual: Number(residual),
    },
    grid: matmulInt8Grid(outputs, rows),
    expected: () => {
      const written = y.subarray(skippedRows * stride);
      const result = matmul(dequantizeRows(quantized, columns), matrix.weights, columns, {
        ...(bias && { bias: biases.subarray(first) }),
        ...(residual && { residual: columnsOf(written, place) }),
      });
      return {
        y: Float32Array.from([...y.subarray(0, skippedRows * stride), ...overlay(written, result, place)]),
      };
    },
    tolerance: { absolute: 2e-4, relative: 1e-5 },
  };
}

/** A software adapter compiles each format for seconds: in the gate 4 bits, and 8 bits with a scale for 16 columns. */
export const cases = [
  ...['q4' as const, ...inFullRun('q8' as const)].flatMap((format) =>
    shapes.map((shape) => caseOf(format, shape)),
  ),
  ...['q8-k16' as const, ...inFullRun(...fileFormats.filter((format) => format !== 'q8-k16'))].map((format) =>
    caseOf(format, { columns: 784, outputs: 7, rows: 17, residual: true }),
  ),
];
