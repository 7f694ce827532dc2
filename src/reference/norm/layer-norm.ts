/** CPU twin of norm/layer-norm. */

/** `x [rows, width]` normed row by row; `weight [2, width]` has weights and then biases. Sums in f64. */
export function layerNorm(
  x: Float32Array,
  weight: Float32Array,
  { rows, width, epsilon }: { rows: number; width: number; epsilon: number },
): Float32Array<ArrayBuffer> {
  const y = new Float32Array(rows * width);
  for (let row = 0; row < rows; row++) {
    const own = x.subarray(row * width, (row + 1) * width);
    const mean = own.reduce((sum, value) => sum + value, 0) / width;
    const variance = own.reduce((sum, value) => sum + (value - mean) ** 2, 0) / width;
    const scale = 1 / Math.sqrt(variance + epsilon);
    own.forEach((value, i) => {
      y[row * width + i] = (value - mean) * scale * weight[i]! + weight[width + i]!;
    });
  }
  return y;
}
