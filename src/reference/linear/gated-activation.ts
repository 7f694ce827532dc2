/** CPU twin of linear/gated-activation, in f64. */

/** As in a model's configuration: `gelu-tanh` is the tanh approximation. */
export type Activation = 'silu' | 'gelu-tanh' | 'gelu';

/** The activation of one value. */
export function activate(x: number, activation: Activation): number {
  if (activation === 'silu') return x / (1 + Math.exp(-x));
  if (activation === 'gelu-tanh')
    return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
  return 0.5 * x * (1 + errorFunction(x / Math.SQRT2));
}

/** `z [rows, 2 * width]`, gate and up by turns, to `[rows, width]`. */
export function gatedActivation(z: Float32Array, activation: Activation): Float32Array<ArrayBuffer> {
  return Float32Array.from(
    { length: z.length / 2 },
    (_, i) => activate(z[2 * i]!, activation) * z[2 * i + 1]!,
  );
}

/** erf by its Taylor series, or 1 where f64 no longer tells the difference. */
function errorFunction(x: number): number {
  if (Math.abs(x) > 5) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}
