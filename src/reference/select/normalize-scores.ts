/** CPU twin of select/normalize-scores. */
import type { DigestScoreInput } from './digest-score';
import { forcePages, type ForcedPages } from './forced-pages';

/** What of a selection it needs. */
type NormalizeInput = Pick<
  DigestScoreInput,
  'group' | 'firstTask' | 'firstQuery' | 'numQueries' | 'rows' | 'list' | 'scoreStride'
> &
  ForcedPages;

/** Writes the scores of every task's pages: the best of its queries' shares of the softmax mass, summed over the group. */
export function normalizeScores(input: NormalizeInput, logMasses: Float32Array, scores: Float32Array): void {
  const { group, list, rows, numQueries, scoreStride } = input;
  for (let task = 0; task < list.length / 4; task++) {
    const row = 4 * list[4 * task]!;
    const lastPage = rows[row + 1]! >> 4;
    const index = input.firstTask + task;
    const start = index * scoreStride;
    const end = Math.min(numQueries, (list[4 * task + 2]! || rows[row + 3]!) - input.firstQuery);
    for (let query = 0; query < end; query++) {
      const shares = new Float64Array(lastPage);
      for (let head = 0; head < group; head++) {
        const from = ((index * numQueries + query) * group + head) * scoreStride;
        const logs = logMasses.subarray(from, from + lastPage);
        const most = logs.reduce((largest, x) => Math.max(largest, x), -Infinity);
        const total = logs.reduce((sum, x) => sum + 2 ** (x - most), 0);
        logs.forEach((x, page) => (shares[page]! += 2 ** (x - most) / total));
      }
      const isFirst = input.firstQuery + query === 0;
      shares.forEach((share, page) => {
        scores[start + page] = isFirst ? share : Math.max(share, scores[start + page]!);
      });
    }
    forcePages(scores.subarray(start, start + lastPage + 1), input);
  }
}
