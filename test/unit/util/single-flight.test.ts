/** Several who want the same at once: the work runs once, ends once, and an abort is the affair of who aborts. */
import { expect, test } from 'vitest';
import { SingleFlight } from '../../../src/util/single-flight';

/** Work that ends when it is told to. */
function opened() {
  const runs: { signal: AbortSignal; end: (value: number) => void; fail: (error: unknown) => void }[] = [];
  const work = (signal: AbortSignal) =>
    new Promise<number>((end, fail) => {
      runs.push({ signal, end, fail });
      signal.addEventListener('abort', () => fail(signal.reason));
    });
  return { runs, work, flights: new SingleFlight<string, number>() };
}
const turn = () => new Promise((resolve) => setTimeout(resolve));

test('four at once are one run, and the next is another', async () => {
  const { runs, work, flights } = opened();
  const all = Promise.all([1, 2, 3, 4].map(() => flights.run('a', work)));
  const other = flights.run('b', work);
  await turn();
  expect(runs.length).toBe(2);
  runs[0]!.end(7);
  runs[1]!.end(8);
  expect([await all, await other]).toEqual([[7, 7, 7, 7], 8]);
  const again = flights.run('a', work);
  await turn();
  runs[2]!.end(9);
  expect(await again).toBe(9);
});

test('a failure is that of all who wait, and is not remembered', async () => {
  const { runs, work, flights } = opened();
  const all = Promise.allSettled([flights.run('a', work), flights.run('a', work)]);
  await turn();
  const failure = new Error('of the disk');
  runs[0]!.fail(failure);
  expect(await all).toEqual([
    { status: 'rejected', reason: failure },
    { status: 'rejected', reason: failure },
  ]);
  const again = flights.run('a', work);
  await turn();
  runs[1]!.end(1);
  expect(await again).toBe(1);
});

test('who aborts leaves alone; the work ends when the last has left, and the next waits for that', async () => {
  const { runs, work, flights } = opened();
  const [first, second] = [new AbortController(), new AbortController()];
  const a = flights.run('a', work, first.signal);
  const b = flights.run('a', work, second.signal);
  await turn();
  first.abort('first left');
  await expect(a).rejects.toBe('first left');
  expect(runs[0]!.signal.aborted).toBe(false);
  second.abort('second left');
  await expect(b).rejects.toBe('second left');
  expect(runs[0]!.signal.aborted).toBe(true);
  const c = flights.run('a', work);
  await turn();
  runs[1]!.end(3);
  expect(await c).toBe(3);
});
