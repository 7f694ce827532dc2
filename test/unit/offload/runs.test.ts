import { expect, test } from 'vitest';
import { runsOf } from '../../../src/offload/runs';

test('a list is cut where the next number is not one more', () => {
  expect(runsOf([])).toEqual([]);
  expect(runsOf([7, 8, 9, 3, 4, 4])).toEqual([
    { start: 7, index: 0, length: 3 },
    { start: 3, index: 3, length: 2 },
    { start: 4, index: 5, length: 1 },
  ]);
});
