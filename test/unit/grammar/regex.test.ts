import { expect, test } from 'vitest';
import { Automaton } from '../../../src/grammar/automaton';
import { GrammarBuilder } from '../../../src/grammar/grammar';
import { accepts } from '../../../src/grammar/json-schema';
import { regexGrammar, UnsupportedRegex } from '../../../src/grammar/regex';

function automatonOf(source: string): Automaton {
  const builder = new GrammarBuilder();
  return new Automaton(
    builder,
    regexGrammar(source, builder, (set) => builder.character(set)),
  );
}

const texts = [
  ...[
    '',
    'a',
    'b',
    'ab',
    'aab',
    'abab',
    'abc',
    'A',
    '1',
    '12',
    '123',
    '1234',
    'a1',
    '_',
    '-',
    '.',
    ' ',
    '\n',
    '\t',
  ],
  ...[
    'é',
    '€',
    '😀',
    'a-b',
    'a.b',
    '[x]',
    '(x)',
    'x{2}',
    '\\',
    '/',
    '"',
    '2024-05-06',
    'foo@bar.org',
    '\u00a0',
    'aaa',
  ],
];

test.each([
  ...[
    'a',
    'ab|b',
    'a*b',
    'a+',
    'a?',
    '(ab)+',
    '(?:a|b){2,3}',
    '(?<name>a)b',
    '[abc]',
    '[^abc]',
    '[a-c1-3_]+',
    '.',
  ],
  ...[
    '\\d+',
    '\\D',
    '\\w+',
    '\\W',
    '\\s',
    '\\S+',
    '\\d{4}-\\d{2}-\\d{2}',
    '^abc$',
    'a.b',
    'a\\.b',
    '\\[x\\]',
    '\\(x\\)',
  ],
  ...[
    'x\\{2\\}',
    '\\\\',
    '/',
    '"',
    '\\u00e9',
    '\\x41',
    '[\\u{20ac}]',
    '\\u{1f600}',
    '[😀é]',
    'a{2}',
    'a{2,}',
    'a{1}?b',
  ],
  ...['', '()', 'a||b', '[^]', '[\\s\\S]', '[\\d-]', '[-a]', '\\n|\\t', 'a{0}', '\\w+@\\w+\\.[a-z]{2,}'],
])('%s matches what it matches for JavaScript', (source) => {
  const automaton = automatonOf(source);
  // Without the flag an expression is about code units, and here about characters.
  const flags =
    /\\u\{|[^\0-\uffff]/u.test(source) ||
    source.startsWith('[^') ||
    ['.', '\\D', '\\W', '[\\s\\S]'].includes(source)
      ? 'u'
      : '';
  const expression = new RegExp(`^(?:${source})$`, flags);
  for (const text of texts) expect([text, accepts(automaton, text)]).toEqual([text, expression.test(text)]);
});

test.each([
  '(?=a)',
  '(?!a)b',
  '(?<=a)b',
  '(a)\\1',
  '\\bword\\b',
  '\\p{L}',
  'a^b',
  'a{99999}',
  '(',
  '[z-a]',
  '*',
])('%s is refused', (source) => {
  expect(() => automatonOf(source)).toThrow(UnsupportedRegex);
});
