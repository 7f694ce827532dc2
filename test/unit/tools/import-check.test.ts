/** Words that an import lost, as `npm run import-check` counts them. */
import { expect, test } from 'vitest';
import { countWords, lostWords } from '../../../tools/import-check/words.mjs';

test('words are counted in any case, and whole where a line end broke them', () => {
  expect([...countWords('The har-\nbour, the Café.')]).toEqual([
    ['the', 2],
    ['harbour', 1],
    ['café', 1],
  ]);
});

test('what the reference has and the text has not is lost, but for what is only parted otherwise', () => {
  expect(lostWords('The ferryman 10^6', 'The ferry man. 6243! Rope, rope. 106')).toEqual([
    ['rope', 2],
    ['6243', 1],
  ]);
});
