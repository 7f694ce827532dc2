import { numSplits } from '../../../src/kernels/attention/page-splits';
import { mergeSplits, mergeSplitsGrid } from '../../../src/kernels/attention/sparse-decode';
import { mergeSplits as reference } from '../../../src/reference/attention/merge-splits';
import { randomFloats } from '../../../tools/util/random';
import type { KernelCase } from '../harness';

const shapes = [
  { headDim: 8, group: 1, kvHeads: 1, lengths: [1], window: 0, count: 0, tailStart: 0 },
  { headDim: 96, group: 7, kvHeads: 2, lengths: [577, 256, 257], window: 0, count: 0, tailStart: 0 },
  { headDim: 128, group: 2, kvHeads: 3, lengths: [2000, 600], window: 300, count: 0, tailStart: 0 },
  { headDim: 32, group: 4, kvHeads: 1, lengths: [900], window: 100, count: 33, tailStart: 55 },
] as const;

export const cases = shapes.map(
  ({ headDim, group, kvHeads, lengths, window, count, tailStart }): KernelCase => {
    const numRows = lengths.length;
    const heads = group * kvHeads;
    const splits = 32;
    const splitsOf = (length: number) =>
      numSplits({ position: length - 1, count, tailStart, window, splits });
    const maxSplits = Math.max(...lengths.map(splitsOf)) + 2;
    const stride = headDim + 4;
    const rows = new Uint32Array(4 * numRows);
    lengths.forEach((length, row) => rows.set([numRows - 1 - row, length - 1], 4 * row));
    const listOffset = 3;
    const listState = new Uint32Array(2 * (listOffset + numRows * kvHeads)).fill(5);
    for (let i = 0; i < numRows * kvHeads; i++) listState.set([count, tailStart], 2 * (listOffset + i));
    const partials = randomFloats(numRows * heads * maxSplits * stride, 1, 4);
    for (let i = 1; i < partials.length; i += stride) partials[i] = Math.abs(partials[i]!) + 1;
    return {
      title: `lengths ${lengths.join(' ')}, ${heads} heads of ${headDim}, window ${window}, ${count} listed`,
      spec: mergeSplits,
      constants: { HEAD_DIM: headDim, GROUP: group },
      buffers: { partials, rows, listState, attended: new Float32Array(numRows * heads * headDim).fill(NaN) },
      params: { numRows, kvHeads, listOffset, window, splits, maxSplits },
      grid: mergeSplitsGrid(numRows, heads),
      expected: () => {
        const attended = lengths.flatMap((length, row) => {
          const rowSplits = splitsOf(length);
          return Array.from({ length: heads }, (_, head) => {
            const start = (row * heads + head) * maxSplits * stride;
            return reference(partials.subarray(start, start + rowSplits * stride), rowSplits, headDim);
          }).flat();
        });
        return { attended: Float32Array.from(attended) };
      },
      tolerance: { absolute: 1e-5, relative: 1e-5 },
    };
  },
);
