/** Words that are looked for in a text. */
import { expect, test } from 'vitest';
import { findAll, matchFrom, mostMatches } from '../../../demo/find';

const found = (text: string, query: string) =>
  findAll(text, query).map(({ start, end }) => text.slice(start, end));

test('words are found in any case, over line ends, and as they are written', () => {
  expect(found('The Pier.\nthe\npier, PIERS', 'the pier')).toEqual(['The Pier', 'the\npier']);
  expect(found('a.b axb (c) [d] -e- f/g', 'a.b')).toEqual(['a.b']);
  for (const query of ['(c)', '[d]', '-e-', 'f/g', 'A.B  AXB']) {
    expect(found('a.b axb (c) [d] -e- f/g', query)).toHaveLength(1);
  }
  expect(found('ÄPFEL äpfel', 'äpfel')).toHaveLength(2);
  expect(found('anything', '  ')).toEqual([]);
});

test('no more are found than anybody steps through', () => {
  expect(findAll('a'.repeat(mostMatches + 5), 'a')).toHaveLength(mostMatches);
});

test('the next match is the one at or behind a place, or the first', () => {
  const matches = findAll('x..x..x', 'x');
  expect([0, 1, 3, 7].map((place) => matchFrom(matches, place))).toEqual([0, 1, 1, 0]);
  expect(matchFrom([], 3)).toBe(-1);
});
