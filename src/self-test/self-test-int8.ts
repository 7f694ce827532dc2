/** The self-test's products of rows in 8 bits, against plain loops. */
import { hasScales } from '../kernels/linear/matrix-format';
import { matmulInt8, matmulInt8Grid } from '../kernels/linear/matmul-int8';
import { matvecInt8, matvecInt8Grid } from '../kernels/linear/matvec-int8';
import {
  quantizeNormed,
  quantizeNormedGrid,
  quantizeRows,
  quantizeRowsGrid,
} from '../kernels/linear/quantize-rows';
import { quantizedRowBytes } from '../kernels/linear/quantized-row';
import { decodeRows, sampleRows, type MatrixFormat } from '../kernels/linear/weight-format';
import { wave, type SelfTestCheck } from './self-test-check';

const columns = 72;
const numOutputs = 19;
const numRows = 3;

/**
 * For each format of integers: three rows that are rounded and then multiplied with a matrix, as in prefill; one of them, normed, as
 * in decoding.
 */
export function int8Checks(formats: readonly MatrixFormat[]): SelfTestCheck[] {
  return formats.filter(hasScales).flatMap(checksOf);
}

function checksOf(format: MatrixFormat): SelfTestCheck[] {
  const encoded = sampleRows(format, wave(numOutputs * columns, 7), numOutputs, columns);
  const matrix = decodeRows(format, encoded, numOutputs, columns);
  // With 127/128 in each group all are multiples of its scale, and rounding changes nothing.
  const x = wave(numRows * columns, 5).map((value, i) =>
    (i % columns) % 32 === 0 ? 127 / 128 : Math.max(value, -7 / 8),
  );
  const bytes = quantizedRowBytes(columns);
  const product = (row: number, output: number) => {
    let sum = 0;
    for (let k = 0; k < columns; k++) sum += matrix[output * columns + k]! * x[row * columns + k]!;
    return sum;
  };
  const severalRows: SelfTestCheck = {
    steps: [
      {
        spec: quantizeRows,
        constants: {},
        params: { columns, numRows, inputOffset: 0, inputStride: columns },
        grid: quantizeRowsGrid(numRows, columns),
      },
      {
        spec: matmulInt8(format),
        constants: {},
        params: {
          columns,
          numOutputs,
          numRows,
          firstOutput: 0,
          outputOffset: 0,
          outputStride: numOutputs,
          hasBias: 0,
          isResidual: 1,
        },
        grid: matmulInt8Grid(numOutputs, numRows),
      },
    ],
    buffers: {
      ...encoded,
      x,
      codes: new Uint8Array(numRows * bytes.codes),
      inputScales: new Uint8Array(numRows * bytes.scales),
      bias: new Float32Array(numOutputs),
      y: new Float32Array(numRows * numOutputs).fill(1),
    },
    result: 'y',
    expected: Float32Array.from({ length: numRows * numOutputs }, (_, at) => {
      return 1 + product(Math.floor(at / numOutputs), at % numOutputs);
    }),
  };

  const epsilon = 1e-5;
  const meanSquare = x.subarray(0, columns).reduce((sum, value) => sum + value ** 2, 0) / columns;
  const oneRow: SelfTestCheck = {
    steps: [
      {
        spec: quantizeNormed,
        constants: {},
        params: { columns, epsilon },
        grid: quantizeNormedGrid(1, columns),
      },
      {
        spec: matvecInt8(format),
        constants: { BIAS: 0, RESIDUAL: 0, ROWS: 1 },
        params: { columns, numOutputs, firstOutput: 0, outputStride: numOutputs },
        grid: matvecInt8Grid(numOutputs),
      },
    ],
    buffers: {
      ...encoded,
      x,
      weight: new Float32Array(columns).fill(2),
      codes: new Uint8Array(bytes.codes),
      inputScales: new Uint8Array(bytes.scales),
      bias: new Float32Array(numOutputs),
      y: new Float32Array(numOutputs),
    },
    result: 'y',
    expected: Float32Array.from({ length: numOutputs }, (_, output) => {
      return (2 * product(0, output)) / Math.sqrt(meanSquare + epsilon);
    }),
  };
  return [severalRows, oneRow];
}
