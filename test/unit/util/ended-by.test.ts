import { expect, test } from 'vitest';
import { endedBy } from '../../../src/util/ended-by';

async function* numbers(): AsyncGenerator<number, void, undefined> {
  yield await Promise.resolve(1);
  yield 2;
}

test('the end is told once: of the values, or by who leaves, also before the first one', async () => {
  let numEnds = 0;
  const begin = () => endedBy(numbers(), () => numEnds++);
  const seen: number[] = [];
  for await (const value of begin()) seen.push(value);
  expect([seen, numEnds]).toEqual([[1, 2], 1]);
  const left = begin();
  await left.return();
  await left.return();
  expect(numEnds).toBe(2);
  const disposed = begin();
  await disposed[Symbol.asyncDispose]();
  expect(numEnds).toBe(3);
  expect((await disposed.next()).done).toBe(true);
});
