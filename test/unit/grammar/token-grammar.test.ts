import { describe, expect, test } from 'vitest';
import { answerConstraint } from '../../../src/grammar/answer-constraint';
import type { AnswerFormat } from '../../../src/grammar/answer-format';
import { buildTrie } from '../../../src/grammar/token-trie';
import { randomSource } from '../../../tools/util/random';

const bytesOf = (text: string) => new TextEncoder().encode(text);
/** By id; the last two are special. */
const texts = [
  '{',
  '}',
  '"',
  '{"',
  '"a"',
  'a',
  '":',
  ':',
  ' ',
  '1',
  '12',
  '2',
  'true',
  'tru',
  'e',
  ',',
  '\n',
  'é',
  '',
  '[C]',
  '<e>',
];
const eos = texts.length - 1;
const tokenizer = {
  tokenBytes: (id: number) => bytesOf(texts[id] ?? ''),
  isSpecial: (id: number) => id >= texts.length - 2,
  idOf: (text: string) => texts.indexOf(text),
};
const constraintOf = (format: AnswerFormat, { marks = [] as string[], numPrefixSpaces = 0 } = {}) =>
  answerConstraint(format, { tokenizer, vocabSize: 32, eosIds: [eos], marks, numPrefixSpaces });
const idOf = (text: string) => texts.indexOf(text);
const allowed = ([word]: Uint32Array) => texts.filter((_, id) => ((word! >>> id) & 1) === 1);
const schemaOf = (schema: object): AnswerFormat => ({
  kind: 'json-schema',
  schema: JSON.stringify(schema),
  field: 'x',
});

