/** CPU twin of select/digest-score. */
import { loadDigest } from '../cache/page-digest';
import { loadQuery } from './rotate-queries';

/** One slab's tasks. */
export interface DigestScoreInput {
  readonly headDim: number;
  readonly group: number;
  readonly kvHeads: number;
  readonly firstKvHead: number;
  readonly firstTask: number;
  readonly firstQuery: number;
  readonly numQueries: number;
  readonly queryOffset: number;
  readonly ringOffset: number;
  readonly ringSize: number;
  readonly queries: Uint32Array;
  /** `[rows, 4]`: sequence, position, place of its query in its ring, number of queries there. */
  readonly rows: Uint32Array;
  /** (row, KV head, number of queries, 0) a task; 0 queries are all of the row's ring. */
  readonly list: Uint32Array;
  readonly summaryTable: Uint32Array;
  readonly maxPages: number;
  readonly digests: Uint32Array;
  readonly numSummarySlots: number;
  readonly scoreStride: number;
}

/** log2 of the sum of 2^x. */
function log2Sum(logs: readonly number[]): number {
  const most = Math.max(...logs);
  return most + Math.log2(logs.reduce((sum, x) => sum + 2 ** (x - most), 0));
}

/** Writes log2 of the softmax weight of every page before a task's own, by query and query head. */
export function digestScore(input: DigestScoreInput, logMasses: Float32Array): void {
  const { headDim, group, list, rows, kvHeads, numQueries } = input;
  for (let task = 0; task < list.length / 4; task++) {
    const [row, kvHead, ownQueries] = [list[4 * task]!, list[4 * task + 1]!, list[4 * task + 2]!];
    const [sequence, position, place, inRing] = rows.subarray(4 * row, 4 * row + 4) as unknown as number[];
    const first = input.ringOffset + sequence! * input.ringSize + (ownQueries === 0 ? 0 : place!);
    for (let i = 0; i < Math.min(numQueries, (ownQueries || inRing!) - input.firstQuery); i++) {
      for (let head = 0; head < group; head++) {
        const index = ((first + input.queryOffset + i) * kvHeads + kvHead) * group + head;
        const query = loadQuery(input.queries, index, headDim);
        const result = ((input.firstTask + task) * numQueries + i) * group + head;
        for (let page = 0; page < position! >> 4; page++) {
          const slot =
            (kvHead - input.firstKvHead) * input.numSummarySlots +
            input.summaryTable[sequence! * input.maxPages + page]!;
          const logits = Array.from({ length: 16 }, (_, token) => {
            const key = loadDigest(input.digests, slot, token, headDim);
            return key.reduce((sum, x, channel) => sum + x * query[channel]!, 0) * Math.LOG2E;
          });
          logMasses[result * input.scoreStride + page] = log2Sum(logits);
        }
      }
    }
  }
}
