import { expect, test } from 'vitest';
import { HeadSet } from '../../../src/cache/head-set';
import { selectionTasks } from '../../../src/graph/selection-tasks';

/** Of layer 1 heads 1 and 2 are unstable, and head 2 attends everything. */
const shape = {
  numKvHeads: 3,
  unstable: new HeadSet(2, 3, [0, 4, 5]),
  exactHeads: new HeadSet(2, 3, [0, 5]),
};
const none = { choosing: 0, reranking: 0, observing: 0 };
const [attended, selected, observed] = [0, 1, 2];

test.each([
  ['nothing', none, []],
  ['unstable heads, but not those that attend everything', { ...none, choosing: 1 }, [[0, 1, [attended]]]],
  [
    'stable heads of other rows',
    { ...none, choosing: 0b1001, reranking: 0b1010 },
    [
      [0, 1, [attended]],
      [1, 0, [selected]],
      [3, 0, [selected]],
      [3, 1, [attended]],
    ],
  ],
  [
    'a head once, whatever it selects for',
    { choosing: 4, reranking: 4, observing: 4 },
    [
      [2, 0, [selected, observed]],
      [2, 1, [attended, observed]],
      [2, 2, [observed]],
    ],
  ],
])('%s', (_what, rows, tasks) => {
  expect(selectionTasks(rows, shape, 1)).toEqual(tasks);
});

test('a layer whose unstable heads all attend everything selects nothing', () => {
  expect(selectionTasks({ ...none, choosing: 255 }, shape, 0)).toEqual([]);
});
