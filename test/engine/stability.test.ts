/** Measuring how stable heads are: what it sees, and that it changes nothing. */
import { afterAll, expect, test } from 'vitest';
import type { EngineCore } from '../../src/engine/engine';
import type { KvOptions } from '../../src/engine/memory-plan';
import { parseHeadProfile } from '../../src/select/head-profile';
import { answer, loadEngine, requestOf } from '../support/engine';
import { goldenPrompt, tinyLlamaModel } from '../support/models';

const engines: EngineCore[] = [];

async function run(kv: KvOptions) {
  const engine = await loadEngine(tinyLlamaModel(), {
    weights: 'f32',
    kv: {
      contextTokens: 512,
      numSequences: 2,
      pagesPerHead: 4,
      unstableShare: 0.5,
      rerankInterval: 8,
      ...kv,
    },
  });
  engines.push(engine);
  const request = requestOf(goldenPrompt(304, 200), { maxTokens: 60, ignoreEos: true, logprobs: 1 });
  return { engine, ...(await answer(engine, request)) };
}

afterAll(async () => {
  for (const engine of engines) await engine.dispose();
});

test('measuring changes no token and no log-probability', async () => {
  const plain = await run({ measureStability: false });
  expect(await plain.engine.headProfile()).toBeUndefined();
  const measured = await run({ measureStability: 'every-step' });
  expect(measured.logprobs).toEqual(plain.logprobs);
  const profile = parseHeadProfile(await measured.engine.headProfile(), 3, 2);
  // 59 decode steps.
  expect([profile.stability.length, profile.window, profile.pagesPerHead]).toEqual([7, 8, 4]);
  expect(profile.meanStability.some((ts) => ts > 0 && ts < 1)).toBe(true);
  expect(profile.overlapByOffset.slice(0, 58).every((overlap) => overlap !== null)).toBe(true);
  expect(profile.overlapByOffset.slice(58).every((overlap) => overlap === null)).toBe(true);
});
