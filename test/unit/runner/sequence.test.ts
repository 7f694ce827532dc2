/** What a prompt can take over from stored sequences. */
import { expect, test } from 'vitest';
import { commonPrefix, findReuse, type Sequence } from '../../../src/runner/sequence';

const ids = (length: number, first = 0) => Array.from({ length }, (_, i) => first + i);
const stored = (tokens: number[], numStored = tokens.length): Sequence => ({
  index: 0,
  tokens,
  numStored,
  lastUsed: 0,
});

test('commonPrefix', () => {
  expect(commonPrefix([], [])).toBe(0);
  expect(commonPrefix([1, 2, 3], [1, 2, 3])).toBe(3);
  expect(commonPrefix([1, 2, 3], [1, 2])).toBe(2);
  expect(commonPrefix([1, 2, 3], [1, 4, 3])).toBe(1);
  expect(commonPrefix([5], [6])).toBe(0);
});

test('the longest prefix wins, wherever it stands', () => {
  const [short, long] = [stored(ids(20)), stored(ids(40))];
  for (const all of [
    [short, long],
    [long, short],
  ]) {
    const reuse = findReuse([...ids(40), 99], all);
    expect(reuse?.sequence).toBe(long);
    expect(reuse?.numTokens).toBe(32);
  }
});

test('one prompt token is always left, for its logits', () => {
  expect(findReuse(ids(40), [stored(ids(40))])?.numTokens).toBe(32);
  expect(findReuse(ids(40), [stored(ids(60))])?.numTokens).toBe(32);
});

test('only what is stored counts, not what is known', () => {
  expect(findReuse(ids(40), [stored(ids(40), 24)])?.numTokens).toBe(16);
});

test('less than a page is not worth it', () => {
  expect(findReuse([...ids(15), 99], [stored(ids(40))])).toBeUndefined();
  expect(findReuse([...ids(16), 99], [stored(ids(40))])?.numTokens).toBe(16);
  expect(findReuse(ids(16), [stored(ids(16))])).toBeUndefined();
  expect(findReuse(ids(17), [stored(ids(40))])?.numTokens).toBe(16);
  expect(findReuse(ids(40), [])).toBeUndefined();
});
