/** Per-head norm, RoPE and the write of keys and values into their cache: paged for decode, a tile for prefill. */
import appendShader from '../../../shaders/cache/rope-append.wgsl';
import tileShader from '../../../shaders/cache/rope-append-tile.wgsl';
import rope from '../../../shaders/lib/kv-rope.wgsl';
import type { Grid, KernelSpec } from '../../gpu/kernel';
import { flatGrid } from '../../gpu/recorder';
import { ceilDiv } from '../../util/math';
import type { KvElement, KvFormat } from '../attention/kv-format';
import { appendSources, kvLibrary } from '../attention/kv-library';

/**
 * Decode: rows of several sequences, at most one each. Rotates the q heads of the slab's KV heads
 * `[firstKvHead, firstKvHead + numKvHeads)` in place inside `qkv [rows, qkvStride]`, appends k and v to the page of the
 * row's position, and writes the summary of a page that becomes full. With pages of 8 bits the open page of sequence s has
 * its keys as elements in the 8 summary slots from `firstOpenSlot + 8s` on. `tableOffset` is the first `blockTable` entry of
 * the layer. With `SUMMARY` 0 no summary is written, and `summaries` has open pages alone. `headDim` and `rotaryDim` are multiples of 8; `QK_NORM` 1 norms q and k
 * per head with `qkNorm [2, headDim]` before RoPE, 2 after it. Queries at position p are multiplied by
 * `1 + GROWTH · ln(1 + floor(p / SPAN))`.
 */
export function ropeAppend(format: KvFormat) {
  return {
    name: `cache/rope-append:${format}`,
    bindings: {
      qkv: 'read_write',
      ropeTable: 'read',
      qkNorm: 'read',
      rows: 'read',
      blockTable: 'read',
      pool: 'read_write',
      summaryTable: 'read',
      summaries: 'read_write',
    },
    params: {
      numRows: 'u32',
      qkvStride: 'u32',
      kvHeads: 'u32',
      firstKvHead: 'u32',
      numKvHeads: 'u32',
      rotaryDim: 'u32',
      tableOffset: 'u32',
      maxPages: 'u32',
      numSummarySlots: 'u32',
      firstOpenSlot: 'u32',
      epsilon: 'f32',
    },
    constants: { HEAD_DIM: 64, GROUP: 1, QK_NORM: 0, GROWTH: 0, SPAN: 1, SUMMARY: 1 },
    variants: [{ name: 'portable', sources: [...appendSources(format, rope), appendShader] }],
  } as const satisfies KernelSpec;
}

/**
 * Prefill: rows `[firstRow, firstRow + numRows)` of a segment's `qkv [segment rows, qkvStride]`, row `firstRow + r` at
 * position `firstPosition + r`. Rotates q in place and writes k and v into `tile [kvHeads, tilePages, page]`, whose first
 * page is page `tileFirstPage` of the sequence.
 */
export function ropeAppendTile(format: KvElement) {
  return {
    name: `cache/rope-append-tile:${format}`,
    bindings: { qkv: 'read_write', ropeTable: 'read', qkNorm: 'read', tile: 'read_write' },
    params: {
      numRows: 'u32',
      firstRow: 'u32',
      firstPosition: 'u32',
      qkvStride: 'u32',
      kvHeads: 'u32',
      rotaryDim: 'u32',
      tileFirstPage: 'u32',
      tilePages: 'u32',
      epsilon: 'f32',
    },
    constants: { HEAD_DIM: 64, GROUP: 1, QK_NORM: 0, GROWTH: 0, SPAN: 1 },
    variants: [{ name: 'portable', sources: [kvLibrary[format], rope, tileShader] }],
  } as const satisfies KernelSpec;
}

/** Grid of `ropeAppend` (`numKvHeads` of the slab) and of `ropeAppendTile` (all KV heads). */
export function ropeAppendGrid(numRows: number, numKvHeads: number, group: number, headDim: number): Grid {
  const tasksPerGroup = Math.floor(64 / (headDim / 8));
  return flatGrid(ceilDiv(numRows * numKvHeads * (group + 2), tasksPerGroup));
}
