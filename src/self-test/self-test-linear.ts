/** The self-test's products of a matrix with rows, against plain loops. */
import { matmul, matmulGrid } from '../kernels/linear/matmul';
import { matvec, matvecGrid, plainTuning, type MatvecTuning } from '../kernels/linear/matvec';
import { decodeRows, sampleRows, type MatrixFormat } from '../kernels/linear/weight-format';
import { wave, type SelfTestCheck, type SelfTestShape } from './self-test-check';

const columns = 72;
const numOutputs = 19;

/** A normed row times a matrix, as at the head and before it; three rows times a matrix added to what was there, as in prefill. */
export function linearChecks({
  weights,
  tunings = () => [plainTuning],
}: Pick<SelfTestShape, 'weights' | 'tunings'>): SelfTestCheck[] {
  return weights.flatMap((format) => checksOf(format, tunings(format)));
}

function checksOf(format: MatrixFormat, tunings: readonly MatvecTuning[]): SelfTestCheck[] {
  const encoded = sampleRows(format, wave(numOutputs * columns, 7), numOutputs, columns);
  const matrix = decodeRows(format, encoded, numOutputs, columns);
  const bias = new Float32Array(numOutputs);
  const product = (x: Float32Array, row: number, output: number) => {
    let sum = 0;
    for (let k = 0; k < columns; k++) sum += matrix[output * columns + k]! * x[row * columns + k]!;
    return sum;
  };

  const vector = wave(columns, 5);
  const epsilon = 1e-5;
  const meanSquare = vector.reduce((sum, value) => sum + value ** 2, 0) / columns;
  const oneRow = tunings.map((tuning): SelfTestCheck => ({
    steps: [
      {
        spec: matvec(format),
        constants: { NORM: 1, BIAS: 0, RESIDUAL: 0, ROWS: 1, ...tuning },
        params: { columns, numOutputs, firstOutput: 0, outputStride: numOutputs, epsilon },
        grid: matvecGrid(numOutputs, tuning),
      },
    ],
    buffers: {
      ...encoded,
      x: vector,
      normWeight: new Float32Array(columns).fill(2),
      bias,
      y: new Float32Array(numOutputs),
    },
    result: 'y',
    expected: Float32Array.from({ length: numOutputs }, (_, output) => {
      return (2 * product(vector, 0, output)) / Math.sqrt(meanSquare + epsilon);
    }),
  }));

  const numRows = 3;
  const x = wave(numRows * columns, 11);
  const severalRows: SelfTestCheck = {
    steps: [
      {
        spec: matmul(format),
        constants: {},
        params: {
          columns,
          numOutputs,
          numRows,
          firstOutput: 0,
          inputOffset: 0,
          inputStride: columns,
          outputOffset: 0,
          outputStride: numOutputs,
          hasBias: 0,
          isResidual: 1,
        },
        grid: matmulGrid(numOutputs, numRows),
      },
    ],
    buffers: { ...encoded, x, bias, y: new Float32Array(numRows * numOutputs).fill(1) },
    result: 'y',
    expected: Float32Array.from({ length: numRows * numOutputs }, (_, at) => {
      return 1 + product(x, Math.floor(at / numOutputs), at % numOutputs);
    }),
  };
  return [...oneRow, severalRows];
}
