/** CPU twin of select/select-pages: those of page-score and top-k, one after the other. */
import { pageScore, type PageScoreInput } from './page-score';
import { topK } from './top-k';

/** By task: the pages that get in, ascending. Writes `scores` as `pageScore` does. */
export function selectPages(input: PageScoreInput, budget: number, scores: Float32Array): number[][] {
  pageScore(input, scores);
  return Array.from({ length: input.list.length / 2 }, (_, task) => {
    const numPages = (input.rows[4 * input.list[2 * task]! + 1]! >> 4) + 1;
    const start = (input.firstTask + task) * input.scoreStride;
    return topK(scores.subarray(start, start + numPages), budget);
  });
}
