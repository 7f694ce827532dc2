import { expect, test } from 'vitest';
import { readLooseJson } from '../../../tools/eval/json-reader';

test.each([
  ['{"a": "b"}', { a: 'b' }],
  ['Sure: {"a": 1, "b": [true, null, -2.5]} Done.', { a: 1, b: [true, null, -2.5] }],
  ['```json\n[{"a": "x\\"y"}]\n```', [{ a: 'x"y' }]],
  ['{"a": "two\nlines"}', { a: 'two lines' }],
  ['{"a": "\\q"}', { a: '\\q' }],
  ['{}', {}],
  ['[1, 2,]', [1, 2]],
])('%j is read', (text, value) => expect(readLooseJson(text)).toEqual(value));

test.each([
  ['[{"a": 1}, {"a": 2, "b": "unfin', [{ a: 1 }, { a: 2 }]],
  ['{"a": 1 "b": 2}', { a: 1 }],
  ['{"a": }', {}],
  ['[1, oops, 2]', [1]],
  ['{"a"', {}],
  ['[', []],
])('of broken %j what came before is kept', (text, value) => expect(readLooseJson(text)).toEqual(value));

test.each(['', 'none', '"a"', '12'])('%j has none', (text) => expect(readLooseJson(text)).toBeUndefined());
