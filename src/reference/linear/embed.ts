/** CPU twin of linear/embed, on weights already decoded to f32. */

/** Rows of `weights [vocabSize, columns]` for `tokens`: `[tokens, columns]`. */
export function embed(
  weights: Float32Array,
  tokens: ArrayLike<number>,
  columns: number,
): Float32Array<ArrayBuffer> {
  const hidden = new Float32Array(tokens.length * columns);
  for (let r = 0; r < tokens.length; r++) {
    hidden.set(weights.subarray(tokens[r]! * columns, (tokens[r]! + 1) * columns), r * columns);
  }
  return hidden;
}
