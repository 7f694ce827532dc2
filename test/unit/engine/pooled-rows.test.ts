import { expect, test } from 'vitest';
import { PooledRows } from '../../../src/engine/pooled-rows';
import type { Pooling } from '../../../src/config/pooling';

const rows = [Float32Array.of(3, 4, 0), Float32Array.of(-1, 2, 2, 5, -6, 7)];

test.each<[Pooling, readonly number[]]>([
  ['cls', [3, 4, 0]],
  ['lasttoken', [5, -6, 7]],
  ['mean', [7, 0, 9]],
  ['weightedmean', [3 - 2 + 15, 4 + 4 - 18, 0 + 4 + 21]],
  ['max', [5, 4, 7]],
])('%s', (pooling, expected) => {
  const pooled = new PooledRows(pooling, 3);
  for (const some of rows) pooled.add(some);
  const norm = Math.hypot(...expected);
  expect([...pooled.vector(3)!].map((value) => value * norm)).toEqual(
    expected.map((value) => expect.closeTo(value, 4) as number),
  );
  const cut = pooled.vector(2)!;
  expect(Math.hypot(...cut)).toBeCloseTo(1, 6);
  expect(cut.length).toBe(2);
});

test('values that are no numbers, or all zero, make no vector', () => {
  for (const value of [NaN, Infinity, 0]) {
    const pooled = new PooledRows('mean', 2);
    pooled.add(Float32Array.of(value, 0));
    expect(pooled.vector(2)).toBeUndefined();
  }
});
