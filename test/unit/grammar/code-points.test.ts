import { expect, test } from 'vitest';
import {
  anyCodePoint,
  codePoints,
  complement,
  utf8Sequences,
  type Range,
} from '../../../src/grammar/code-points';

function writes(sequences: readonly Range[][], codePoint: number): boolean {
  const bytes = new TextEncoder().encode(String.fromCodePoint(codePoint));
  return sequences.some(
    (ranges) =>
      ranges.length === bytes.length &&
      ranges.every(([first, last], i) => bytes[i]! >= first && bytes[i]! <= last),
  );
}

test.each<[Range[]]>([
  [[[0x41, 0x5a]]],
  [[[0x7e, 0x81]]],
  [[[0x7ff, 0x801]]],
  [[[0xd000, 0xe100]]],
  [[[0xfffe, 0x10001]]],
  [[[0x3000, 0x20000]]],
  [[[0, 0x10ffff]]],
  [
    [
      [5, 9],
      [0x10fff0, 0x10ffff],
      [0x80, 0x800],
    ],
  ],
])('%j is written by its characters alone', (ranges) => {
  const sequences = utf8Sequences(codePoints(...ranges));
  const isIn = (at: number) => ranges.some(([first, last]) => at >= first && at <= last);
  const borders = ranges.flat().flatMap((at) => [at - 65, at - 1, at, at + 1, at + 65]);
  for (const at of [...borders, 0, 0x41, 0x100, 0x1234, 0xffff, 0x12345]) {
    if (at < 0 || at > 0x10ffff || (at >= 0xd800 && at <= 0xdfff)) continue;
    expect([at, writes(sequences, at)]).toEqual([at, isIn(at)]);
  }
});

test('a set and what is beside it', () => {
  expect(codePoints([5, 9], [1, 2], [3, 4], [8, 20])).toEqual([[1, 20]]);
  expect(complement([[0, 0x10fffe]])).toEqual([[0x10ffff, 0x10ffff]]);
  expect(complement([])).toEqual(anyCodePoint);
  expect(complement(complement([[7, 9]]))).toEqual([[7, 9]]);
});
