/** CPU twin of `linear/place-rows`. */

/** A copy of `result` with the rows of `source` at `firstTargetRow + i * rowStep`. */
export function placeRows(
  source: Uint32Array,
  result: Uint32Array,
  params: { numRows: number; rowWords: number; firstTargetRow: number; rowStep: number },
): Uint32Array<ArrayBuffer> {
  const { numRows, rowWords, firstTargetRow, rowStep } = params;
  const placed = new Uint32Array(result);
  for (let row = 0; row < numRows; row++) {
    for (let word = 0; word < rowWords; word++) {
      placed[(firstTargetRow + row * rowStep) * rowWords + word] = source[row * rowWords + word]!;
    }
  }
  return placed;
}
