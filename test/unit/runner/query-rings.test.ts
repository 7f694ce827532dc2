import { expect, test } from 'vitest';
import { QueryRings } from '../../../src/runner/query-rings';

test('places go round, and all of them count once they are full', () => {
  const rings = new QueryRings(3);
  const next = () => rings.next(1, true);
  expect([next(), next(), next(), next(), next()]).toEqual([
    [0, 1],
    [1, 2],
    [2, 3],
    [0, 3],
    [1, 3],
  ]);
});

test('each sequence has its own; a step that puts none in, and the end of an answer, begin anew', () => {
  const rings = new QueryRings(2);
  rings.next(0, true);
  rings.next(0, true);
  expect(rings.next(1, true)).toEqual([0, 1]);
  rings.next(0, false);
  expect(rings.next(0, true)).toEqual([0, 1]);
  expect(rings.next(1, true)).toEqual([1, 2]);
  rings.end(1);
  expect(rings.next(1, true)).toEqual([0, 1]);
});

test('a ring of one has the latest alone', () => {
  const rings = new QueryRings(1);
  expect([rings.next(0, true), rings.next(0, true)]).toEqual([
    [0, 1],
    [0, 1],
  ]);
});
