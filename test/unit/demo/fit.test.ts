import { expect, test } from 'vitest';
import { firstPart, mostDocumentTokens } from '../../../demo/fit';

test('a context keeps room for an answer', () => {
  expect(mostDocumentTokens(32_768)).toBe(32_256);
  expect(mostDocumentTokens(1024)).toBe(768);
});

test('the first part of a text ends at a paragraph, else a sentence, else a word, and is no longer than wanted', () => {
  const sentence = 'The ferry left on time for the other side.';
  const paragraphs = Array.from({ length: 20 }, () => sentence).join('\n\n');
  const part = firstPart(paragraphs, 1000, 500);
  expect(paragraphs.startsWith(`${part}\n\n`)).toBe(true);
  expect(part.length).toBeLessThanOrEqual(paragraphs.length / 2);
  expect(part.length).toBeGreaterThan(paragraphs.length / 3);
  const sentences = Array.from({ length: 20 }, () => sentence).join(' ');
  expect(firstPart(sentences, 1000, 500)).toMatch(/other side\.$/);
  const words = 'word '.repeat(100);
  expect(firstPart(words, 100, 50)).toMatch(/^(word )+word$/);
  expect(firstPart('x'.repeat(100), 100, 50)).toBe('x'.repeat(48));
});
