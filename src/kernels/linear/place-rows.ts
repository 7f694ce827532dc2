/** Copies rows to every n-th row of a matrix: while loading, gate and up rows are interleaved with it. */
import shader from '../../../shaders/linear/place-rows.wgsl';
import type { KernelSpec } from '../../gpu/kernel';
import { flatGrid } from '../../gpu/recorder';

/** `source [numRows, rowWords]` u32 to rows `firstTargetRow + i * rowStep` of `result [targetRows, rowWords]`. */
export const placeRows = {
  name: 'linear/place-rows',
  bindings: { source: 'read', result: 'read_write' },
  params: { numRows: 'u32', rowWords: 'u32', firstTargetRow: 'u32', rowStep: 'u32' },
  variants: [{ name: 'portable', sources: [shader] }],
} satisfies KernelSpec;

/** Grid for that many words of source. */
export function placeRowsGrid(numWords: number) {
  return flatGrid(Math.ceil(numWords / 256));
}
