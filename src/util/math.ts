/** Small integer helpers. */

/** The least integer `n` with `n * divisor >= value`. */
export function ceilDiv(value: number, divisor: number): number {
  return Math.ceil(value / divisor);
}

/** The least multiple of `multiple` that is `>= value`. */
export function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}
