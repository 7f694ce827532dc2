/** CPU twin of linear/expert-matmul, in f64. */

/** `y [pairs, rowsPerExpert]`: row n of pair p is `weights[experts[p] · rowsPerExpert + n] · x[⌊p / divisor⌋]`. */
export function expertMatmul(
  x: Float32Array,
  weights: Float32Array,
  experts: readonly number[],
  { columns, rowsPerExpert, divisor }: { columns: number; rowsPerExpert: number; divisor: number },
): Float32Array<ArrayBuffer> {
  const y = new Float32Array(experts.length * rowsPerExpert);
  experts.forEach((expert, pair) => {
    for (let n = 0; n < rowsPerExpert; n++) {
      const matrixRow = (expert * rowsPerExpert + n) * columns;
      const inputRow = Math.floor(pair / divisor) * columns;
      let sum = 0;
      for (let k = 0; k < columns; k++) sum += weights[matrixRow + k]! * x[inputRow + k]!;
      y[pair * rowsPerExpert + n] = sum;
    }
  });
  return y;
}
