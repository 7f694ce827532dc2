import { flatGrid } from '../../../src/gpu/recorder';
import { layerNorm } from '../../../src/kernels/norm/layer-norm';
import { layerNorm as reference } from '../../../src/reference/norm/layer-norm';
import { randomFloats } from '../../../tools/util/random';
import type { KernelCase } from '../harness';

const shapes = [
  [1, 8],
  [17, 172],
  [300, 33],
] as const;

export const cases = shapes.map(([rows, width]): KernelCase => {
  // The kernel skips rows on both sides: two before its input, one before its output. Values are far from zero.
  const x = randomFloats((2 + rows) * width, rows).map((value) => value + 3);
  const weight = randomFloats(2 * width, width);
  const y = randomFloats((1 + rows) * width, 3);
  const params = { rows, width, epsilon: 1e-5, inputRow: 2, outputRow: 1 };
  return {
    title: `${rows} rows of ${width}`,
    spec: layerNorm,
    buffers: { x, weight, y },
    params,
    grid: flatGrid(rows),
    expected: () => ({
      y: Float32Array.of(...y.subarray(0, width), ...reference(x.subarray(2 * width), weight, params)),
    }),
    tolerance: { absolute: 2e-5, relative: 1e-5 },
  };
});
