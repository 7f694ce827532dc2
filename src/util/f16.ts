/** IEEE 754 half precision on the host: conversion both ways, round to nearest even. */

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** The f16 bit pattern nearest to `value` (ties to even; overflow gives infinity, NaN stays NaN). */
export function toF16Bits(value: number): number {
  float[0] = value;
  const x = bits[0]!;
  const sign = (x >>> 16) & 0x8000;
  const exponent = (x >>> 23) & 0xff;
  let mantissa = x & 0x7fffff;
  if (exponent === 0xff) return sign | 0x7c00 | (mantissa ? 0x200 : 0);
  const e = exponent - 112;
  if (e >= 31) return sign | 0x7c00;
  if (e <= 0) {
    if (e < -10) return sign;
    mantissa |= 0x800000;
    const shift = 14 - e;
    const half = mantissa >>> shift;
    const rest = mantissa & ((1 << shift) - 1);
    const middle = 1 << (shift - 1);
    return sign | (half + (rest > middle || (rest === middle && (half & 1) === 1) ? 1 : 0));
  }
  const half = (e << 10) | (mantissa >>> 13);
  const rest = mantissa & 0x1fff;
  return sign | (half + (rest > 0x1000 || (rest === 0x1000 && (half & 1) === 1) ? 1 : 0));
}

/** The value of an f16 bit pattern. */
export function fromF16Bits(pattern: number): number {
  const sign = pattern & 0x8000 ? -1 : 1;
  const exponent = (pattern >>> 10) & 0x1f;
  const mantissa = pattern & 0x3ff;
  if (exponent === 0) return sign * mantissa * 2 ** -24;
  if (exponent === 31) return mantissa ? NaN : sign * Infinity;
  return sign * (1 + mantissa / 1024) * 2 ** (exponent - 15);
}

/** The value that remains after storing `value` as f16. */
export function roundToF16(value: number): number {
  return fromF16Bits(toF16Bits(value));
}

/** Stores `values` as f16 bit patterns in `target`, as `toF16Bits` does one by one, several times faster. */
export function toF16Array(values: Float32Array, target: Uint16Array): void {
  const patterns = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < patterns.length; i++) {
    const pattern = patterns[i]!;
    const magnitude = pattern & 0x7fffffff;
    // Between the least normal f16 and what rounds to infinity, rounding is an addition and a carry does the exponent.
    if (magnitude >= 0x38800000 && magnitude < 0x477ff000) {
      const rounded = magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1);
      target[i] = (rounded >>> 13) | ((pattern >>> 16) & 0x8000);
    } else {
      target[i] = toF16Bits(values[i]!);
    }
  }
}
