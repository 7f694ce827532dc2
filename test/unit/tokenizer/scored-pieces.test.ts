/** Vocabularies of scored pieces, as GGUF files of Llama 2 and Gemma have them, against SentencePiece's rule written plainly. */
import { expect, test } from 'vitest';
import { ggufTokenizer, type GgufVocabulary } from '../../../src/tokenizer/gguf-tokenizer';
import { Tokenizer } from '../../../src/tokenizer/tokenizer';
import { randomSource } from '../../../tools/util/random';

const types = { normal: 1, unknown: 2, control: 3, userDefined: 4, byte: 6 };
const bytes = Array.from(
  { length: 256 },
  (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`,
);

interface Piece {
  readonly text: string;
  readonly score: number;
  readonly type?: number;
}

function vocabulary(pieces: readonly Piece[], changes: Partial<GgufVocabulary> = {}): GgufVocabulary {
  const all: Piece[] = [
    { text: '<unk>', score: 0, type: types.unknown },
    { text: '<bos>', score: 0, type: types.control },
    ...bytes.map((text) => ({ text, score: 0, type: types.byte })),
    ...pieces,
  ];
  return {
    model: 'llama',
    pre: 'default',
    tokens: all.map(({ text }) => text),
    types: all.map(({ type = types.normal }) => type),
    scores: all.map(({ score }) => score),
    merges: undefined,
    ids: { bos: 1, eos: undefined, eot: undefined, eom: undefined, unknown: 0, padding: undefined },
    addsBos: false,
    addsEos: false,
    addsSpacePrefix: false,
    chatTemplate: undefined,
    ...changes,
  };
}

function tokenizerOf(given: GgufVocabulary): Tokenizer {
  const { tokenizer, tokenizerConfig } = ggufTokenizer(given);
  return Tokenizer.fromJson(tokenizer, tokenizerConfig);
}

/** Of all neighbours the ones whose whole scores best, the leftmost of equal ones, until nothing merges. */
function merged(text: string, pieces: readonly Piece[]): string[] {
  const scoreOf = new Map([...pieces].reverse().map(({ text, score }) => [text, score]));
  const parts = Array.from(text);
  for (;;) {
    let best = -1;
    for (let i = 0; i + 1 < parts.length; i++) {
      const score = scoreOf.get(parts[i]! + parts[i + 1]!);
      if (score === undefined) continue;
      if (best < 0 || score > scoreOf.get(parts[best]! + parts[best + 1]!)!) best = i;
    }
    if (best < 0) return parts;
    parts.splice(best, 2, parts[best]! + parts[best + 1]!);
  }
}

test('pieces merge by score, the leftmost of equal ones first', () => {
  const random = randomSource(7);
  const below = (n: number) => Math.floor(n * random());
  for (let round = 0; round < 40; round++) {
    const letters = ['a', 'b', 'c', '▁'];
    const texts = new Set(letters);
    for (let i = 0; i < 25; i++)
      texts.add(Array.from({ length: 2 + below(4) }, () => letters[below(4)]!).join(''));
    const pieces = [...texts].map((text) => ({ text, score: -below(8) }));
    const tokenizer = tokenizerOf(vocabulary(pieces));
    for (let i = 0; i < 10; i++) {
      const text = Array.from({ length: 1 + below(20) }, () => letters[below(3)]!).join('');
      const ids = tokenizer.encode(text);
      expect(ids, text).toEqual(merged(text, pieces).map((part) => tokenizer.idOf(part)));
      expect(tokenizer.decode(ids)).toBe(text);
    }
  }
});

test('only ordinary pieces merge; what none has is written in bytes', () => {
  const tokenizer = tokenizerOf(
    vocabulary([
      { text: 'a', score: -1 },
      { text: 'b', score: -2 },
      { text: 'ab', score: 0, type: 5 },
      { text: '▁', score: -4 },
      { text: 'aa', score: -3 },
      { text: '<turn>', score: 0, type: types.userDefined },
    ]),
  );
  const [a, b, aa, turn] = ['a', 'b', 'aa', '<turn>'].map((text) => tokenizer.idOf(text));
  expect(tokenizer.encode('ab<turn>aa')).toEqual([a, b, turn, aa]);
  expect(tokenizer.encode('é')).toEqual([0xc3, 0xa9].map((byte) => tokenizer.idOf(bytes[byte]!)));
  expect(tokenizer.decode(tokenizer.encode('é a'))).toBe('é a');
});

test('a file of a user’s that only claims to have pieces is refused', () => {
  const json = { model: { type: 'pieces' }, added_tokens: [] };
  expect(() => Tokenizer.fromJson(json)).toThrow(/model type is "pieces"/);
  const short = { model: { type: 'pieces', pieces: ['a', 'b'], ranks: [0], unk_token: null } };
  expect(() => Tokenizer.fromJson(short)).toThrow(/model type is "pieces"/);
});
