/** CPU twin of select/page-score. */
import { loadKv, type KvWords } from '../cache/kv-data';
import { forcePages, type ForcedPages } from './forced-pages';

/** One slab's tasks. */
export interface PageScoreInput extends ForcedPages {
  readonly headDim: number;
  readonly group: number;
  readonly qkv: Float32Array;
  readonly qkvStride: number;
  readonly firstRow: number;
  readonly numQueries: number;
  readonly firstTask: number;
  readonly firstKvHead: number;
  /** `[rows, 4]`: sequence, position. */
  readonly rows: Uint32Array;
  /** (row, KV head) a task. */
  readonly list: Uint32Array;
  readonly summaryTable: Uint32Array;
  readonly maxPages: number;
  readonly summaries: KvWords;
  readonly numSummarySlots: number;
  readonly scoreStride: number;
}

/** Writes the scores of every task's pages, in f64, into `scores`. */
export function pageScore(input: PageScoreInput, scores: Float32Array): void {
  const { headDim, group, list, rows, firstTask } = input;
  for (let task = 0; task < list.length / 2; task++) {
    const [row, kvHead] = [list[2 * task]!, list[2 * task + 1]!];
    const [sequence, position] = [rows[4 * row]!, rows[4 * row + 1]!];
    const start = (firstTask + task) * input.scoreStride;
    const lastPage = position >> 4;
    for (let page = 0; page < lastPage; page++) {
      const slot = input.summaryTable[sequence * input.maxPages + page]!;
      const summary = ((kvHead - input.firstKvHead) * input.numSummarySlots + slot) * 2 * headDim;
      let best = -Infinity;
      for (let query = 0; query < input.numQueries; query++) {
        const firstQuery = (input.firstRow + row + query) * input.qkvStride;
        for (let head = kvHead * group; head < (kvHead + 1) * group; head++) {
          let score = 0;
          for (let i = 0; i < headDim; i++) {
            const q = input.qkv[firstQuery + head * headDim + i]!;
            const [least, most] = [
              loadKv(input.summaries, summary + i),
              loadKv(input.summaries, summary + headDim + i),
            ];
            score += Math.max(q * least, q * most);
          }
          best = Math.max(best, score);
        }
      }
      scores[start + page] = best;
    }
    forcePages(scores.subarray(start, start + lastPage + 1), input);
  }
}
