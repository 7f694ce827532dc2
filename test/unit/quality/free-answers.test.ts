import { expect, test } from 'vitest';
import { compareAnswers, repetition } from '../../../tools/quality/free-answers';

test('repetition is the share of phrases of four tokens that came before', () => {
  expect(repetition([1, 2, 3, 4, 5, 6, 7])).toBe(0);
  // 1234, 2341, 3412, 4123, and 1234 again.
  expect(repetition([1, 2, 3, 4, 1, 2, 3, 4])).toBeCloseTo(1 / 5);
  expect(repetition([7, 7, 7, 7, 7, 7])).toBeCloseTo(2 / 3);
  expect(repetition([1, 2, 3])).toBe(0);
});

test('answers are equal up to the first token that differs', () => {
  expect(compareAnswers([1, 2, 3, 4], [1, 2, 9, 4]).numEqual).toBe(2);
  expect(compareAnswers([1, 2, 3], [1, 2, 3])).toMatchObject({ numEqual: 3, numTokens: 3, repetition: 0 });
  expect(compareAnswers([5, 5, 5, 5, 5], [1, 2, 3, 4, 5])).toMatchObject({
    numEqual: 0,
    repetition: 0,
    denseRepetition: 0.5,
  });
});
