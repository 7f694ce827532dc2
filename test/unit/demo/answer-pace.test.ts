import { expect, test } from 'vitest';
import { AnswerPace } from '../../../demo/answer-pace';

test('the first text counts from the question, the others from it', () => {
  const pace = new AnswerPace(1000);
  expect([pace.firstTokenMs, pace.tokensPerSecond]).toEqual([undefined, undefined]);
  pace.add(3500);
  expect([pace.firstTokenMs, pace.tokensPerSecond]).toEqual([2500, undefined]);
  pace.add(3600);
  pace.add(3750);
  expect(pace.firstTokenMs).toBe(2500);
  expect(pace.tokensPerSecond).toBeCloseTo(8);
});

test('pieces that come at once give no speed', () => {
  const pace = new AnswerPace(0);
  pace.add(5);
  pace.add(5);
  expect([pace.firstTokenMs, pace.tokensPerSecond]).toEqual([5, undefined]);
});
