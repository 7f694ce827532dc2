import { describe, expect, test } from 'vitest';
import { preTokenizers } from '../../../src/tokenizer/gguf-pre-tokenizers';
import { compilePattern, needsMatcher } from '../../../src/tokenizer/pattern/pattern';
import { kindOfPattern } from '../../../src/tokenizer/pattern/pattern-kind';
import { PatternMatcher } from '../../../src/tokenizer/pattern/pattern-matcher';
import { WorkLimits } from '../../../src/tokenizer/pattern/work-limits';
import { randomSource } from '../../../tools/util/random';

/** Patterns of tokenizers that models have, as their files write them. */
const real = [
  "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+",
  "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  "[\\p{Han}]+|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}&&[^\\p{Han}]]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}&&[^\\p{Han}]]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  '\\p{N}{1,3}',
  '[一-龥぀-ゟ゠-ヿ]+',
  '[!"#$%&\'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+',
  ' ?[^(\\s|[.,!?…。，、।۔،])]+',
  '[0-9][0-9][0-9]',
  "'s| ?\\p{Ll}+|\\p{Lu}\\p{Ll}*|[\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+|\\p{N}{1,2}| ?[^\\s\\p{L}\\p{M}\\p{N}]+|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
];

/** Those that are none: some models have them, some would hold a tab for years. */
const odd = [
  '(a+)+$',
  '(a|a)*b',
  '(?:a*)*b',
  '\\p{N}{1,3}(?=(?:\\p{N}{3})*(?:\\P{N}|$))',
  '(?=(\\d{3})+(?!\\d))',
  'a*a*a*b',
  '(?:\\p{L}\\p{M}*)+',
  'a?a?a?a?a?a?a?a?a?aaaaaaa',
  '(?<=a+)b+|\\bx+?y',
];

const find = (regex: string, text: string) => [
  ...compilePattern({ Regex: regex }, PatternMatcher).find(text, new WorkLimits(text)),
];

test.each(real)('the browser may run %s', (regex) => expect(needsMatcher({ Regex: regex })).toBe(false));
test('and those of GGUF files', () => {
  const patterns = [...preTokenizers.values()].flatMap(
    (stage) => JSON.stringify(stage).match(/"Regex":"(?:[^"\\]|\\.)*"/g) ?? [],
  );
  expect(patterns.length).toBeGreaterThan(5);
  for (const pattern of patterns) expect(needsMatcher(JSON.parse(`{${pattern}}`)), pattern).toBe(false);
});
test.each(odd)('and not %s', (regex) => expect(needsMatcher({ Regex: regex })).toBe(true));

test.each([
  ['\\p{L}+', 'linear'],
  [' ?[^a]+[\\r\\n]*', 'linear'],
  ['a*b+', 'plain'],
  ['a+b', 'plain'],
  ['a+(?!b)', 'plain'],
  ['a+b+c', 'unknown'],
  ['(?:ab)+', 'unknown'],
  ['(?:(?=[a-z])[^x])*b', 'plain'],
  ['a{2,300}b', 'unknown'],
] as const)('%s is %s', (source, kind) => expect(kindOfPattern(source)).toBe(kind));

describe('the matcher finds what the browser finds', () => {
  const sources = [
    ...odd.filter((source) => !source.includes('$') && !source.includes('\\b')),
    '(?:ab|a)(?:bc|c)*',
    '(?<=b)a+?|(?<!a)b{2,}',
    '(?!ab)(?:a|b|c)+?c',
    'a*?(?:b|)',
    '(?:a?)*?b',
    '[^a]|(?<x>b+)+',
    '(?:)',
    '😀+|.',
  ].map((source) => source.replace(/(?<!\\)\.$/, '[^\\n]'));
  test.each(sources)('%s', (source) => {
    const next = randomSource(5);
    const matcher = new PatternMatcher(source);
    for (let i = 0; i < 60; i++) {
      const length = Math.floor(next() * 12);
      const text = Array.from({ length }, () => ['a', 'b', 'c', '1', '😀', ' '][Math.floor(next() * 6)]).join(
        '',
      );
      const expected = [...text.matchAll(new RegExp(source, 'gu'))].map(({ 0: match, index }) => [
        index,
        index + match.length,
      ]);
      expect(matcher.find(text), JSON.stringify(text)).toEqual(expected);
    }
  });
});

describe('what would run away ends', () => {
  test('patterns that take years when they backtrack', () => {
    const text = `${'a'.repeat(16_000)}c`;
    for (const regex of ['(a+)+$', '(a|a)*b', '(?:a*)*b', 'a*a*a*b', '(a|aa)+$'])
      expect(find(regex, text)).toEqual([]);
  });

  test('one that fails behind all of the text at each place', () => {
    // The browser alone takes a minute.
    const text = '中'.repeat(2 ** 17);
    expect(() => find('\\p{L}*[\\p{N}\\p{P}]+', text)).toThrow(/does not come to an end/);
  });

  test('a slow device has as much longer as each look at a character takes there', () => {
    /** Times at the beginning, at the check, before the looks and after them. */
    const clock =
      (...times: number[]) =>
      () =>
        times.shift()!;
    const check = (...times: number[]) => new WorkLimits('text', clock(...times)).check();
    expect(() => check(0, 2000)).not.toThrow();
    expect(() => check(0, 5000, 5000, 5030)).not.toThrow();
    expect(() => check(0, 5000, 5000, 5020)).toThrow(/does not come to an end/);
  });

  test.each([
    ['(a)\\1', /refers back/],
    ['(?:(?:(?:a{99}){99}){99})', /too large/],
    ['(?:(?:(?:){99999}){99999}){99999}', /too large/],
    ['(?:'.repeat(500) + ')+'.repeat(500), /too deep/],
    ['(?<=a', /./],
  ])('%s is refused', (regex, reason) => expect(() => find(regex, 'a')).toThrow(reason));
});
