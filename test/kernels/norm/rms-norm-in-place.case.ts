import { flatGrid } from '../../../src/gpu/recorder';
import { rmsNormInPlace } from '../../../src/kernels/norm/rms-norm-in-place';
import { rmsNormInPlace as reference } from '../../../src/reference/norm/rms-norm-in-place';
import { randomFloats } from '../../../tools/util/random';
import type { KernelCase } from '../harness';

const shapes = [
  [1, 8, 12, 0],
  [17, 64, 192, 128],
  [577, 33, 70, 5],
] as const;

export const cases = shapes.map(([rows, width, stride, offset]): KernelCase => {
  const params = { rows, width, stride, offset, firstRow: 2, firstWeight: 3, epsilon: 1e-5 };
  const y = randomFloats((3 + rows) * stride, rows);
  const weight = randomFloats(3 + width, width);
  return {
    title: `${width} of ${stride} columns from ${offset}, ${rows} rows`,
    spec: rmsNormInPlace,
    buffers: { weight, y },
    params,
    grid: flatGrid(rows),
    expected: () => ({ y: reference(y, weight, params) }),
    tolerance: { absolute: 1e-5, relative: 1e-5 },
  };
});
