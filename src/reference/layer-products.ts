/** What a transformer's layer does to vectors, on the CPU in plain loops: products with matrices, RoPE, one head's attention. */
import type { ReferenceMatrix } from './model-tensors';

/** The dot product of `a` and as many elements of `b` from `start` on; four sums, which need not wait for each other. */
function dot(a: Float32Array, b: Float32Array, start: number): number {
  const { length } = a;
  let [sum0, sum1, sum2, sum3] = [0, 0, 0, 0];
  let i = 0;
  for (; i + 3 < length; i += 4) {
    sum0 += a[i]! * b[start + i]!;
    sum1 += a[i + 1]! * b[start + i + 1]!;
    sum2 += a[i + 2]! * b[start + i + 2]!;
    sum3 += a[i + 3]! * b[start + i + 3]!;
  }
  for (; i < length; i++) sum0 += a[i]! * b[start + i]!;
  return sum0 + sum1 + sum2 + sum3;
}

/** `x [rows, columns]` times the transposed matrix, plus its bias: `[rows, matrix.rows]`. */
export function linear(x: Float32Array, { rows: width, columns, data, bias }: ReferenceMatrix): Float32Array {
  const rows = x.length / columns;
  const y = new Float32Array(rows * width);
  for (let row = 0; row < rows; row++) {
    const input = x.subarray(row * columns, (row + 1) * columns);
    for (let i = 0; i < width; i++) {
      y[row * width + i] = dot(input, data, i * columns) + (bias ? bias[i]! : 0);
    }
  }
  return y;
}

/** `cap · tanh(value / cap)`; without a cap the value itself. */
export function softCapped(value: number, cap: number | undefined): number {
  return cap === undefined ? value : cap * Math.tanh(value / cap);
}

/** Adds `addend` to `target`, element by element. */
export function addTo(target: Float32Array, addend: Float32Array): void {
  for (let i = 0; i < target.length; i++) target[i]! += addend[i]!;
}

/** Turns each head's channel pairs (i, i + angles.length) by their angle, in place, and scales them by `magnitude`. */
export function turnHeads(
  heads: Float32Array,
  headDim: number,
  angles: Float64Array,
  magnitude: number,
): Float32Array {
  const half = angles.length;
  for (let start = 0; start < heads.length; start += headDim) {
    for (let i = start; i < start + half; i++) {
      const cosine = magnitude * Math.cos(angles[i - start]!);
      const sine = magnitude * Math.sin(angles[i - start]!);
      const [a, b] = [heads[i]!, heads[i + half]!];
      heads[i] = a * cosine - b * sine;
      heads[i + half] = b * cosine + a * sine;
    }
  }
  return heads;
}

/** What a head sees: of all positions' keys and values, those of `[firstPosition, end)`, which start at `offset`. */
interface SeenKv {
  /** By position, `[kvHeads · headDim]`. */
  readonly keys: readonly Float32Array[];
  readonly values: readonly Float32Array[];
  readonly offset: number;
  readonly firstPosition: number;
  readonly end: number;
}

/** `softmax(scale · q·k) v` over what a head sees, into `target`. Returns the softmax's weights. */
export function attendHead(
  query: Float32Array,
  { keys, values, offset, firstPosition, end }: SeenKv,
  { scale, softCap }: { readonly scale: number; readonly softCap: number | undefined },
  target: Float32Array,
): Float64Array {
  const headDim = query.length;
  const scores = new Float64Array(end - firstPosition);
  let largest = -Infinity;
  for (let index = 0; index < scores.length; index++) {
    scores[index] = softCapped(scale * dot(query, keys[firstPosition + index]!, offset), softCap);
    largest = Math.max(largest, scores[index]!);
  }
  const result = new Float64Array(headDim);
  let total = 0;
  for (let index = 0; index < scores.length; index++) {
    const value = values[firstPosition + index]!;
    const weight = (scores[index] = Math.exp(scores[index]! - largest));
    total += weight;
    for (let i = 0; i < headDim; i++) result[i]! += weight * value[offset + i]!;
  }
  for (let i = 0; i < headDim; i++) target[i] = result[i]! / total;
  return scores.map((score) => score / total);
}
