/** Where tokens begin in their text. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { charOffsets } from '../../../src/tokenizer/char-offsets';
import { Tokenizer } from '../../../src/tokenizer/tokenizer';
import { byteLevelJson, metaspaceJson } from './small-tokenizers';

test('bytes of one character begin with it', () => {
  const tokenizer = Tokenizer.fromJson(byteLevelJson(), undefined);
  const text = 'aé€😀b';
  const ids = tokenizer.encode(text);
  expect([...charOffsets(tokenizer, ids, text)]).toEqual([0, 1, 1, 2, 2, 2, 3, 3, 3, 3, 5, 6]);
  expect([...charOffsets(tokenizer, [], text)]).toEqual([0]);
});

test('a token that is not in the text is empty, and so is the space that an encoder adds', () => {
  const tokenizer = Tokenizer.fromJson(metaspaceJson(['▁', 'a', 'b'], ['▁ a']), undefined);
  const text = 'a b a';
  const ids = [1, ...tokenizer.encode(text)];
  const offsets = charOffsets(tokenizer, ids, text);
  const pieces = ids.map((_, i) => text.slice(offsets[i], offsets[i + 1]));
  expect(pieces[0]).toBe('');
  expect(pieces.join('')).toBe(text);
});

test("Scout's tokens of its sample are the sample, piece by piece", () => {
  const folder = new URL('../../../public/models/scout/', import.meta.url);
  const read = (name: string) => readFileSync(new URL(name, folder), 'utf8');
  const tokenizer = Tokenizer.fromJson(
    JSON.parse(read('tokenizer.json')),
    JSON.parse(read('tokenizer_config.json')),
  );
  const text = `<|bos|><|system|>${read('sample.txt')}`;
  const ids = tokenizer.encode(text, { addSpecialTokens: false });
  const offsets = charOffsets(tokenizer, ids, text);
  expect(offsets.at(-1)).toBe(text.length);
  ids.forEach((id, i) => {
    const bytes = tokenizer.tokenBytes(id);
    const piece = text.slice(offsets[i], offsets[i + 1]);
    if (!new TextDecoder().decode(bytes).includes('\ufffd')) {
      expect(piece).toBe(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes));
    }
  });
});
