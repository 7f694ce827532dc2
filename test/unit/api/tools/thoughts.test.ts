import { expect, test } from 'vitest';
import { ThoughtReader } from '../../../../src/api/tools/thoughts';

test.each([
  ['', '<think>\nHm. So <b>.\n</think>\n\nFour.\n', 'Hm. So <b>.', 'Four.\n'],
  ['assistant\n<think>\n', 'Hm.\n</think>\n\nFour.', 'Hm.', 'Four.'],
  ['assistant\n<think>\n\n</think>\n\n', 'Four. <think> is a tag.', '', 'Four. <think> is a tag.'],
  ['', '<think>\n\n</think>\n\nFour.', '', 'Four.'],
  ['', '<think>cut </thi', 'cut </thi', ''],
  ['', ' <thing> is a tag', '', ' <thing> is a tag'],
  ['', '<thi', '', '<thi'],
  ['', '[THINK]a[b[/THINK]c', 'a[b', 'c'],
])('after %j: %j', (promptEnd, text, reasoning, content) => {
  for (const pieces of [[text], text]) {
    const reader = new ThoughtReader(promptEnd);
    let thought = '';
    let said = '';
    for (const piece of pieces) {
      const got = reader.push(piece, 1);
      thought += got.reasoning;
      said += got.content;
    }
    const last = reader.end();
    expect([thought + last.reasoning, said + last.content]).toEqual([reasoning, content]);
  }
});

test('tokens of thoughts are counted, their marks included', () => {
  const reader = new ThoughtReader('');
  for (const text of ['<th', 'ink>', 'Hm', '.', '</', 'think>', '\n\n', 'Four', '.']) reader.push(text, 1);
  expect(reader.numTokens).toBe(6);
  const plain = new ThoughtReader('');
  plain.push('<the>', 2);
  expect(plain.numTokens).toBe(0);
});
