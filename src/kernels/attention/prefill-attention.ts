/** Flash-style causal attention of a chunk of a segment over one KV tile, with the softmax state carried from tile to tile. */
import portable from '../../../shaders/attention/prefill-attention.wgsl';
import softCap from '../../../shaders/lib/soft-cap.wgsl';
import type { Grid, KernelSpec } from '../../gpu/kernel';
import { ceilDiv } from '../../util/math';
import type { KvElement } from './kv-format';
import { kvLibrary } from './kv-library';

const naive = () => import('../../../shaders/attention/prefill-attention-naive.wgsl');
const software = () => import('../../../shaders/attention/prefill-attention-software.wgsl');

/** Keys that the kernel takes at once: tiles begin and end at multiples of this, but for the last tile's end. */
export const prefillKeyBlock = 32;
const pairsPerGroup = 64;
/** Channels of a head for which the variant for GPUs has sums. */
const mostPortableChannels = 256;

/**
 * Rows `[firstRow, firstRow + numRows)` of `qkv [segment rows, qkvStride]`, row `firstRow + r` at position
 * `firstPosition + r`, attend the keys `[16 · tileFirstPage, 16 · tileFirstPage + tileTokens)` of
 * `tile [kvHeads, tilePages, page]`, causally and, unless `window` is 0, after their position − window, for the KV heads from
 * `firstKvHead` on. Keys are in no other way tied to their places. `isFirst` starts the
 * state, `isLast` divides by the sum: in between `attended [segment rows, heads · headDim]` is un-normalised and
 * `softmaxState [segment rows, heads, 2]` holds (largest score · log2 e, sum). Heads of more than 256 channels have the plain
 * variant on a GPU.
 */
export function prefillAttention(format: KvElement, headDim: number) {
  return {
    name: `attention/prefill-attention:${format}`,
    bindings: { qkv: 'read', tile: 'read', attended: 'read_write', softmaxState: 'read_write' },
    params: {
      numRows: 'u32',
      firstRow: 'u32',
      firstPosition: 'u32',
      qkvStride: 'u32',
      kvHeads: 'u32',
      firstKvHead: 'u32',
      tileFirstPage: 'u32',
      tilePages: 'u32',
      tileTokens: 'u32',
      window: 'u32',
      isFirst: 'u32',
      isLast: 'u32',
      scale: 'f32',
    },
    constants: { HEAD_DIM: 64, GROUP: 1, SOFT_CAP: 0 },
    variants: [
      { name: 'software', sources: [kvLibrary[format], softCap, software], requires: ['software'] },
      ...(headDim <= mostPortableChannels
        ? [{ name: 'portable', sources: [kvLibrary[format], softCap, portable] } as const]
        : []),
      { name: 'naive', sources: [kvLibrary[format], softCap, naive] },
    ],
  } as const satisfies KernelSpec;
}

/** Grid of `prefillAttention`: blocks of (row, head of the group) pairs, by the KV heads that are attended. */
export function prefillAttentionGrid(numRows: number, numKvHeads: number, group: number): Grid {
  return [ceilDiv(numRows * group, pairsPerGroup), numKvHeads];
}
