/** When an answer counts as standing still, for how long, and for what. */
import { expect, test } from 'vitest';
import type { StallEvent } from '../../../src/runner/cache-event';
import { Stalls } from '../../../src/runner/stalls';

/** A clock that stands where it is set. */
function timed() {
  const clock = { now: 0 };
  const events: StallEvent[] = [];
  const stalls = new Stalls(
    (event) => events.push(event),
    () => clock.now,
  );
  stalls.begin(0);
  return { clock, events, stalls };
}

test('held while a step is under way costs nothing until that step is back', () => {
  const { clock, events, stalls } = timed();
  const step = stalls.submit(0)!;
  clock.now = 10;
  stalls.hold(0, 'reload');
  clock.now = 30;
  stalls.confirm(step);
  clock.now = 37;
  stalls.hold(0, 'reload');
  stalls.submit(0);
  expect(events).toEqual([{ kind: 'stall', cause: 'reload', durationMs: 7 }]);
});

test('a wait that ends before the last step is back is no stall', () => {
  const { events, stalls } = timed();
  stalls.submit(0);
  stalls.hold(0, 'offload');
  stalls.submit(0);
  expect(events).toEqual([]);
  expect(stalls.counts).toMatchObject({ stalls: 0, stallMs: 0 });
});

test('every cause counts for itself, and what was waited for first is the cause', () => {
  const { clock, events, stalls } = timed();
  for (const [cause, durationMs] of [
    ['offload', 4],
    ['reload', 5],
    ['offload', 6],
  ] as const) {
    stalls.hold(0, cause);
    stalls.hold(0, 'reload');
    clock.now += durationMs;
    stalls.confirm(stalls.submit(0)!);
  }
  expect(events.map(({ cause }) => cause)).toEqual(['offload', 'reload', 'offload']);
  clock.now = 100;
  stalls.end(0);
  expect(stalls.counts).toEqual({
    stalls: 3,
    stallMs: 15,
    stallCauses: { reload: { stalls: 1, stallMs: 5 }, offload: { stalls: 2, stallMs: 10 } },
    answerMs: 100,
  });
});

test('sequences without an answer are not timed', () => {
  const { events, stalls } = timed();
  stalls.end(0);
  stalls.hold(0, 'reload');
  expect(stalls.submit(0)).toBeUndefined();
  expect(events).toEqual([]);
});
