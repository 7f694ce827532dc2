/** Headings whose letters are set apart, and rows of single letters that are none. */
import { expect, test, vi } from 'vitest';
import { joinSpacedLetters } from '../../../../demo/import/pdf/spaced-letters';
import { makePdf } from '../../../support/document-files';
import { importFile } from '../../../../tools/import-check/import-file';

// The first PDF brings pdf.js, which takes a busy machine a while to load.
vi.setConfig({ testTimeout: 120_000 });

test('letters that are set apart are words, near to each other and far', async () => {
  const line = (spacing: number, y: number) =>
    `BT /F1 12 Tf ${spacing} Tc 72 ${y} Td (CHAPTER ONE) Tj 0 Tc ET`;
  const spacings = [0, 2, 4, 6, 8, 12];
  const painting = spacings.map((spacing, i) => line(spacing, 700 - 60 * i)).join(' ');
  const { text } = await importFile('a.pdf', makePdf({ pages: [[]], paintings: [painting] }));
  expect(text.split(/\n+/)).toEqual(spacings.map(() => 'CHAPTER ONE'));
});

const row = (letters: string, step: number) =>
  Array.from(letters, (text, i) => ({
    text,
    x: 72 + step * i,
    y: 700,
    width: 8,
    height: 12,
    endsLine: i === letters.length - 1,
  }));

test.each([
  ['ABCDEF', 12, 'letters in their order'],
  ['TFFTF', 12, 'answers'],
  ['AEIOU', 12, 'vowels'],
  ['HARBOUR', 32, 'cells of a row'],
  ['PIER', 12, 'too few'],
])('%s every %i points stays as it is: %s', (letters, step) => {
  const items = row(letters, step);
  expect(joinSpacedLetters(items)).toEqual(items);
});

test('a word is one item, as wide as its letters together', () => {
  const [first] = joinSpacedLetters(row('HARBOUR', 12));
  expect(first).toMatchObject({ text: 'HARBOUR', x: 72, width: 80, endsLine: true });
});
