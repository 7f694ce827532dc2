import { expect, test } from 'vitest';
import { splitText, type SplitBehavior } from '../../../src/tokenizer/split-text';
import type { Span } from '../../../src/tokenizer/pattern/pattern-matcher';

const text = 'the-final--countdown';
const matches: Span[] = [
  [3, 4],
  [9, 10],
  [10, 11],
];

// The pieces in the documentation of Hugging Face's Split.
test.each<[SplitBehavior, string[]]>([
  ['Removed', ['the', 'final', 'countdown']],
  ['Isolated', ['the', '-', 'final', '-', '-', 'countdown']],
  ['MergedWithPrevious', ['the-', 'final-', '-', 'countdown']],
  ['MergedWithNext', ['the', '-final', '-', '-countdown']],
  ['Contiguous', ['the', '-', 'final', '--', 'countdown']],
])('%s', (behavior, pieces) => expect(splitText(text, matches, behavior, false)).toEqual(pieces));

test('inverted, what lies between matches is cut at', () => {
  expect(splitText('a1b', [[1, 2]], 'Removed', true)).toEqual(['1']);
  expect(splitText('a1b', [[1, 2]], 'Isolated', true)).toEqual(['a', '1', 'b']);
  expect(splitText('', [], 'Isolated', true)).toEqual([]);
});
