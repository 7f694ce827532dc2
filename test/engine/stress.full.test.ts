/**
 * Many scenarios of many callers near the engine's floors: answers, documents, aborts, lost devices, a host that is late, full or
 * forgetful, and a dispose in the middle of it. What goes wrong has a seed; most faults show in some runs of it only.
 */
import { expect, test } from 'vitest';
import { useIndexedDb } from '../support/fake-indexeddb';
import { runScenario } from '../support/stress/run-scenario';
import { drawScenario } from '../support/stress/scenario';

const seeds = (first: number, count: number) => Array.from({ length: count }, (_, i) => first + i);

test.each(seeds(100, 60))('scenario %i', async (seed) => {
  useIndexedDb();
  expect((await runScenario(drawScenario(seed))).problems).toEqual([]);
});

test.each(seeds(200, 20))('scenario %i, a device lost, a faulty host', async (seed) => {
  useIndexedDb();
  expect((await runScenario(drawScenario(seed, { losses: 1, faults: 1 }))).problems).toEqual([]);
});

test.each(seeds(300, 10))('scenario %i beside another engine', async (seed) => {
  useIndexedDb();
  const chances = { losses: 0, disposal: 0, documents: 0, globals: 0 };
  const outcomes = await Promise.all(
    [seed, seed + 1000].map((each) => runScenario(drawScenario(each, chances))),
  );
  for (const { problems } of outcomes) expect(problems).toEqual([]);
});
