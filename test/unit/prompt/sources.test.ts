/** From masses of pages to passages: which pages count, which run together, and which characters they are. */
import { describe, expect, test } from 'vitest';
import { joinTexts } from '../../../src/prompt/joined-texts';
import { chooseSourceHeads, findPassages, placePassages } from '../../../src/prompt/sources';
import type { HeadProfile } from '../../../src/stability/head-profile';
import { Tokenizer } from '../../../src/tokenizer/tokenizer';
import { byteLevelJson } from '../tokenizer/small-tokenizers';

const whole = { firstToken: 2, endToken: 160 };
/** Ten pages of text and one of question, 0.02 each but for those that are given. */
function masses(given: Readonly<Record<number, number>>): number[] {
  return Array.from({ length: 11 }, (_, page) => given[page] ?? 0.02);
}
const pagesOf = (given: Readonly<Record<number, number>>, text = whole, numPassages = 3) =>
  findPassages(masses(given), [text], numPassages).map(({ startToken, endToken }) => [startToken, endToken]);

describe('passages', () => {
  test('most mass first, neighbours in one, the rest left out', () => {
    expect(pagesOf({ 3: 0.3, 6: 0.2, 7: 0.25 })).toEqual([
      [96, 128],
      [48, 64],
    ]);
    expect(pagesOf({ 3: 0.3, 6: 0.2, 7: 0.25 }, whole, 1)).toEqual([[96, 128]]);
    const [first] = findPassages(masses({ 4: 0.5 }), [whole], 3);
    expect(first!.mass).toBeCloseTo(0.5 - 1 / 11, 12);
  });

  test('a page with less than a quarter of the best, or no more than its share of all, is no source', () => {
    expect(pagesOf({ 3: 0.5, 6: 0.18 })).toEqual([[48, 64]]);
    expect(pagesOf({ 3: 0.5, 6: 0.2 })).toEqual([
      [48, 64],
      [96, 112],
    ]);
    const even = Array<number>(11).fill(1 / 11);
    expect(findPassages(even, [{ firstToken: 0, endToken: 160 }], 3)).toEqual([]);
    expect(findPassages([], [whole], 3)).toEqual([]);
  });

  test('pages that the text has a part of are cut to it, and have an even share of that part', () => {
    expect(pagesOf({ 0: 0.3, 9: 0.5 }, { firstToken: 12, endToken: 147 })).toEqual([
      [144, 147],
      [12, 16],
    ]);
    expect(pagesOf({ 10: 0.9, 4: 0.3 })).toEqual([[64, 80]]);
    expect(findPassages([0.7, 0.1], [{ firstToken: 4, endToken: 12 }], 3)).toEqual([
      { startToken: 4, endToken: 12, mass: 0.7 - 8 / 32, textIndex: 0 },
    ]);
  });
});

test('characters are those of the text, whatever stands before it', () => {
  const tokenizer = Tokenizer.fromJson(byteLevelJson(), undefined);
  const head = '<s>head ';
  const text = `${'a'.repeat(40)} größer ${'b'.repeat(60)}`;
  const prefix = head + text;
  const ids = tokenizer.encode(prefix);
  const shares = Array.from({ length: 9 }, (_, page) => (page === 2 ? 0.6 : 0.05));
  const subject = { numTokens: ids.length, prefix, textStart: head.length };
  const place = (given: typeof subject) => placePassages(shares, { subject: given, ids }, tokenizer, 1);
  const [passage] = place(subject);
  // Token 0 is the special one, the others are bytes: page 2 is bytes 31 to 46 behind it.
  const start = 31 - 'head '.length;
  expect(passage).toMatchObject({ startToken: 32, endToken: 48, startChar: start });
  expect(passage!.text).toBe(text.slice(start, passage!.endChar));
  expect(new TextEncoder().encode(passage!.text).length).toBe(16);
  const [first] = placePassages([0.9, 0.1], { subject, ids }, tokenizer, 1);
  expect(first).toMatchObject({ startToken: 6, startChar: 0, endToken: 16, endChar: 10 });
  expect(passage).not.toHaveProperty('location');
  const places = [{ startChar: start + 1, label: 'p. 2' }];
  expect(placePassages(shares, { subject: { ...subject, places }, ids }, tokenizer, 1)[0]!.location).toBe(
    'p. 2',
  );
  const plain = { ...subject, prefix: undefined };
  expect(placePassages(shares, { subject: plain, ids }, tokenizer, 1)).toEqual([
    { startToken: 32, endToken: 48, mass: expect.closeTo(0.6 - 1 / 9, 9) as number },
  ]);
});

