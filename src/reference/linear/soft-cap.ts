/** CPU twin of linear/soft-cap, in f64. */

/** `cap · tanh(x / cap)` of every value. */
export function softCap(values: Float32Array, cap: number): Float32Array<ArrayBuffer> {
  return Float32Array.from(values, (value) => cap * Math.tanh(value / cap));
}
