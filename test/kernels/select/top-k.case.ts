import { flatGrid } from '../../../src/gpu/recorder';
import { selectionHead, topK } from '../../../src/kernels/select/top-k';
import { topK as reference } from '../../../src/reference/select/top-k';
import { randomFloats } from '../../../tools/util/random';
import type { KernelCase } from '../harness';

interface Shape {
  readonly budget: number;
  readonly kvHeads: number;
  readonly numPages: readonly number[];
  readonly step: number;
}

const shapes: readonly Shape[] = [
  { budget: 4, kvHeads: 1, numPages: [1], step: 0 },
  { budget: 64, kvHeads: 2, numPages: [64, 63, 65], step: 0 },
  { budget: 7, kvHeads: 3, numPages: [577, 40], step: 0.5 },
  { budget: 128, kvHeads: 1, numPages: [300, 1000], step: 2 },
  { budget: 256, kvHeads: 1, numPages: [8192, 4096], step: 0.01 },
  // All alike but for the last page, and none is.
  { budget: 33, kvHeads: 1, numPages: [2100], step: 100 },
  { budget: 64, kvHeads: 1, numPages: [8191], step: 0 },
];

/** Tasks of all heads of all rows; `step` > 0 rounds scores to its multiples, so that many are equal. With `isInRegisters` the kernel that keeps scores. */
function buildCase({ budget, kvHeads, numPages, step }: Shape, isInRegisters: boolean): KernelCase {
  const numRows = numPages.length;
  const rows = new Uint32Array(4 * numRows);
  numPages.forEach((count, row) => rows.set([numRows - 1 - row, count * 16 - 1 - (row % 16)], 4 * row));
  // The first head selects for one target, the others for two; the second target is nobody's.
  const targetsOf = (kvHead: number) => (kvHead === 0 ? [0] : [0, 2]);
  const tasks = numPages.flatMap((_, row) =>
    Array.from({ length: kvHeads }, (_, kvHead) => [row, kvHead] as const),
  );
  const scoreStride = Math.max(...numPages) + 3;
  const raw = randomFloats(tasks.length * scoreStride, budget, 10);
  const scores = step > 0 ? raw.map((score) => Math.round(score / step) * step + 0) : raw;
  const listOffset = 5;
  const listCapacity = budget + 1;
  const numLists = listOffset + numRows * kvHeads;
  const listState = new Uint32Array(3 * 2 * numLists).fill(9);
  const lists = new Uint32Array(3 * numLists * listCapacity).fill(0xffffffff);
  return {
    title: `${budget} of ${numPages.join(', ')} pages, ${kvHeads} KV heads${step > 0 ? `, steps of ${step}` : ''}${isInRegisters ? ', in registers' : ''}`,
    spec: topK(isInRegisters ? 8192 : 8193),
    buffers: { rows, scores, listState, lists },
    params: { numTasks: tasks.length, kvHeads, budget, listOffset, numLists, listCapacity, scoreStride },
    grid: flatGrid(tasks.length),
    list: Uint32Array.from(tasks.flatMap(([row, kvHead]) => [row, selectionHead(kvHead, targetsOf(kvHead))])),
    expected: () => {
      const wanted = { listState: listState.slice(), lists: lists.slice() };
      tasks.forEach(([row, kvHead], task) => {
        const count = numPages[row]!;
        const chosen = reference(scores.subarray(task * scoreStride, task * scoreStride + count), budget);
        for (const target of targetsOf(kvHead)) {
          const index = target * numLists + listOffset + (numRows - 1 - row) * kvHeads + kvHead;
          wanted.lists.set(chosen, index * listCapacity);
          wanted.listState.set([chosen.length, count], 2 * index);
        }
      });
      return wanted;
    },
    tolerance: { absolute: 0 },
  };
}

export const cases = [
  ...shapes.map((shape) => buildCase(shape, true)),
  ...[shapes[2]!, shapes[4]!].map((shape) => buildCase(shape, false)),
];
