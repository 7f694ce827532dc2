import { matvecGrid } from '../../../src/kernels/linear/matvec';
import { activationCodes, matvecGated } from '../../../src/kernels/linear/matvec-gated';
import type { WeightFormat } from '../../../src/kernels/linear/weight-format';
import type { Activation } from '../../../src/reference/linear/gated-activation';
import { matmulGated as reference } from '../../../src/reference/linear/matmul';
import { randomFloats } from '../../../tools/util/random';
import type { KernelCase } from '../harness';
import { formats, overlay, randomMatrix, stagedFor } from './weights';

interface Shape {
  readonly columns: number;
  readonly outputs: number;
  readonly rows: 1 | 2 | 4 | 8;
  readonly activation: Activation;
  readonly first?: number;
  readonly norm?: boolean;
}

const shapes: readonly Shape[] = [
  { columns: 8, outputs: 1, rows: 1, activation: 'silu' },
  { columns: 33, outputs: 7, rows: 2, activation: 'gelu-tanh' },
  { columns: 172, outputs: 64, rows: 4, activation: 'gelu', first: 5 },
  { columns: 577, outputs: 64, rows: 1, activation: 'silu', first: 64 },
  { columns: 1024, outputs: 513, rows: 1, activation: 'gelu-tanh' },
  { columns: 1088, outputs: 33, rows: 8, activation: 'silu' },
  { columns: 64, outputs: 7, rows: 1, activation: 'silu', norm: false },
];

function caseOf(format: WeightFormat, shape: Shape): KernelCase {
  const { columns, outputs, rows, activation, first = 0, norm = true } = shape;
  const isAhead = rows <= 4 && (format === 'f32' || format === 'f16');
  const tuning = { AHEAD: isAhead ? 2 : 1, LANES: 16, TEAM_ROWS: columns % 3 === 0 ? 4 : 2 };
  const stride = first > 0 ? first + outputs + 5 : outputs;
  const matrix = randomMatrix(format, 2 * outputs, columns, columns + outputs);
  const x = randomFloats(rows * columns, 1);
  const normWeight = randomFloats(columns, 2, 0.5);
  const y = randomFloats(rows * stride, 4);
  return {
    title: `${format}: ${rows} rows of ${columns} to ${outputs} outputs from ${first}, ${activation}${norm ? '' : ', no norm'}`,
    spec: matvecGated(format),
    constants: {
      NORM: Number(norm),
      ROWS: rows,
      ACTIVATION: activationCodes[activation],
      STAGED: stagedFor(rows),
      ...tuning,
    },
    buffers: { ...matrix.buffers, x, normWeight, y },
    params: { columns, numOutputs: outputs, firstOutput: first, outputStride: stride, epsilon: 1e-5 },
    grid: matvecGrid(2 * outputs, tuning),
    expected: () => {
      const parts = norm ? { norm: { weight: normWeight, epsilon: 1e-5 } } : {};
      const result = reference(x, matrix.weights, columns, { ...parts, activation });
      return { y: overlay(y, result, { width: outputs, stride, first }) };
    },
    tolerance: { absolute: 2e-4, relative: 3e-5 },
  };
}

/** Pipelines are slow to compile on a software adapter: the common format meets every shape, the others some. */
export const cases = formats.flatMap((format, i) =>
  shapes.filter((_, j) => format === 'q4' || (i + j) % 3 === 0).map((shape) => caseOf(format, shape)),
);
