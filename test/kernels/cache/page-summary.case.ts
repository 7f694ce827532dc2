import { elementOf } from '../../../src/kernels/attention/kv-format';
import { pageSummary, pageSummaryGrid } from '../../../src/kernels/cache/page-summary';
import { createKvWords } from '../../../src/reference/cache/kv-data';
import { pageSummary as reference } from '../../../src/reference/cache/page-summary';
import { randomKv, randomPacked, shuffled } from '../attention/kv-fixture';
import type { KernelCase } from '../harness';

const shapes = [
  { format: 'f16', headDim: 8, kvHeads: 1, firstKvHead: 0, numKvHeads: 1, firstPage: 0, numPages: 1 },
  { format: 'f16', headDim: 64, kvHeads: 5, firstKvHead: 2, numKvHeads: 3, firstPage: 9, numPages: 7 },
  { format: 'f16', headDim: 96, kvHeads: 2, firstKvHead: 0, numKvHeads: 2, firstPage: 8, numPages: 12 },
  { format: 'int8', headDim: 8, kvHeads: 1, firstKvHead: 0, numKvHeads: 1, firstPage: 0, numPages: 2 },
  { format: 'int8', headDim: 80, kvHeads: 3, firstKvHead: 1, numKvHeads: 2, firstPage: 9, numPages: 7 },
  { format: 'f32', headDim: 80, kvHeads: 2, firstKvHead: 1, numKvHeads: 1, firstPage: 11, numPages: 3 },
] as const;

export const cases = shapes.map(({ format, headDim, kvHeads, ...range }): KernelCase => {
  const tileFirstPage = range.firstPage === 0 ? 0 : 8;
  const tilePages = 12;
  const numSummarySlots = 70;
  const isPacked = format === 'int8';
  const tile = isPacked
    ? randomPacked(kvHeads * tilePages, headDim, headDim)
    : randomKv(format, kvHeads * tilePages * 32 * headDim, headDim);
  const summaryTable = shuffled(numSummarySlots, 4);
  const summaries = createKvWords(elementOf(format), range.numKvHeads * numSummarySlots * 2 * headDim);
  const params = { ...range, tileFirstPage, tilePages, tableOffset: 30, numSummarySlots };
  return {
    title: `${range.numPages} pages of ${range.numKvHeads} heads of ${headDim}, ${format}`,
    spec: pageSummary(format),
    constants: { HEAD_DIM: headDim },
    buffers: { tile, summaryTable, summaries },
    params,
    grid: pageSummaryGrid(range.numPages, range.numKvHeads, headDim),
    expected: () => {
      const result = summaries.slice();
      reference({ ...params, headDim, tile, isPacked, summaryTable, summaries: result });
      return { summaries: result };
    },
    tolerance: { absolute: 0 },
  };
});
