/** CPU twin of lib/kv-rope: norm and RoPE of one head. */

/** What turns and norms a head. */
export interface HeadTransform {
  readonly headDim: number;
  /** 0 leaves the head unturned. */
  readonly rotaryDim: number;
  /** `[256 + ceil(maxContext / 256), rotaryDim / 2]` (cos, sin). */
  readonly ropeTable: Float32Array;
  /** `[2, headDim]` weights of q, then of k; none without QK norm. */
  readonly qkNorm?: Float32Array;
  readonly epsilon: number;
  readonly isNormedAfterRope?: boolean;
  /** Queries at position p are multiplied by `1 + rate · ln(1 + floor(p / span))`. */
  readonly growth?: { readonly rate: number; readonly span: number };
}

/** The head `x [headDim]` at `position`, normed with weight row 0 (q) or 1 (k) and turned, in f64. */
export function ropeHead(
  x: ArrayLike<number>,
  position: number,
  weightRow: 0 | 1,
  { headDim, rotaryDim, ropeTable, qkNorm, epsilon, isNormedAfterRope = false, growth }: HeadTransform,
): number[] {
  let y = Array.from(x);
  const norm = (isNow: boolean) => {
    if (!qkNorm || !isNow) return;
    const scale = 1 / Math.sqrt(y.reduce((sum, value) => sum + value * value, 0) / headDim + epsilon);
    y = y.map((value, i) => value * scale * qkNorm[weightRow * headDim + i]!);
  };
  norm(!isNormedAfterRope);
  const half = rotaryDim / 2;
  const low = (position & 255) * half;
  const high = (256 + (position >> 8)) * half;
  for (let i = 0; i < half; i++) {
    const [c0, s0] = [ropeTable[2 * (low + i)]!, ropeTable[2 * (low + i) + 1]!];
    const [c1, s1] = [ropeTable[2 * (high + i)]!, ropeTable[2 * (high + i) + 1]!];
    const cosine = c0 * c1 - s0 * s1;
    const sine = s0 * c1 + c0 * s1;
    const [a, b] = [y[i]!, y[i + half]!];
    y[i] = a * cosine - b * sine;
    y[i + half] = b * cosine + a * sine;
  }
  norm(isNormedAfterRope);
  if (weightRow === 1 || !growth) return y;
  const factor = 1 + growth.rate * Math.log(1 + Math.floor(position / growth.span));
  return y.map((value) => value * factor);
}
