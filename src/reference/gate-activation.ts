/** The activations of gated MLPs on the CPU, in f64. */
import type { Activation } from '../config/model-config';
import { unreachable } from '../util/assert';

/** The error function by its series of positive terms (DLMF 7.6.2), exact to f64 rounding. */
function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** SiLU, or GELU in either form (Hendrycks and Gimpel 2016, arXiv 1606.08415). */
export function gateActivation(activation: Activation, x: number): number {
  switch (activation) {
    case 'silu':
      return x / (1 + Math.exp(-x));
    case 'gelu':
      return 0.5 * x * (1 + erf(x / Math.SQRT2));
    case 'gelu-tanh':
      return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
    default:
      return unreachable(activation);
  }
}
