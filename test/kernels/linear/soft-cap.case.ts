import { softCap, softCapGrid } from '../../../src/kernels/linear/soft-cap';
import { softCap as reference } from '../../../src/reference/linear/soft-cap';
import { randomFloats } from '../../../tools/util/random';
import type { KernelCase } from '../harness';

export const cases = [1, 64, 1000].map((count): KernelCase => {
  const y = randomFloats(count + 3, count, 40);
  // Far beyond where an exponential overflows.
  y.set([5000]);
  return {
    title: `${count} values`,
    spec: softCap,
    buffers: { y },
    params: { count, cap: 30 },
    grid: softCapGrid(count),
    expected: () => ({ y: Float32Array.of(...reference(y.subarray(0, count), 30), ...y.subarray(count)) }),
    tolerance: { absolute: 1e-4, relative: 1e-5 },
  };
});
