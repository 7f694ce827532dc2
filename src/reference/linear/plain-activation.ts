/** CPU twin of linear/plain-activation, in f64. */
import { activate, type Activation } from './gated-activation';

/** The activation of every value. */
export function plainActivation(z: Float32Array, activation: Activation): Float32Array<ArrayBuffer> {
  return Float32Array.from(z, (value) => activate(value, activation));
}
