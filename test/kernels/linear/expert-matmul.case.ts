import { expertMatmul, expertMatmulGrid } from '../../../src/kernels/linear/expert-matmul';
import type { MatrixFormat } from '../../../src/kernels/linear/weight-format';
import { expertMatmul as reference } from '../../../src/reference/linear/expert-matmul';
import { routeExperts, routeWords } from '../../../src/reference/linear/route-experts';
import { randomFloats } from '../../../tools/util/random';
import type { KernelCase } from '../harness';
import { randomMatrix } from './weights';

interface Shape {
  readonly format: MatrixFormat;
  readonly rows: number;
  readonly numExperts: number;
  readonly perToken: number;
  readonly columns: number;
  readonly rowsPerExpert: number;
  /** Whether each pair has a row of x, or the pairs of a row share one. */
  readonly isPerPair: boolean;
  /** Rows of the matrix that the slab has, all by default: it begins and ends within experts. */
  readonly slab?: readonly [firstRow: number, numRows: number];
}

const shapes: readonly Shape[] = [
  { format: 'f32', rows: 1, numExperts: 5, perToken: 2, columns: 33, rowsPerExpert: 7, isPerPair: false },
  { format: 'f16', rows: 40, numExperts: 3, perToken: 2, columns: 96, rowsPerExpert: 10, isPerPair: true },
  { format: 'q4', rows: 9, numExperts: 8, perToken: 3, columns: 576, rowsPerExpert: 6, isPerPair: false },
  { format: 'q8', rows: 15, numExperts: 5, perToken: 2, columns: 36, rowsPerExpert: 64, isPerPair: true },
  { format: 'q8', rows: 15, numExperts: 5, perToken: 2, columns: 64, rowsPerExpert: 72, isPerPair: false },
  {
    ...{ format: 'q8', rows: 20, numExperts: 4, perToken: 1, columns: 64, rowsPerExpert: 12 },
    isPerPair: true,
    slab: [6, 30],
  },
];

export const cases = shapes.map((shape): KernelCase => {
  const { format, rows, numExperts, perToken, columns, rowsPerExpert, isPerPair } = shape;
  const [firstRow, numRows] = shape.slab ?? [0, numExperts * rowsPerExpert];
  const matrix = randomMatrix(format, numRows, columns, columns);
  const whole = new Float32Array(numExperts * rowsPerExpert * columns);
  whole.set(matrix.weights, firstRow * columns);
  const routes = routeExperts(randomFloats(rows * numExperts, 5, 3), numExperts, perToken, true);
  const experts = routes.flat().map(({ expert }) => expert);
  const numPairs = experts.length;
  const divisor = isPerPair ? 1 : perToken;
  const x = randomFloats((numPairs / divisor) * columns, 7);
  const y = new Float32Array(numPairs * rowsPerExpert).fill(-1);
  const sizes = { columns, rowsPerExpert, divisor };
  return {
    title: `${format}: ${rows} rows of ${columns}, ${perToken} of ${numExperts} experts of ${rowsPerExpert} rows${shape.slab ? ', in part' : ''}`,
    spec: expertMatmul(format),
    buffers: { ...matrix.buffers, x, routes: routeWords(routes, numExperts), y },
    params: { ...sizes, firstRow, numRows, numPairs },
    grid: expertMatmulGrid(rowsPerExpert, numExperts),
    expected: () => {
      const all = reference(x, whole, experts, sizes);
      const isOwn = (i: number) => {
        const row = experts[Math.floor(i / rowsPerExpert)]! * rowsPerExpert + (i % rowsPerExpert);
        return row >= firstRow && row < firstRow + numRows;
      };
      return { y: all.map((value, i) => (isOwn(i) ? value : y[i]!)) };
    },
    tolerance: { absolute: 2e-4, relative: 1e-5 },
  };
});
