import { flatGrid } from '../../../src/gpu/recorder';
import { rmsNorm } from '../../../src/kernels/norm/rms-norm';
import { rmsNorm as reference } from '../../../src/reference/norm/rms-norm';
import { randomFloats } from '../../../tools/util/random';
import type { KernelCase } from '../harness';

const shapes = [
  [1, 8],
  [15, 64],
  [17, 172],
  [577, 33],
] as const;

const caseOf = (rows: number, width: number, RESIDUAL: 0 | 1): KernelCase => {
  // The kernel skips rows on both sides: two before its input, one before its output.
  const x = randomFloats((2 + rows) * width, rows);
  const weight = randomFloats(width, width);
  const y = randomFloats((1 + rows) * width, 3);
  const params = { rows, width, epsilon: 1e-5, inputRow: 2, outputRow: 1 };
  return {
    title: `${rows} rows of ${width}${RESIDUAL ? ', added' : ''}`,
    spec: rmsNorm,
    constants: { RESIDUAL },
    buffers: { x, weight, y },
    params,
    grid: flatGrid(rows),
    expected: () => ({
      y: Float32Array.of(
        ...y.subarray(0, width),
        ...reference(x.subarray(2 * width), weight, params).map(
          (value, i) => value + RESIDUAL * y[width + i]!,
        ),
      ),
    }),
    tolerance: { absolute: 1e-5, relative: 1e-5 },
  };
};

export const cases = shapes.flatMap(([rows, width]) => [caseOf(rows, width, 0), caseOf(rows, width, 1)]);
