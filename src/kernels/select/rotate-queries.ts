/** Queries as digests are scored with: rotated, in 8 bits. */
import shader from '../../../shaders/select/rotate-queries.wgsl';
import type { Grid, KernelSpec } from '../../gpu/kernel';

/** Bytes of one query head: codes, a scale, the sum of the codes. */
export function rotatedQueryBytes(headDim: number): number {
  return headDim + 8;
}

/**
 * The query heads of rows of `qkv [rows, qkvStride]` from `firstRow` on, after RoPE, to `queries [places, numHeads, headDim / 4 + 2]`:
 * row i to place i, or with `ringSize` above 0 to `ringOffset + sequence · ringSize + place in the ring`, as `rows` says. `scale` is
 * attention's, `headDim^-0.5` as a rule.
 */
export const rotateQueries = {
  name: 'select/rotate-queries',
  bindings: { qkv: 'read', rows: 'read', queries: 'read_write' },
  params: {
    qkvStride: 'u32',
    numHeads: 'u32',
    firstRow: 'u32',
    ringOffset: 'u32',
    ringSize: 'u32',
    scale: 'f32',
  },
  constants: { HEAD_DIM: 64 },
  variants: [
    { name: 'software', sources: [shader], requires: ['software'], constants: { threads: 8 } },
    { name: 'portable', sources: [shader] },
  ],
} as const satisfies KernelSpec;

/** Grid of `rotateQueries`. */
export function rotateQueriesGrid(numHeads: number, numRows: number): Grid {
  return [numHeads, numRows];
}
