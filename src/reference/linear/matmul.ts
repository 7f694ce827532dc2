/** CPU twin of linear/matmul, linear/matvec and linear/matvec-gated, on weights already decoded to f32. */
import { rmsNorm } from '../norm/rms-norm';
import { activate, type Activation } from './gated-activation';

/** What stands around the product; a missing part is left out. */
interface LinearParts {
  /** Norm of the input rows, before the product. */
  readonly norm?: { readonly weight: Float32Array; readonly epsilon: number };
  /** `[outputs]`, added to every row. */
  readonly bias?: Float32Array;
  /** `[rows, outputs]`, added to the result. */
  readonly residual?: Float32Array;
}

/** `x [rows, columns]` times the transpose of `weights [outputs, columns]`, sums in f64: `[rows, outputs]`. */
export function matmul(
  x: Float32Array,
  weights: Float32Array,
  columns: number,
  { norm, bias, residual }: LinearParts = {},
): Float32Array<ArrayBuffer> {
  const rows = x.length / columns;
  const outputs = weights.length / columns;
  const input = norm ? rmsNorm(x, norm.weight, { rows, width: columns, epsilon: norm.epsilon }) : x;
  const y = new Float32Array(rows * outputs);
  for (let m = 0; m < rows; m++) {
    for (let n = 0; n < outputs; n++) {
      let sum = (bias?.[n] ?? 0) + (residual?.[m * outputs + n] ?? 0);
      for (let k = 0; k < columns; k++) sum += weights[n * columns + k]! * input[m * columns + k]!;
      y[m * outputs + n] = sum;
    }
  }
  return y;
}

/** `act(gate) * up` of normed rows, where `weights` holds gate and up rows by turns: `[rows, outputs]`. */
export function matmulGated(
  x: Float32Array,
  weights: Float32Array,
  columns: number,
  { activation, ...parts }: Pick<LinearParts, 'norm'> & { readonly activation: Activation },
): Float32Array<ArrayBuffer> {
  const pairs = matmul(x, weights, columns, parts);
  return Float32Array.from(
    { length: pairs.length / 2 },
    (_, i) => activate(pairs[2 * i]!, activation) * pairs[2 * i + 1]!,
  );
}
