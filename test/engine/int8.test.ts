/** Pages of 8 bits through the whole engine: close to pages of elements, the same wherever they come from, as many bytes as planned. */
import { afterAll, describe, expect, test } from 'vitest';
import type { EngineCore } from '../../src/engine/engine';
import type { KvOptions } from '../../src/engine/memory-plan';
import { bufferCategories } from '../../src/gpu/buffer';
import { answer, loadEngine, requestOf, type Answer } from '../support/engine';
import { goldenPrompt, tinyLlamaModel } from '../support/models';

const model = tinyLlamaModel();
const vocabSize = 304;
const engines = new Map<string, Promise<EngineCore>>();

/** One engine for each set of options, all of them loaded once. */
function load(kv: KvOptions): Promise<EngineCore> {
  const key = JSON.stringify(kv);
  const engine =
    engines.get(key) ??
    loadEngine(model, { weights: 'f32', kv: { contextTokens: 512, numSequences: 2, ...kv } });
  engines.set(key, engine);
  return engine;
}

afterAll(async () => {
  for (const loading of engines.values()) {
    const engine = await loading;
    engine.runner.cache.checkIntegrity();
    await engine.dispose();
    expect(engine.device.buffers.use.total).toBe(0);
  }
});

async function run(engine: EngineCore, promptLength: number, maxTokens: number): Promise<Answer> {
  const prompt = goldenPrompt(vocabSize, promptLength);
  return answer(engine, requestOf(prompt, { maxTokens, ignoreEos: true, logprobs: 3 }));
}

/** Differences of the log-probabilities of the tokens that both answers begin with. */
function differences(a: Answer, b: Answer): number[] {
  const length = a.tokenIds.findIndex((id, i) => id !== b.tokenIds[i]);
  return a.logprobs
    .slice(0, length < 0 ? a.logprobs.length : length)
    .map(({ logprob }, i) => Math.abs(logprob - b.logprobs[i]!.logprob));
}

const dense: KvOptions = { pagesPerHead: 32, unstableShare: 1 };
const sparse: KvOptions = { pagesPerHead: 4, unstableShare: 0.5, rerankInterval: 8 };

describe.each<[string, KvOptions]>([
  ['on the GPU', { format: 'int8' }],
  ['on the host alone', { hostFormat: 'int8' }],
])('8 bits %s', (_where, formats) => {
  test.each([15, 16, 17, 200])('%i tokens: close to f16, and not the same', async (length) => {
    const wanted = await run(await load(dense), length, 40);
    const actual = await run(await load({ ...dense, ...formats }), length, 40);
    const far = differences(actual, wanted);
    expect(far.length).toBeGreaterThan(8);
    expect(Math.max(...far)).toBeLessThan(0.05);
    expect(Math.max(...far)).toBeGreaterThan(0);
  });

  test.each([16, 17, 200])('%i tokens: a budget of all pages equals exact attention', async (length) => {
    const wanted = await run(await load({ ...dense, ...formats }), length, 40);
    const engine = await load({ ...dense, ...formats, pagesPerHead: 31, unstableShare: 0.5 });
    expect((await run(engine, length, 40)).logprobs).toEqual(wanted.logprobs);
  });

  test('reranks, reloads and reuses: the same answer again, alone and in a batch', async () => {
    const engine = await load({ ...sparse, ...formats });
    const first = await run(engine, 330, 60);
    const { promotions } = engine.stats().kv;
    expect(promotions).toBeGreaterThan(0);
    const second = await run(engine, 330, 60);
    expect(second.end.numCachedTokens).toBe(320);
    expect(second.logprobs).toEqual(first.logprobs);
    const other = await run(engine, 209, 40);
    const both = await Promise.all([run(engine, 330, 60), run(engine, 209, 40)]);
    expect(both[0].logprobs).toEqual(first.logprobs);
    expect(both[1].logprobs).toEqual(other.logprobs);
  });

  test('live bytes are the plan', async () => {
    const { device, runner } = await load({ ...sparse, ...formats });
    const { live } = device.buffers.use;
    for (const category of bufferCategories.filter((name) => name !== 'sampler')) {
      const planned = runner.plan.gpuBytes[category];
      expect(Math.abs(live[category] - planned), category).toBeLessThanOrEqual(0.02 * planned);
    }
  });
});
