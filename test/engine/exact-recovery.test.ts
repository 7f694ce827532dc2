/** After a lost device answers go on as they would have, to the bit, at budgets at which heads select. */
import { afterEach, expect, test } from 'vitest';
import type { EngineCore } from '../../src/engine/engine';
import type { KvOptions } from '../../src/runner/memory-plan';
import { checkIntegrity } from '../support/check-integrity';
import { loadEngine } from '../support/engine';
import { gpu } from '../support/gpu-setup';
import { converse, type Loss } from '../support/losses';
import { tinyLlamaModel } from '../support/models';

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
  ['pause, staggered, 8 bits', { reload: 'pause', rerankStagger: true, format: 'int8' }],
  ['sparse follow-ups, 8 bits on the host', { followUp: 'sparse', hostFormat: 'int8' }],
])(
  '%s: between reranks, between a rerank and its flip, in follow-ups, with others beside',
  async (_, options) => {
    engine = await loadEngine(model, { gpu, weights: 'f32', kv: { ...kv, ...options } });
    const conversations = [
      [
        { numPrompt: 150, numAnswer: 27 },
        { numPrompt: 20, numAnswer: 22 },
      ],
      [{ numPrompt: 90, numAnswer: 40 }],
    ];
    const wanted = await converse(engine, conversations);
    const again = await converse(engine, conversations);
    expect(again, 'it is reproducible without a loss').toEqual(wanted);
    const losses: Loss[] = [
      { conversation: 0, turn: 0, numTokens: 10 },
      { conversation: 0, turn: 1, numTokens: 18 },
    ];
    expect(await converse(engine, conversations, losses)).toEqual(wanted);
    expect(engine.stats().recoveries).toBe(2);
  },
);
