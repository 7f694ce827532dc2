/** CPU twin of norm/rms-norm. */

/** `x [rows, width]` normed row by row and multiplied by `weight [width]`, sums in f64. */
export function rmsNorm(
  x: Float32Array,
  weight: Float32Array,
  { rows, width, epsilon }: { rows: number; width: number; epsilon: number },
): Float32Array<ArrayBuffer> {
  const y = new Float32Array(rows * width);
  for (let row = 0; row < rows; row++) {
    const start = row * width;
    let sum = 0;
    for (let i = 0; i < width; i++) sum += x[start + i]! ** 2;
    const scale = 1 / Math.sqrt(sum / width + epsilon);
    for (let i = 0; i < width; i++) y[start + i] = x[start + i]! * scale * weight[i]!;
  }
  return y;
}
