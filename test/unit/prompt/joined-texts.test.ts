/** Several documents as one text: boundaries, and where each one stands. */
import { expect, test } from 'vitest';
import { joinTexts } from '../../../src/prompt/joined-texts';

const long = 'A title '.repeat(40);

test('each boundary names what ends and what begins; each part is its own text', () => {
  const documents = [
    { id: 'a', title: 'Alpha', text: 'One.' },
    { id: 'b', title: 'Beta\n--- line', text: 'Two.\n', places: [{ startChar: 0, label: 'p. 1' }] },
    { id: 'c', title: long, text: 'Three.' },
  ];
  const { text, parts } = joinTexts(documents);
  expect(text.slice(0, text.indexOf('Three.'))).toBe(
    'One.\n\n--- End of document 1: Alpha ---\n\n--- Document 2: Beta --- line ---\n\nTwo.\n\n\n' +
      `--- End of document 2: Beta --- line ---\n\n--- Document 3: ${long.slice(0, 119)}… ---\n\n`,
  );
  expect(parts.map(({ startChar, endChar }) => text.slice(startChar, endChar))).toEqual(
    documents.map((document) => document.text),
  );
  expect(parts[1]).toMatchObject({ id: 'b', places: [{ startChar: 0, label: 'p. 1' }] });
});

test('a document alone is as it is', () => {
  expect(joinTexts([{ id: 'a', title: 'Alpha', text: 'One.' }])).toEqual({
    text: 'One.',
    parts: [{ id: 'a', title: 'Alpha', startChar: 0, endChar: 4 }],
  });
});
