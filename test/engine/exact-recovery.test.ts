/** After a lost device answers go on as they would have, to the bit, at budgets at which heads select. */
import { afterEach, expect, test } from 'vitest';
import type { EngineCore } from '../../src/engine/engine';
import type { KvOptions } from '../../src/runner/memory-plan';
import { checkIntegrity } from '../../tools/util/check-integrity';
import { loadEngine } from '../support/engine';
import { inFullRun } from '../support/full-run';
import { gpu } from '../support/gpu-setup';
import { converse, type Loss } from '../support/losses';
import { tinyLlamaModel } from '../../tools/tiny-models/models';

const model = tinyLlamaModel();
const kv: KvOptions = {
  contextTokens: 512,
  numSequences: 3,
  pagesPerHead: 4,
  unstableShare: 0.25,
  rerankInterval: 8,
  // A profile that was measured meanwhile would change the next answer.
  measureStability: false,
};
let engine: EngineCore | undefined;

afterEach(async () => {
  checkIntegrity(engine!.runner.cache);
  await engine!.dispose();
});

test.each<[string, KvOptions]>([
  ['overlap', {}],
  ...inFullRun<[string, KvOptions]>([
    'pause, staggered, sparse follow-ups, 8 bits',
    { reload: 'pause', rerankStagger: true, followUp: 'sparse', format: 'int8' },
  ]),
])('%s: between a rerank and its flip, in a follow-up, with another answer beside', async (_, options) => {
  engine = await loadEngine(model, { gpu, weights: 'f32', kv: { ...kv, ...options } });
  const conversations = [
    [
      { numPrompt: 90, numAnswer: 12 },
      { numPrompt: 8, numAnswer: 18 },
    ],
    [{ numPrompt: 75, numAnswer: 24 }],
  ];
  const wanted = await converse(engine, conversations);
  expect(engine.stats().kv.reranks).toBeGreaterThan(2);
  // The rerank of step 8 flips at step 12, or at step 9 in a pause.
  const losses: Loss[] = [{ conversation: 0, turn: 1, numTokens: 10 }];
  expect(await converse(engine, conversations, losses)).toEqual(wanted);
  expect(engine.stats().recoveries).toBe(1);
});
