/** The self-test's products of rows in 8 bits, against plain loops. */
import { hasScales } from '../kernels/linear/matrix-format';
import { matmulInt8, matmulInt8Grid } from '../kernels/linear/matmul-int8';
import { quantizeRows, quantizeRowsGrid } from '../kernels/linear/quantize-rows';
import { quantizedRowBytes } from '../kernels/linear/quantized-row';
import { decodeRows, sampleRows, type MatrixFormat } from '../kernels/linear/weight-format';
import { wave, type SelfTestCheck } from './self-test-check';

const columns = 72;
const numOutputs = 19;
const numRows = 3;

/** Three rows that are rounded and then multiplied with a matrix, for each format of integers. */
export function int8Checks(formats: readonly MatrixFormat[]): SelfTestCheck[] {
  return formats.filter(hasScales).map(checkOf);
}

function checkOf(format: MatrixFormat): SelfTestCheck {
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
  return {
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
}
