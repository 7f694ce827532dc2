/** A few scenarios of many callers, whose answers are those that each has alone; `stress.full` has many, with lost devices. */
import { expect, test } from 'vitest';
import { useIndexedDb } from '../support/fake-indexeddb';
import { inFullRun } from '../support/full-run';
import { runScenario } from '../support/stress/run-scenario';
import { drawScenario } from '../support/stress/scenario';

test.each([1, 5, ...inFullRun(2, 3)])('scenario %i', async (seed) => {
  useIndexedDb();
  const { problems, numCompared } = await runScenario(drawScenario(seed, { losses: 0, disposal: 0 }));
  expect(problems).toEqual([]);
  expect(numCompared).toBeGreaterThan(0);
});