describe('tokens that may come next', () => {
  const object = schemaOf({
    type: 'object',
    properties: { a: { enum: [1, 12, true] } },
    required: ['a'],
    additionalProperties: false,
  });

  test('go on with the format, and end it where it may end', async () => {
    const constraint = await constraintOf(object);
    const path = ['{"', 'a', '":', 'tru', 'e', '}'];
    const expected = [
      ['{', '{"'],
      ['a'],
      ['"', '":'],
      [' ', '1', '12', 'true', 'tru', '\n'],
      ['e'],
      ['}', ' ', '\n'],
    ];
    for (const [i, text] of path.entries()) {
      expect(allowed(constraint.mask)).toEqual(expected[i]);
      expect(constraint.isComplete).toBe(false);
      constraint.confirm(idOf(text));
    }
    expect(constraint.isComplete).toBe(true);
    expect(allowed(constraint.mask)).toEqual(['<e>']);
    constraint.reset();
    expect(allowed(constraint.mask)).toEqual(expected[0]);
  });

  test('a number may end or go on', async () => {
    const constraint = await constraintOf(schemaOf({ enum: [1, 12] }));
    constraint.confirm(idOf('1'));
    expect(allowed(constraint.mask)).toEqual(['2', '<e>']);
    expect(constraint.isComplete).toBe(false);
  });

  test('marks are text, other special tokens are not', async () => {
    const format: AnswerFormat = { kind: 'choice', choices: ['[C]a', '<e>1'] };
    expect(allowed((await constraintOf(format)).mask)).toEqual([]);
    expect(allowed((await constraintOf(format, { marks: ['[C]', '<e>'] })).mask)).toEqual(['[C]']);
  });

  test('where no token goes on, that is an error', async () => {
    const constraint = await constraintOf({ kind: 'choice', choices: ['ax'] });
    expect(constraint.confirm(idOf('a'))).toMatchObject({ code: 'unsupported', field: 'response_format' });
  });

  test('a space that the answer loses may stand before it', async () => {
    const format: AnswerFormat = { kind: 'choice', choices: ['12'] };
    expect(allowed((await constraintOf(format)).mask)).toEqual(['1', '12']);
    expect(allowed((await constraintOf(format, { numPrefixSpaces: 1 })).mask)).toEqual([' ', '1', '12']);
  });

  test('are those that brute force finds', async () => {
    const constraint = await constraintOf({ kind: 'regex', pattern: '([{"a:1]|true|é)*', field: 'x' });
    const expected = texts.filter(
      (text, id) => id === eos || (text !== '' && id < eos - 1 && /^([{"a:1]|tru?e?|é)*$/.test(text)),
    );
    expect(allowed(constraint.mask)).toEqual(expected);
  });

  test('a call of one of the tools', async () => {
    const calls = ['a', '1'].map((name) => ({
      before: `[C]${name}{`,
      schema: 'true',
      field: 'x',
      after: '}',
    }));
    const constraint = await constraintOf(
      { kind: 'calls', calls, first: '', between: ',', last: '', most: 2 },
      { marks: ['[C]'] },
    );
    for (const text of ['[C]', 'a', '{', '12', '}', ',', '[C]', '1']) {
      expect(allowed(constraint.mask)).toContain(text);
      constraint.confirm(idOf(text));
    }
    expect(allowed(constraint.mask)).toEqual(['{', '{"']);
  });
});

describe('a token that alone may come', () => {
  const object = schemaOf({
    type: 'object',
    properties: { a: { enum: [12, 'a'] } },
    required: ['a'],
    additionalProperties: false,
  });

  test('is certain at once, and so is what follows it', async () => {
    const constraint = await constraintOf({ kind: 'regex', pattern: '(,|1):a(1|2)2', field: 'x' });
    constraint.lookAhead();
    expect(constraint.ahead).toEqual([]);
    constraint.confirm(idOf(','));
    constraint.lookAhead();
    constraint.lookAhead();
    expect(constraint.ahead.map((id) => texts[id])).toEqual([':', 'a']);
    expect(allowed(constraint.mask)).toEqual(['1', '12', '2']);
    constraint.lookAhead();
    for (const [text, left] of [
      [':', 1],
      ['a', 0],
    ] as const) {
      expect(constraint.confirm(idOf(text))).toBeUndefined();
      expect(constraint.ahead).toHaveLength(left);
    }
    constraint.confirm(idOf('2'));
    // The last one: nothing may follow, so nothing waits behind it.
    constraint.lookAhead();
    expect([constraint.ahead, constraint.isComplete]).toEqual([[], false]);
    constraint.confirm(idOf('2'));
    expect(constraint.isComplete).toBe(true);
    constraint.reset();
    expect([constraint.isComplete, allowed(constraint.mask)]).toEqual([false, ['1', ',']]);
  });

  test('is none where the answer may end, or must', async () => {
    const constraint = await constraintOf(schemaOf({ enum: [1, 12] }));
    constraint.confirm(idOf('1'));
    constraint.lookAhead();
    expect(constraint.ahead).toEqual([]);
    constraint.confirm(idOf('2'));
    expect(allowed(constraint.mask)).toEqual(['<e>']);
    constraint.lookAhead();
    expect([constraint.ahead, constraint.isComplete]).toEqual([[], true]);
  });

  test('behind which no token goes on: the error comes with it, not before', async () => {
    const constraint = await constraintOf({ kind: 'choice', choices: ['ax'] });
    constraint.lookAhead();
    expect([constraint.ahead, constraint.isComplete]).toEqual([[], false]);
    expect(constraint.confirm(idOf('a'))).toMatchObject({ code: 'unsupported' });
  });

  test('does not change what may come', async () => {
    const plain = await constraintOf(object);
    const ahead = await constraintOf(object);
    for (const text of ['{', '"a"', ':', '12', '}']) {
      expect(allowed(plain.mask)).toContain(text);
      const certain = ahead.ahead.length > 0;
      if (!certain) {
        expect(allowed(ahead.mask)).toEqual(allowed(plain.mask));
        ahead.lookAhead();
      }
      plain.confirm(idOf(text));
      ahead.confirm(idOf(text));
    }
    expect([plain.isComplete, ahead.isComplete]).toEqual([true, true]);
  });
});

test('a trie has every token once, below its beginnings', () => {
  const next = randomSource(3);
  const tokens = Array.from({ length: 500 }, (_, id) => ({
    id,
    bytes: Uint8Array.from({ length: 1 + Math.floor(4 * next()) }, () => Math.floor(4 * next())),
  }));
  const { depth, byte, end, firstId, ids } = buildTrie(tokens);
  const found = new Map<number, string>();
  const path: number[] = [];
  for (let node = 0; node < byte.length; node++) {
    path.length = depth[node]! - 1;
    path.push(byte[node]!);
    for (let i = firstId[node]!; i < firstId[node + 1]!; i++) found.set(ids[i]!, path.join(' '));
    // The subtree ends where the walk comes back to this depth.
    let after = node + 1;
    while (after < byte.length && depth[after]! > depth[node]!) after++;
    expect(end[node]).toBe(after);
  }
  expect(found.size).toBe(tokens.length);
  for (const { id, bytes } of tokens) expect(found.get(id)).toBe(bytes.join(' '));
});
