/** The trace file, as its format wants it. */
import { expect, test } from 'vitest';
import { Trace } from '../../../src/runner/trace';

test('spans, moments and what overlaps: microseconds since the start, on named rows', () => {
  const trace = new Trace(100);
  trace.span('host', 'decode step', [101, 103], { rows: 2 });
  trace.flight('reloads', 'reload', [102, 106], { bytes: 64 });
  trace.mark('stalls', 'stall', { cause: 'reload' }, 107);
  const { traceEvents } = trace.file();
  const rows = new Map(
    traceEvents.filter(({ ph }) => ph === 'M').map(({ tid, args }) => [tid, args!['name']]),
  );
  const events = traceEvents.filter(({ ph }) => ph !== 'M');
  expect(events.map(({ ph, ts, dur, tid }) => [ph, ts, dur, rows.get(tid)])).toEqual([
    ['X', 1000, 2000, 'host'],
    ['b', 2000, undefined, 'reloads'],
    ['e', 6000, undefined, 'reloads'],
    ['i', 7000, undefined, 'stalls'],
  ]);
  expect(events[1]!.id).toBe(events[2]!.id);
  expect(JSON.parse(JSON.stringify(trace.file()))).toEqual(trace.file());
});

test('a full trace takes no more, and says how much it lost', () => {
  const trace = new Trace(0, 2);
  for (let i = 0; i < 5; i++) trace.mark('host', 'x', {}, i);
  const { traceEvents, otherData } = trace.file();
  expect(traceEvents.filter(({ ph }) => ph === 'i').length).toBe(2);
  expect(otherData.eventsLost).toBe(3);
});
