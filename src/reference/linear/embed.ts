/** CPU twin of linear/embed, on weights already decoded to f32. */

/** Rows of `weights [vocabSize, columns]` for `tokens`: `[tokens, columns]`, multiplied by `scale`. */
export function embed(
  weights: Float32Array,
  tokens: ArrayLike<number>,
  columns: number,
  scale = 1,
): Float32Array<ArrayBuffer> {
  const hidden = new Float32Array(tokens.length * columns);
  for (let r = 0; r < tokens.length; r++) {
    hidden.set(weights.subarray(tokens[r]! * columns, (tokens[r]! + 1) * columns), r * columns);
  }
  return scale === 1 ? hidden : hidden.map((value) => value * scale);
}
