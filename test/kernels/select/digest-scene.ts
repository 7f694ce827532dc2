/** Rows, tasks and sizes of selections by digests, for the cases of their kernels. */
import { shuffled } from '../attention/kv-fixture';

const ringSize = 16;

export const shapes = [
  { headDim: 8, group: 1, kvHeads: 1, lengths: [1] },
  { headDim: 32, group: 2, kvHeads: 4, lengths: [17, 577, 16] },
  { headDim: 64, group: 7, kvHeads: 2, lengths: [2000, 1041] },
  { headDim: 80, group: 4, kvHeads: 2, lengths: [577] },
  { headDim: 96, group: 3, kvHeads: 2, lengths: [577], numQueries: 16 },
  { headDim: 128, group: 1, kvHeads: 3, lengths: [300, 15] },
  { headDim: 256, group: 4, kvHeads: 2, lengths: [300], numQueries: 5, firstQuery: 3 },
  { headDim: 8, group: 1, kvHeads: 2, lengths: [131_072] },
] as const;

/** The scene of a shape. Tasks leave the first KV head out where there are several; the second row's heads come in reverse. */
export function sceneOf(shape: (typeof shapes)[number]) {
  const { headDim, group, kvHeads, lengths } = shape;
  const numQueries = 'numQueries' in shape ? shape.numQueries : 1;
  const firstQuery = 'firstQuery' in shape ? shape.firstQuery : 0;
  const numRows = lengths.length;
  const rows = new Uint32Array(4 * numRows);
  const inRing = firstQuery + numQueries;
  lengths.forEach((length, row) => rows.set([numRows - 1 - row, length - 1, 1 + row, inRing], 4 * row));
  const firstKvHead = kvHeads > 1 ? 1 : 0;
  // The first row's heads go by all of their ring, the others by the row's own query.
  const tasks = lengths.flatMap((_, row) =>
    Array.from({ length: kvHeads - firstKvHead }, (_, i) => [
      row,
      row === 1 ? kvHeads - 1 - i : firstKvHead + i,
      row > 0 ? 1 : 0,
      0,
    ]),
  );
  const maxPages = Math.max(128, ...lengths.map((length) => Math.ceil(length / 16)));
  return {
    headDim,
    group,
    kvHeads,
    lengths,
    title: `headDim ${headDim}, group ${group}, lengths ${lengths.join(' ')}, queries ${firstQuery}+${numQueries}`,
    rows,
    list: Uint32Array.from(tasks.flat()),
    numTasks: tasks.length,
    numPlaces: 1 + numRows * ringSize,
    summaryTable: shuffled(numRows * maxPages, 2),
    numLogs: (1 + tasks.length) * numQueries * group,
    params: {
      firstTask: 1,
      firstQuery,
      numQueries,
      queryOffset: firstQuery,
      ringOffset: 1,
      ringSize,
      firstKvHead,
      kvHeads,
      maxPages,
      numSummarySlots: numRows * maxPages,
      scoreStride: maxPages + 2,
    },
  };
}
