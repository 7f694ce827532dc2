/** Scattered writes into a table of u32, such as the block table, by a list from the host. */
import shader from '../../../shaders/cache/write-table.wgsl';
import type { Grid, KernelSpec } from '../../gpu/kernel';
import { flatGrid } from '../../gpu/recorder';
import { ceilDiv } from '../../util/math';

/** `table[list[2i]] = list[2i + 1]` for i < `numPairs`. */
export const writeTable = {
  name: 'cache/write-table',
  bindings: { table: 'read_write' },
  params: { numPairs: 'u32' },
  hasList: true,
  variants: [{ name: 'portable', sources: [shader] }],
} as const satisfies KernelSpec;

/** Grid of `writeTable`. */
export function writeTableGrid(numPairs: number): Grid {
  return flatGrid(ceilDiv(numPairs, 64));
}
