/** Means over tasks and their paired confidence intervals. Pure. */
import { Random } from './random';
import type { Task } from './task';

/** A question's score under a setting and with dense attention. */
export interface ScorePair {
  readonly task: Task;
  readonly score: number;
  readonly dense: number;
}

/** A setting against dense attention. */
export interface Comparison {
  readonly numQuestions: number;
  /** Means over tasks of each task's mean: a task counts the same however many questions it has. */
  readonly score: number;
  readonly dense: number;
  /** score ÷ dense; null where dense is 0. */
  readonly ratio: number | null;
  /** Bounds of the middle 95 % of the ratio over resamples of the questions; null where there is no ratio. */
  readonly interval: readonly [low: number, high: number] | null;
}

const numResamples = 2000;

/**
 * Compares with dense attention on the same questions. The interval is a paired bootstrap (Efron's percentiles): questions are
 * drawn again with replacement within their task, each with both of its scores, so what a question costs both cancels out.
 * @throws RangeError without questions
 */
export function compare(pairs: readonly ScorePair[], seed: number): Comparison {
  if (pairs.length === 0) throw new RangeError('There are no questions to compare on.');
  const groups = [...new Set(pairs.map(({ task }) => task))].map((name) =>
    pairs.filter(({ task }) => task === name),
  );
  const [score, dense] = meansOf(groups);
  const whole = { numQuestions: pairs.length, score, dense };
  if (dense === 0) return { ...whole, ratio: null, interval: null };
  const random = new Random(`resample ${seed}`);
  const ratios: number[] = [];
  for (let i = 0; i < numResamples; i++) {
    const [resampled, denseResampled] = meansOf(groups.map((group) => group.map(() => random.pick(group))));
    // A resample on which dense attention fails everywhere says nothing about the ratio.
    if (denseResampled > 0) ratios.push(resampled / denseResampled);
  }
  ratios.sort((a, b) => a - b);
  const at = (share: number) => ratios[Math.round(share * (ratios.length - 1))]!;
  return { ...whole, ratio: score / dense, interval: [at(0.025), at(0.975)] };
}

function meansOf(groups: readonly (readonly ScorePair[])[]): [score: number, dense: number] {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return [
    mean(groups.map((group) => mean(group.map(({ score }) => score)))),
    mean(groups.map((group) => mean(group.map(({ dense }) => dense)))),
  ];
}
