/** How rows of activations lie in 8 bits. */
import { ceilDiv, roundUp } from '../../util/math';

/** Columns that share a scale. */
export const inputGroup = 32;

/** Bytes of the codes and of the scales of a row of `columns` columns. */
export function quantizedRowBytes(columns: number): { readonly codes: number; readonly scales: number } {
  return { codes: roundUp(columns, inputGroup), scales: 4 * ceilDiv(columns, inputGroup) };
}
