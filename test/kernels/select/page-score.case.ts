import { pageScore, pageScoreGrid } from '../../../src/kernels/select/page-score';
import { pageScore as reference } from '../../../src/reference/select/page-score';
import { randomFloats } from '../../../tools/util/random';
import { randomKv, shuffled } from '../attention/kv-fixture';
import type { KernelCase } from '../harness';

const shapes = [
  { format: 'f16', headDim: 8, group: 1, kvHeads: 1, lengths: [1] },
  { format: 'f16', headDim: 32, group: 2, kvHeads: 4, lengths: [17, 577, 16] },
  { format: 'f16', headDim: 64, group: 7, kvHeads: 2, lengths: [2000, 1041], window: 4, sinks: 1 },
  { format: 'f16', headDim: 96, group: 4, kvHeads: 2, lengths: [577] },
  { format: 'f32', headDim: 128, group: 1, kvHeads: 3, lengths: [300, 15], window: 2 },
  { format: 'f16', headDim: 8, group: 1, kvHeads: 2, lengths: [131_072] },
  { format: 'f16', headDim: 32, group: 3, kvHeads: 2, lengths: [1041, 16], numQueries: 37 },
] as const;

export const cases = shapes.map((shape): KernelCase => {
  const { format, headDim, group, kvHeads, lengths } = shape;
  const numQueries = 'numQueries' in shape ? shape.numQueries : 1;
  const window = 'window' in shape ? shape.window : 1;
  const sinks = 'sinks' in shape ? shape.sinks : 0;
  const numRows = lengths.length;
  const qkvStride = (group + 2) * kvHeads * headDim;
  const rows = new Uint32Array(4 * numRows);
  lengths.forEach((length, row) => rows.set([numRows - 1 - row, length - 1], 4 * row));
  // The slab leaves the first KV head out where there are several; the second row's heads come in reverse.
  const firstKvHead = kvHeads > 1 ? 1 : 0;
  const tasks = lengths.flatMap((_, row) =>
    Array.from({ length: kvHeads - firstKvHead }, (_, i) => [
      row,
      row === 1 ? kvHeads - 1 - i : firstKvHead + i,
    ]),
  );
  const maxPages = Math.max(128, ...lengths.map((length) => Math.ceil(length / 16)));
  const numSummarySlots = numRows * maxPages;
  const scoreStride = maxPages + 2;
  const list = Uint32Array.from(tasks.flat());
  const qkv = randomFloats((1 + numRows + numQueries) * qkvStride, 1, 2);
  const summaryTable = shuffled(numSummarySlots, 2);
  const summaries = randomKv(format, (kvHeads - firstKvHead) * numSummarySlots * 2 * headDim, 3);
  const scores = new Float32Array((1 + tasks.length) * scoreStride).fill(-1);
  const params = {
    firstRow: 2,
    numQueries,
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
    title: `${format}, headDim ${headDim}, group ${group}, lengths ${lengths.join(' ')}, queries ${numQueries}, window ${window}`,
    spec: pageScore(format),
    constants: { HEAD_DIM: headDim, GROUP: group },
    buffers: { qkv, rows, summaryTable, summaries, scores },
    params,
    grid: pageScoreGrid(tasks.length, Math.ceil(Math.max(...lengths) / 16)),
    list,
    expected: () => {
      const wanted = scores.slice();
      reference({ ...params, headDim, group, qkv, rows, list, summaryTable, summaries }, wanted);
      return { scores: wanted };
    },
    tolerance: { absolute: 1e-5, relative: 1e-5 },
  };
});
