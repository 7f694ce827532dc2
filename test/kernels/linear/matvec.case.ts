import { matvec, matvecGrid, type MatvecTuning } from '../../../src/kernels/linear/matvec';
import { matmul as reference } from '../../../src/reference/linear/matmul';
import type { MatrixFormat } from '../../../src/kernels/linear/weight-format';
import { randomFloats } from '../../../tools/util/random';
import type { KernelCase } from '../harness';
import { columnsOf, fileFormats, formats, overlay, randomMatrix, stagedFor } from './weights';

interface Shape {
  readonly columns: number;
  readonly outputs: number;
  readonly rows: 1 | 2 | 4 | 8;
  /** Where the slab's outputs begin in y; more columns than they need are in y then. */
  readonly first?: number;
  readonly norm?: boolean;
  readonly bias?: boolean;
  readonly residual?: boolean;
  /** As a GPU takes small matrices. */
  readonly isWide?: boolean;
}

const shapes: readonly Shape[] = [
  { columns: 8, outputs: 1, rows: 1 },
  { columns: 33, outputs: 7, rows: 2, norm: true },
  { columns: 64, outputs: 64, rows: 4, bias: true },
  { columns: 172, outputs: 513, rows: 1, norm: true, bias: true },
  { columns: 577, outputs: 7, rows: 8, norm: true, residual: true },
  { columns: 577, outputs: 64, rows: 1, residual: true },
  { columns: 1024, outputs: 64, rows: 1, norm: true, bias: true, residual: true },
  { columns: 1024, outputs: 513, rows: 4, first: 21, residual: true },
  { columns: 172, outputs: 7, rows: 2, first: 3, norm: true, bias: true },
  { columns: 1088, outputs: 33, rows: 8, norm: true },
];

const wideShapes: readonly Shape[] = [
  { columns: 33, outputs: 7, rows: 1, norm: true, isWide: true },
  { columns: 2080, outputs: 65, rows: 4, bias: true, residual: true, isWide: true },
  { columns: 1088, outputs: 33, rows: 8, norm: true, isWide: true },
];

/** Every way to share the work that some GPU has: loads ahead where blocks are single, wider teams, one to four rows a team. */
function tuningOf(format: MatrixFormat, { columns, rows, isWide = false }: Shape): MatvecTuning {
  const isSingle = format === 'f32' || format === 'f16';
  return {
    AHEAD: isSingle ? (rows <= 4 ? 4 : 2) : 1,
    LANES: isWide ? 32 : 16,
    TEAM_ROWS: [1, 2, 4][columns % 3]!,
  };
}

function caseOf(format: MatrixFormat, shape: Shape): KernelCase {
  const { columns, outputs, rows, first = 0, norm = false, bias = false, residual = false } = shape;
  const { isWide = false } = shape;
  const tuning = tuningOf(format, shape);
  const stride = first > 0 ? first + outputs + 5 : outputs;
  const matrix = randomMatrix(format, outputs, columns, columns + outputs);
  const x = randomFloats(rows * columns, 1);
  const normWeight = randomFloats(columns, 2);
  const biases = randomFloats(stride, 3);
  const y = randomFloats(rows * stride, 4);
  const place = { width: outputs, stride, first };
  const extras = Object.entries({ norm, bias, residual, wide: isWide }).flatMap(([name, isOn]) =>
    isOn ? [name] : [],
  );
  return {
    title: [`${format}: ${rows} rows of ${columns} to ${outputs} outputs from ${first}`, ...extras].join(
      ', ',
    ),
    spec: matvec(format),
    constants: {
      NORM: Number(norm),
      BIAS: Number(bias),
      RESIDUAL: Number(residual),
      ROWS: rows,
      STAGED: isWide ? 1024 : stagedFor(rows),
      ...tuning,
    },
    buffers: { ...matrix.buffers, x, normWeight, bias: biases, y },
    params: { columns, numOutputs: outputs, firstOutput: first, outputStride: stride, epsilon: 1e-5 },
    grid: matvecGrid(outputs, tuning),
    expected: () => {
      const result = reference(x, matrix.weights, columns, {
        ...(norm && { norm: { weight: normWeight, epsilon: 1e-5 } }),
        ...(bias && { bias: biases.subarray(first) }),
        ...(residual && { residual: columnsOf(y, place) }),
      });
      return { y: overlay(y, result, place) };
    },
    tolerance: { absolute: 2e-4, relative: 1e-5 },
  };
}

/** Pipelines are slow to compile on a software adapter: the common format meets every shape, the others some. */
export const cases = [
  ...formats.flatMap((format, i) =>
    shapes.filter((_, j) => format === 'q4' || (i + j) % 2 === 0).map((shape) => caseOf(format, shape)),
  ),
  ...wideShapes.map((shape) => caseOf('f16', shape)),
  ...(['f32', 'q8'] as const).map((format) => caseOf(format, wideShapes[2]!)),
  ...fileFormats.map((format) => caseOf(format, { columns: 768, outputs: 7, rows: 2, norm: true })),
];
