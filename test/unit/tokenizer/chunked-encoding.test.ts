/** Piece by piece the ids are those of the whole text; with the real tokenizers of ../shared where they are present. */
import { describe, expect, test } from 'vitest';
import { encodeChunks } from '../../../src/tokenizer/chunked-encoding';
import { Tokenizer } from '../../../src/tokenizer/tokenizer';
import { randomSource } from '../../../tools/util/random';
import { tinyTokenizerConfig, tinyTokenizerJson } from '../../../tools/tiny-models/tiny-tokenizer';
import { sharedCheck, sharedTokenizer } from './shared-tokenizers';

const words = [
  'the',
  'whale',
  "Ishmael's",
  '1851',
  'Überfahrt',
  '鯨',
  'e\u0301tude',
  '«oui»',
  '<|im_end|>',
  '…',
  'x'.repeat(40),
  '🙂',
  '--',
  'a',
];
const gaps = [' ', ' ', ' ', ' ', '\n', '\n\n', '  ', '\r\n', '. ', ', ', '\t', '\n \n', ' \n'];

function randomText(length: number, seed: number): string {
  const next = randomSource(seed);
  const pick = (list: readonly string[]) => list[Math.floor(next() * list.length)]!;
  let text = '';
  while (text.length < length) text += pick(words) + pick(gaps);
  return text;
}

const tiny = Tokenizer.fromJson(tinyTokenizerJson(), tinyTokenizerConfig());
const tokenizers = [
  ['the test models', tiny],
  ...(['smollm', 'phi-3-mini', 'qwen3', 'stories260K'] as const).map(
    (name) => [name, sharedTokenizer(name)] as const,
  ),
] as const;

describe.each(tokenizers)('the tokenizer of %s', (name, tokenizer) => {
  const title = sharedCheck(`${name}: the same ids in pieces`, !!tokenizer);
  test.each([1, 2, 3, 4])(`${title}, text %i`, (seed) => {
    if (!tokenizer) return;
    const text = randomText(20_000, seed);
    for (const isContinuation of [false, true]) {
      const parts = [...encodeChunks(tokenizer, text, { isContinuation, pieceLength: 700 })];
      const whole = tokenizer.encode(text, { addSpecialTokens: false, isContinuation });
      expect(parts.flat()).toEqual(whole);
      expect(parts.length).toBeGreaterThan(10);
    }
  });
});

test('a word of many thousand characters is not encoded at once, and no character is cut', () => {
  const random = randomSource(3);
  const letters = Array.from({ length: 20_000 }, () => String.fromCharCode(97 + Math.floor(random() * 26)));
  for (const text of ['鯨🙂'.repeat(5000), letters.join(''), 'a'.repeat(20_000)]) {
    const lengths: number[] = [];
    const encode: Tokenizer['encode'] = (part, options) => {
      lengths.push(part.length);
      return tiny.encode(part, options);
    };
    const ids = [...encodeChunks({ encode }, text, { pieceLength: 1000 })].flat();
    expect(tiny.decode(ids)).toBe(text);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(2000);
  }
});

test('an empty text has no pieces', () => {
  expect([...encodeChunks(tiny, '')]).toEqual([]);
});
