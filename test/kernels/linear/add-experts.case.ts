import { addExperts, addExpertsGrid } from '../../../src/kernels/linear/add-experts';
import { addExperts as reference } from '../../../src/reference/linear/add-experts';
import { randomFloats } from '../../../tools/util/random';
import type { KernelCase } from '../harness';

const shapes = [
  { rows: 1, perToken: 2, width: 8, outputRow: 0 },
  { rows: 19, perToken: 3, width: 70, outputRow: 2 },
];

export const cases = shapes.map(({ rows, perToken, width, outputRow }): KernelCase => {
  const shares = randomFloats(rows * perToken, 1);
  const z = randomFloats(rows * perToken * width, 2);
  const y = randomFloats((outputRow + rows) * width, 3);
  return {
    title: `${perToken} experts of ${rows} rows of ${width}`,
    spec: addExperts,
    buffers: { z, shares, y },
    params: { rows, width, perToken, outputRow },
    grid: addExpertsGrid(rows, width),
    expected: () => {
      const added = reference(z, Array.from(shares), perToken);
      return { y: y.map((value, i) => value + (added[i - outputRow * width] ?? 0)) };
    },
    tolerance: { absolute: 1e-5, relative: 1e-5 },
  };
});
