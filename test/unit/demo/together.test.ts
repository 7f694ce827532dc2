/** What the page says of several documents in one question. */
import { expect, test } from 'vitest';
import { describePlan } from '../../../demo/together';

const documents = [0, 1, 2].map((i) => ({
  id: `${i}`,
  title: `Title ${i}`,
  numTokens: 13_000,
  isReadAgain: i > 0,
}));
const plan = { numTokens: 41_200, contextTokens: 53_000, fits: true, numReadTokens: 12_992, documents };

test('how much of the context they take, and what is read again', () => {
  expect(describePlan(plan)).toBe(
    'Asked together: 3 documents, 41,200 of 53,000 tokens; 2 are read again behind the first, with the first question.',
  );
  const [first, second] = documents;
  expect(describePlan({ ...plan, documents: [first!, second!] })).toContain('; 1 is read again behind');
  const imported = { ...first!, isReadAgain: true };
  expect(describePlan({ ...plan, numReadTokens: 0, documents: [imported, second!] })).toContain(
    '; 2 are read again, with',
  );
});

test('what was read is not read again, and what does not fit is said', () => {
  expect(describePlan({ ...plan, numReadTokens: 41_200 })).toContain('tokens. All of it is read.');
  expect(describePlan({ ...plan, contextTokens: 30_000, fits: false })).toContain('they do not fit');
});
