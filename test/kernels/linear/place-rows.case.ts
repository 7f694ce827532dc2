import { placeRows, placeRowsGrid } from '../../../src/kernels/linear/place-rows';
import { placeRows as reference } from '../../../src/reference/linear/place-rows';
import { randomSource } from '../../../tools/util/random';
import type { KernelCase } from '../harness';

function randomWords(length: number, seed: number): Uint32Array<ArrayBuffer> {
  const next = randomSource(seed);
  return Uint32Array.from({ length }, () => Math.floor(next() * 2 ** 32));
}

const shapes = [
  { numRows: 1, rowWords: 1, firstTargetRow: 0, rowStep: 1 },
  { numRows: 17, rowWords: 43, firstTargetRow: 3, rowStep: 2 },
  { numRows: 15, rowWords: 16, firstTargetRow: 0, rowStep: 2 },
  { numRows: 577, rowWords: 129, firstTargetRow: 1, rowStep: 2 },
] as const;

export const cases = shapes.map((params): KernelCase => {
  const { numRows, rowWords, firstTargetRow, rowStep } = params;
  const source = randomWords(numRows * rowWords, rowWords);
  const result = randomWords((firstTargetRow + numRows * rowStep) * rowWords, numRows);
  return {
    title: `${numRows} rows of ${rowWords} words to every ${rowStep === 1 ? '' : `${rowStep}nd `}row from ${firstTargetRow}`,
    spec: placeRows,
    buffers: { source, result },
    params,
    grid: placeRowsGrid(numRows * rowWords),
    expected: () => ({ result: reference(source, result, params) }),
    tolerance: { absolute: 0 },
  };
});
