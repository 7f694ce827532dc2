import { gatedActivationGrid } from '../../../src/kernels/linear/gated-activation';
import { activationCodes } from '../../../src/kernels/linear/matvec-gated';
import { plainActivation } from '../../../src/kernels/linear/plain-activation';
import { plainActivation as reference } from '../../../src/reference/linear/plain-activation';
import { randomFloats } from '../../../tools/util/random';
import type { KernelCase } from '../harness';

export const cases = (['gelu-tanh', 'silu'] as const).map((activation): KernelCase => {
  const [rows, width] = [17, 33];
  const z = randomFloats(rows * width, rows, 8);
  return {
    title: activation,
    spec: plainActivation,
    constants: { ACTIVATION: activationCodes[activation] },
    buffers: { z, y: new Float32Array(rows * width).fill(NaN) },
    params: { rows, width },
    grid: gatedActivationGrid(rows, width),
    expected: () => ({ y: reference(z, activation) }),
    tolerance: { absolute: 2e-5, relative: 2e-5 },
  };
});
