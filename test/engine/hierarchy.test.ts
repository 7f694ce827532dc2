/** The KV hierarchy through the whole engine: sets, reranks, reloads; the contracts that hold whatever is selected. */
import { afterEach, describe, expect, test } from 'vitest';
import type { EngineCore } from '../../src/engine/engine';
import type { KvOptions } from '../../src/engine/memory-plan';
import { answer, loadEngine, requestOf, type Answer } from '../support/engine';
import { goldenPrompt, tinyLlamaModel } from '../support/models';

const model = tinyLlamaModel();
const vocabSize = 304;
const engines: EngineCore[] = [];

async function load(kv: KvOptions): Promise<EngineCore> {
  const engine = await loadEngine(model, {
    weights: 'f32',
    kv: { contextTokens: 1024, numSequences: 2, ...kv },
  });
  engines.push(engine);
  return engine;
}

afterEach(async () => {
  for (const engine of engines.splice(0)) {
    engine.runner.cache.checkIntegrity();
    await engine.dispose();
    expect(engine.device.buffers.use.total).toBe(0);
  }
});

const dense: KvOptions = { pagesPerHead: 64, unstableShare: 1 };

function run(engine: EngineCore, promptLength: number, maxTokens: number): Promise<Answer> {
  const prompt = goldenPrompt(vocabSize, promptLength);
  return answer(engine, requestOf(prompt, { maxTokens, ignoreEos: true, logprobs: 3 }));
}

describe('a budget that holds all pages', () => {
  test.each([15, 16, 17, 200, 330])('%i tokens: equal to exact attention, to the bit', async (length) => {
    const wanted = await run(await load(dense), length, 40);
    const engine = await load({ pagesPerHead: 32, unstableShare: 0.5, rerankInterval: 4 });
    const { tokenIds, logprobs } = await run(engine, length, 40);
    expect(tokenIds).toEqual(wanted.tokenIds);
    expect(logprobs).toEqual(wanted.logprobs);
    expect(engine.stats().kv.reranks).toBe(0);
  });
});

describe('a budget of 4 pages', () => {
  const sparse: KvOptions = { pagesPerHead: 4, unstableShare: 0.5, rerankInterval: 8 };

  test('answers, reranks and brings pages back; the same again on a fresh engine', async () => {
    const engine = await load(sparse);
    const first = await run(engine, 330, 100);
    expect(first.tokenIds.length).toBe(100);
    const { reranks, promotions } = engine.stats().kv;
    expect(reranks).toBeGreaterThan(8);
    expect(promotions).toBeGreaterThan(0);
    const second = await run(await load(sparse), 330, 100);
    expect(second.logprobs).toEqual(first.logprobs);
  });

  test('a second answer on the same prompt equals the first', async () => {
    const engine = await load(sparse);
    const first = await run(engine, 330, 60);
    const second = await run(engine, 330, 60);
    expect(second.end.numCachedTokens).toBe(320);
    expect(second.logprobs).toEqual(first.logprobs);
  });

  test('two sequences side by side give what each gives alone', async () => {
    const one = await run(await load(sparse), 330, 50);
    const other = await run(await load(sparse), 209, 50);
    const engine = await load(sparse);
    const both = await Promise.all([run(engine, 330, 50), run(engine, 209, 50)]);
    expect(both[0].logprobs).toEqual(one.logprobs);
    expect(both[1].logprobs).toEqual(other.logprobs);
  });

  test('small tiles change nothing', async () => {
    const wanted = await run(await load({ ...sparse, contextTokens: 512 }), 500, 10);
    const engine = await load({ ...sparse, contextTokens: 1024 });
    expect(engine.plan().activations.tileTokens).toBe(1024);
    const { logprobs } = await run(engine, 500, 10);
    expect(logprobs).toEqual(wanted.logprobs);
  });
});
