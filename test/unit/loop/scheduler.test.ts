/** Who decodes and who prefills next. */
import { expect, test } from 'vitest';
import { planStep, type Schedulable } from '../../../src/loop/scheduler';

const decoding = (numSampled = 1, maxSampled = 10): Schedulable => ({
  phase: 'decoding',
  numSampled,
  maxSampled,
});
const prefilling = (): Schedulable => ({ phase: 'prefilling', numSampled: 0, maxSampled: 10 });
const finished: Schedulable = { phase: 'finished', numSampled: 10, maxSampled: 10 };

test('nothing admitted, nothing planned', () => {
  expect(planStep([], 4)).toEqual({ decode: [], prefill: undefined });
});

test('every answer takes a step, oldest first, beside one slice of the oldest prefill', () => {
  const [a, b, c, d] = [decoding(), prefilling(), decoding(), prefilling()];
  const plan = planStep([a, b, c, d], 4);
  expect(plan.decode[0]).toBe(a);
  expect(plan.decode[1]).toBe(c);
  expect(plan.decode.length).toBe(2);
  expect(plan.prefill).toBe(b);
});

test('an answer that waits for its own token lets the others go on', () => {
  const [held, free] = [{ ...decoding(), isHeld: true }, decoding()];
  expect(planStep([held, free], 4).decode).toEqual([free]);
});

test('an answer whose last token is already on its way takes no further step', () => {
  const [open, full] = [decoding(9, 10), decoding(10, 10)];
  expect(planStep([full, open, finished], 4)).toEqual({ decode: [open], prefill: undefined });
});

test('at most as many rows as a step has, oldest first; those that are full leave their place', () => {
  const all = [decoding(10, 10), decoding(2), decoding(3), decoding(4)];
  expect(planStep(all, 2).decode).toEqual([all[1], all[2]]);
});
