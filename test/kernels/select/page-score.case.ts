import { pageScore, pageScoreGrid } from '../../../src/kernels/select/page-score';
import { pageScore as reference } from '../../../src/reference/select/page-score';
import { packF16Pair, roundToF16 } from '../../../src/util/f16';
import { randomFloats } from '../../support/random';
import type { KernelCase } from '../harness';

const shapes = [
  { format: 'f32', headDim: 8, group: 1, pages: [1] },
  { format: 'f16', headDim: 32, group: 2, pages: [15, 3] },
  { format: 'f32', headDim: 64, group: 7, pages: [17] },
  { format: 'f16', headDim: 96, group: 4, pages: [66] },
  { format: 'f16', headDim: 128, group: 1, pages: [577, 16] },
] as const;

export const cases = shapes.map(({ format, headDim, group, pages }): KernelCase => {
  const numKvHeads = 2;
  const firstKvHead = 1;
  const maxPages = Math.max(...pages) + 1;
  const numPageIds = pages.length * maxPages;
  const qkvStride = (firstKvHead + numKvHeads) * group * headDim + 5;
  const qkvOffset = 3;
  const qkv = randomFloats(qkvOffset + pages.length * qkvStride, headDim);
  const drawn = randomFloats(numKvHeads * numPageIds * 2 * headDim, headDim + 1);
  const stored = format === 'f16' ? drawn.map(roundToF16) : drawn;
  const packed = () =>
    new Uint32Array(stored.length / 2).map((_, i) => packF16Pair(stored[2 * i]!, stored[2 * i + 1]!));
  // The first pages of a sequence have the last summaries.
  const pageTable = Uint32Array.from({ length: numPageIds }, (_, i) => numPageIds - 1 - i);
  const pairs = pages.flatMap((_, row) => [1, 2].map((kvHead) => [row, kvHead] as const));
  const firstPair = 1;
  const blank = () => new Float32Array((firstPair + pairs.length) * maxPages).fill(-5);
  return {
    title: `${format}, headDim ${headDim}, group ${group}, ${pages.join(' and ')} pages`,
    spec: pageScore(format),
    constants: { HEAD_DIM: headDim, GROUP: group },
    buffers: {
      qkv,
      rows: Uint32Array.from(pages.flatMap((numPages, row) => [row, 16 * numPages - 5, 0, 0])),
      pageTable,
      summaries: format === 'f16' ? packed() : stored,
      scores: blank(),
    },
    params: { qkvOffset, qkvStride, firstKvHead, numPageIds, maxPages, firstPair },
    grid: pageScoreGrid(Math.max(...pages), pairs.length),
    list: Uint32Array.from(pairs.flat()),
    expected: () => {
      const scores = blank();
      pairs.forEach(([row, kvHead], pair) => {
        const start = qkvOffset + row * qkvStride + kvHead * group * headDim;
        const queries = qkv.subarray(start, start + group * headDim);
        for (let page = 0; page < pages[row]!; page++) {
          const slot = (kvHead - firstKvHead) * numPageIds + pageTable[row * maxPages + page]!;
          const summary = stored.subarray(slot * 2 * headDim, (slot + 1) * 2 * headDim);
          const isLast = page === pages[row]! - 1;
          scores[(firstPair + pair) * maxPages + page] = isLast
            ? 3.4028234663852886e38
            : reference(queries, summary, headDim);
        }
      });
      return { scores };
    },
    tolerance: { absolute: 1e-4, relative: 1e-5 },
  };
});
