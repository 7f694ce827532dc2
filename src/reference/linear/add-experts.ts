/** CPU twin of linear/add-experts, in f64. */

/** `[rows, width]`: what the pairs of each row, `z [rows · perToken, width]`, come to by their shares. */
export function addExperts(
  z: Float32Array,
  shares: readonly number[],
  perToken: number,
): Float32Array<ArrayBuffer> {
  const width = z.length / shares.length;
  const y = new Float32Array((shares.length / perToken) * width);
  for (let i = 0; i < y.length; i++) {
    const row = Math.floor(i / width);
    let sum = 0;
    for (let pair = row * perToken; pair < (row + 1) * perToken; pair++)
      sum += shares[pair]! * z[pair * width + (i % width)]!;
    y[i] = sum;
  }
  return y;
}
