import { expect, test } from 'vitest';
import { together } from '../../../src/util/together';

/** Ends only when its signal aborts, with the reason. */
function untilAborted(signal: AbortSignal, ended: string[]): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => {
      ended.push('aborted');
      reject(signal.reason as Error);
    });
  });
}

test('gives what all gave, in order', async () => {
  const later = new Promise<string>((resolve) => setTimeout(resolve, 1, 'late'));
  expect(await together(undefined, () => [later, Promise.resolve(2)])).toEqual(['late', 2]);
});

test('a failure aborts the others, and is thrown when they have ended', async () => {
  const failure = new Error('first');
  const ended: string[] = [];
  const working = together(undefined, (signal) => [untilAborted(signal, ended), Promise.reject(failure)]);
  await expect(working).rejects.toBe(failure);
  expect(ended).toEqual(['aborted']);
});

test('aborted from outside: the reason, when all have ended', async () => {
  const controller = new AbortController();
  const ended: string[] = [];
  const working = together(controller.signal, (signal) => [
    untilAborted(signal, ended),
    untilAborted(signal, ended),
  ]);
  const reason = new Error('enough');
  controller.abort(reason);
  await expect(working).rejects.toBe(reason);
  expect(ended).toEqual(['aborted', 'aborted']);
});