test('of several texts, pages on a border count for one of them, and what stands between them for none', () => {
  const texts = [
    { firstToken: 2, endToken: 40 },
    { firstToken: 44, endToken: 100 },
    { firstToken: 130, endToken: 160 },
  ];
  const found = (given: Readonly<Record<number, number>>) =>
    findPassages(masses(given), texts, 5).map(({ startToken, endToken, textIndex }) => [
      startToken,
      endToken,
      textIndex,
    ]);
  // Page 2 is tokens 32 to 47: more of it is of the first text, so that passages of both never run together.
  expect(found({ 1: 0.2, 2: 0.2, 3: 0.21 })).toEqual([
    [16, 40, 0],
    [48, 64, 1],
  ]);
  expect(found({ 7: 0.9, 8: 0.1 })).toEqual([[130, 144, 2]]);
});

test('of joined documents a passage names its own, with that one’s characters and places', () => {
  const tokenizer = Tokenizer.fromJson(byteLevelJson(), undefined);
  const places = [{ startChar: 0, label: 'p. 1' }];
  const documents = [
    { id: 'a', title: 'First', text: 'a'.repeat(50) },
    { id: 'b', title: 'Second', text: 'b'.repeat(50), places },
  ];
  const { text, parts } = joinTexts(documents);
  const head = '<s>head ';
  const prefix = head + text;
  const ids = tokenizer.encode(prefix);
  const subject = { numTokens: ids.length, prefix, textStart: head.length, parts };
  const at = (word: string) => Math.floor((prefix.indexOf(word) - '<s>'.length + 1) / 16);
  const shares = (page: number) => Array.from({ length: 14 }, (_, i) => (i === page ? 0.6 : 0.03));
  const place = (page: number) => placePassages(shares(page), { subject, ids }, tokenizer, 1)[0]!;
  const first = place(2);
  expect(first).toMatchObject({ documentId: 'a', documentTitle: 'First', text: 'a'.repeat(16) });
  expect(first).not.toHaveProperty('location');
  // The page on which the second text begins has the end of its heading too.
  const second = place(at('bbbb') + 1);
  expect(second).toMatchObject({ documentId: 'b', documentTitle: 'Second', location: 'p. 1' });
  expect(second.text).toBe(documents[1]!.text.slice(second.startChar, second.endChar));
  const end = place(at('--- End of document 2'));
  expect(end.text).toMatch(/^b+$/);
  expect(end.endChar).toBe(50);
});

test('the heads that a profile finds to retrieve, else all of the middle half of the layers', () => {
  const shape = { numLayers: 4, numKvHeads: 2 };
  const profile = { retrieval: [0, 0.1, 0, 0.5, 0, 0, 0.3, 0] } as unknown as HeadProfile;
  expect(chooseSourceHeads(shape, profile)).toEqual({ heads: [3, 6], isCalibrated: true });
  const guess = { heads: [2, 3, 4, 5], isCalibrated: false };
  expect(chooseSourceHeads(shape, undefined)).toEqual(guess);
  expect(chooseSourceHeads(shape, {} as HeadProfile)).toEqual(guess);
  expect(chooseSourceHeads({ numLayers: 1, numKvHeads: 3 }, undefined).heads).toEqual([0, 1, 2]);
});
