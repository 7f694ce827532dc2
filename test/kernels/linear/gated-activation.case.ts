import { gatedActivation, gatedActivationGrid } from '../../../src/kernels/linear/gated-activation';
import { activationCodes } from '../../../src/kernels/linear/matvec-gated';
import {
  gatedActivation as reference,
  type Activation,
} from '../../../src/reference/linear/gated-activation';
import { randomFloats } from '../../../tools/util/random';
import type { KernelCase } from '../harness';

const activations: readonly Activation[] = ['silu', 'gelu-tanh', 'gelu'];
const shapes = [
  [1, 8],
  [17, 172],
  [70, 33],
] as const;

export const cases = activations.flatMap((activation) =>
  shapes.map(([rows, width]): KernelCase => {
    const z = randomFloats(rows * 2 * width, rows, 8);
    // Where exponentials overflow and tails vanish.
    z.set([-200, 1, 200, 1, -12, 1, 12, 1]);
    return {
      title: `${activation}, ${rows} rows of ${width}`,
      spec: gatedActivation,
      constants: { ACTIVATION: activationCodes[activation] },
      buffers: { z, y: new Float32Array(rows * width).fill(NaN) },
      params: { rows, width },
      grid: gatedActivationGrid(rows, width),
      expected: () => ({ y: reference(z, activation) }),
      tolerance: { absolute: 2e-5, relative: 2e-5 },
    };
  }),
);
