/** One kernel or two: the same scores and the same pages, to the bit, from numbers whose sums depend on their order. */
import { expect, test } from 'vitest';
import { KernelCompiler } from '../../../src/gpu/kernel';
import { flatGrid } from '../../../src/gpu/recorder';
import { pageScore, pageScoreGrid } from '../../../src/kernels/select/page-score';
import { selectPages } from '../../../src/kernels/select/select-pages';
import { selectionHead, topK } from '../../../src/kernels/select/top-k';
import { randomFloats } from '../../../tools/util/random';
import { randomKv, shuffled } from '../attention/kv-fixture';
import { availableVariants, requestTestDevice, runKernel } from '../harness';

test('scores and pages are the same by one kernel and by two', async () => {
  const [headDim, group, budget, length] = [64, 2, 33, 16 * 1300 + 5];
  const kvHeads = 2;
  const maxPages = Math.ceil(length / 16);
  const qkvStride = (group + 2) * kvHeads * headDim;
  const numTasks = kvHeads;
  const list = Uint32Array.from([0, selectionHead(0, [0]), 0, selectionHead(1, [0, 1])]);
  const summaries = randomKv('f16', kvHeads * maxPages * 2 * headDim, 3);
  // Two pages are alike: one of them may get in.
  summaries.copyWithin(headDim, 0, headDim);
  const buffers = {
    qkv: randomFloats(qkvStride, 1, 2),
    rows: Uint32Array.of(0, length - 1, 0, 0),
    summaryTable: shuffled(maxPages, 2),
    summaries,
    scores: new Float32Array(numTasks * maxPages),
    listState: new Uint32Array(2 * 2 * kvHeads),
    lists: new Uint32Array(2 * kvHeads * budget),
  };
  const params = {
    numTasks,
    kvHeads,
    budget,
    listOffset: 0,
    numLists: kvHeads,
    listCapacity: budget,
    firstRow: 0,
    numQueries: 1,
    firstTask: 0,
    qkvStride,
    firstKvHead: 0,
    maxPages,
    numSummarySlots: maxPages,
    scoreStride: maxPages,
    window: 1,
    sinks: 0,
  };
  const constants = { HEAD_DIM: headDim, GROUP: group };
  const device = await requestTestDevice();
  try {
    const compiler = new KernelCompiler(device);
    const common = { buffers, params, list };
    const { scores } = await runKernel(compiler, {
      ...common,
      spec: pageScore('f16'),
      constants,
      grid: pageScoreGrid(numTasks, maxPages),
    });
    const scored = { ...buffers, scores: new Float32Array(scores!) };
    const [portable] = availableVariants(device, topK(maxPages)).filter(({ name }) => name === 'portable');
    const grid = flatGrid(numTasks);
    const wanted = await runKernel(
      compiler,
      { ...common, buffers: scored, spec: topK(maxPages), grid },
      portable,
    );
    const spec = selectPages('f16');
    for (const variant of availableVariants(device, spec)) {
      const actual = await runKernel(compiler, { ...common, spec, constants, grid }, variant);
      const words = (bytes: ArrayBuffer | undefined) => new Uint32Array(bytes!);
      expect(words(actual.scores)).toEqual(words(scores));
      expect(words(actual.lists)).toEqual(words(wanted.lists));
      expect(words(actual.listState)).toEqual(words(wanted.listState));
    }
  } finally {
    device.destroy();
  }
});
