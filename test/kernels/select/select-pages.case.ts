import { flatGrid } from '../../../src/gpu/recorder';
import { selectPages } from '../../../src/kernels/select/select-pages';
import { selectionHead } from '../../../src/kernels/select/top-k';
import { selectPages as reference } from '../../../src/reference/select/select-pages';
import { randomKv, shuffled } from '../attention/kv-fixture';
import { randomFloats } from '../../../tools/util/random';
import type { KernelCase } from '../harness';

const shapes = [
  { format: 'f16', headDim: 8, group: 1, kvHeads: 1, budget: 4, lengths: [1] },
  { format: 'f16', headDim: 8, group: 1, kvHeads: 2, budget: 256, lengths: [131_072] },
  {
    format: 'f16',
    headDim: 32,
    group: 7,
    kvHeads: 4,
    budget: 7,
    lengths: [17, 4100, 16],
    window: 3,
    sinks: 1,
  },
  { format: 'f32', headDim: 16, group: 3, kvHeads: 3, budget: 2, lengths: [300, 15] },
] as const;

const eighths = (values: Float32Array<ArrayBuffer>) => values.map((value) => Math.round(8 * value) / 8 + 0);

/** Queries and bounds are small multiples of 1/8: sums are exact, so that many scores are equal and none depends on an order. */
export const cases = shapes.map((shape): KernelCase => {
  const { format, headDim, group, kvHeads, budget, lengths } = shape;
  const window = 'window' in shape ? shape.window : 1;
  const sinks = 'sinks' in shape ? shape.sinks : 0;
  const numRows = lengths.length;
  const rows = new Uint32Array(4 * numRows);
  lengths.forEach((length, row) => rows.set([numRows - 1 - row, length - 1], 4 * row));
  // The slab leaves the first KV head out where there are several.
  const firstKvHead = kvHeads > 1 ? 1 : 0;
  const tasks = lengths.flatMap((_, row) =>
    Array.from({ length: kvHeads - firstKvHead }, (_, i) => ({
      row,
      kvHead: firstKvHead + i,
      targets: i === 0 ? [0, 2] : [1],
    })),
  );
  const maxPages = Math.max(128, ...lengths.map((length) => Math.ceil(length / 16)));
  const qkvStride = (group + 2) * kvHeads * headDim;
  const numSummarySlots = numRows * maxPages;
  const qkv = eighths(randomFloats((2 + numRows) * qkvStride, 1, 2));
  const summaryTable = shuffled(numSummarySlots, 2);
  const numBounds = (kvHeads - firstKvHead) * numSummarySlots * 2 * headDim;
  const summaries =
    format === 'f32'
      ? eighths(randomFloats(numBounds, 3))
      : // Ones and minus ones and zeros, two in a word.
        randomKv(format, numBounds, 3).map((word) => [0x3c00_bc00, 0xbc00_3c00, 0x3c00_0000, 0][word % 4]!);
  const scoreStride = maxPages + 2;
  const scores = new Float32Array((1 + tasks.length) * scoreStride).fill(-1);
  const [listOffset, listCapacity] = [5, budget + 1];
  const numLists = listOffset + numRows * kvHeads;
  const listState = new Uint32Array(3 * 2 * numLists).fill(9);
  const lists = new Uint32Array(3 * numLists * listCapacity).fill(0xffffffff);
  const list = Uint32Array.from(
    tasks.flatMap(({ row, kvHead, targets }) => [row, selectionHead(kvHead, targets)]),
  );
  const params = {
    numTasks: tasks.length,
    kvHeads,
    budget,
    listOffset,
    numLists,
    listCapacity,
    firstRow: 2,
    numQueries: 1,
    firstTask: 1,
    qkvStride,
    firstKvHead,
    maxPages,
    numSummarySlots,
    scoreStride,
    window,
    sinks,
  };
  return {
    title: `${budget} of lengths ${lengths.join(' ')}, ${format}, headDim ${headDim}, group ${group}`,
    spec: selectPages(format),
    constants: { HEAD_DIM: headDim, GROUP: group },
    buffers: { qkv, rows, summaryTable, summaries, scores, listState, lists },
    params,
    grid: flatGrid(tasks.length),
    list,
    expected: () => {
      const wanted = { scores: scores.slice(), listState: listState.slice(), lists: lists.slice() };
      const plain = Uint32Array.from(tasks.flatMap(({ row, kvHead }) => [row, kvHead]));
      const input = { ...params, headDim, group, qkv, rows, list: plain, summaryTable, summaries };
      reference(input, budget, wanted.scores).forEach((chosen, task) => {
        const { row, kvHead, targets } = tasks[task]!;
        for (const target of targets) {
          const index = target * numLists + listOffset + (numRows - 1 - row) * kvHeads + kvHead;
          wanted.lists.set(chosen, index * listCapacity);
          wanted.listState.set([chosen.length, Math.ceil(lengths[row]! / 16)], 2 * index);
        }
      });
      return wanted;
    },
    tolerance: { absolute: 0 },
  };
});
