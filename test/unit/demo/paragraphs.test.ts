import { expect, test } from 'vitest';
import { excerpt, piecesOf, sentencesOf, splitParagraphs } from '../../../demo/paragraphs';

const split = (text: string) =>
  splitParagraphs(text).map(({ start, end, isHeading }) => [isHeading ? 'h' : 'p', text.slice(start, end)]);

test('paragraphs are parted by empty lines, and every character of them keeps its place', () => {
  expect(split('\n\nOne line.\nAnother line.\n \nNext one.\n')).toEqual([
    ['p', 'One line.\nAnother line.'],
    ['p', 'Next one.'],
  ]);
  expect(split('')).toEqual([]);
});

test('a heading is a marked line, or a short line that ends like no sentence', () => {
  expect(split('# The harbour.\n\nThe harbour\n\nIt is grey.\n\n- an item\n\nThe list:')).toEqual([
    ['h', 'The harbour.'],
    ['h', 'The harbour'],
    ['p', 'It is grey.'],
    ['p', '- an item'],
    ['p', 'The list:'],
  ]);
  expect(split('word '.repeat(30))[0]![0]).toBe('p');
});

test('a long text without empty lines is cut in time that grows with its length', () => {
  const startedAt = performance.now();
  expect(splitParagraphs('a line of words\n'.repeat(100_000))).toHaveLength(1);
  expect(performance.now() - startedAt).toBeLessThan(5000);
});

test('pieces cover the paragraph, and those within the marked span are marked', () => {
  const paragraph = { start: 10, end: 20 };
  const pieces = (start: number, end: number) =>
    piecesOf(paragraph, { start, end }).map((piece) => [piece.start, piece.end, piece.isMarked]);
  expect(pieces(12, 15)).toEqual([
    [10, 12, false],
    [12, 15, true],
    [15, 20, false],
  ]);
  expect(pieces(0, 30)).toEqual([[10, 20, true]]);
  expect(pieces(20, 30)).toEqual([[10, 20, false]]);
  expect(piecesOf(paragraph, undefined)).toEqual([{ ...paragraph, isMarked: false }]);
});

test('an excerpt is one line, cut between words', () => {
  expect(excerpt('x One\n\ntwo  three', { start: 2, end: 17 })).toBe('One two three');
  expect(excerpt('One two three', { start: 0, end: 13 }, 9)).toBe('One two…');
});

test('a span becomes the sentences that it has a part of', () => {
  const text = 'The gate is old. Magnus has the code KX-4471. He answers late.\n\nIt rains.';
  const about = (start: number, end: number) => {
    const span = sentencesOf(text, { start, end });
    return text.slice(span.start, span.end);
  };
  const [code, late] = [text.indexOf('has the'), text.indexOf('late')];
  expect(about(code, code + 16)).toBe('Magnus has the code KX-4471.');
  expect(about(text.indexOf('d.'), code + 16)).toBe('Magnus has the code KX-4471.');
  expect(about(code, late)).toBe('Magnus has the code KX-4471. He answers late.');
  expect(about(text.indexOf('old'), code + 20)).toBe('The gate is old. Magnus has the code KX-4471.');
  expect(about(0, text.length)).toBe(text);
  expect(sentencesOf('   ', { start: 1, end: 2 })).toEqual({ start: 1, end: 2 });
});
