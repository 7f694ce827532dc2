import { flatGrid } from '../../../src/gpu/recorder';
import { rmsNorm } from '../../../src/kernels/norm/rms-norm';
import { rmsNorm as reference } from '../../../src/reference/norm/rms-norm';
import { randomFloats } from '../../support/random';
import type { KernelCase } from '../harness';

const shapes = [
  [1, 8],
  [15, 64],
  [17, 172],
  [577, 33],
] as const;

export const cases = shapes.map(([rows, width]): KernelCase => {
  // The kernel skips rows on both sides: two before its input, one before its output.
  const x = randomFloats((2 + rows) * width, rows);
  const weight = randomFloats(width, width);
  const params = { rows, width, epsilon: 1e-5, inputRow: 2, outputRow: 1 };
  return {
    title: `${rows} rows of ${width}`,
    spec: rmsNorm,
    buffers: { x, weight, y: new Float32Array((1 + rows) * width) },
    params,
    grid: flatGrid(rows),
    expected: () => ({
      y: Float32Array.of(...new Float32Array(width), ...reference(x.subarray(2 * width), weight, params)),
    }),
    tolerance: { absolute: 1e-5, relative: 1e-5 },
  };
});
