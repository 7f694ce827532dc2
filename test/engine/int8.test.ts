/** Pages of 8 bits through the whole engine: as the CPU has them, the same wherever they come from, as many bytes as planned. */
import { afterAll, describe, expect, test } from 'vitest';
import type { EngineCore } from '../../src/engine/engine';
import type { KvOptions } from '../../src/runner/memory-plan';
import { parseModelConfig } from '../support/parse-config';
import { ReferenceTransformer, type ReferenceStorage } from '../../src/reference/transformer';
import { bufferCategories } from '../../src/gpu/buffer';
import { checkIntegrity } from '../../tools/util/check-integrity';
import { answer, loadEngine, requestOf, type Answer } from '../support/engine';
import { logSoftmax } from '../support/logprobs';
import { goldenPrompt, modelConfigJson, modelTensors, tinyLlamaModel } from '../../tools/tiny-models/models';

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
    checkIntegrity(engine.runner.cache);
    await engine.dispose();
    expect(engine.device.buffers.use.total).toBe(0);
  }
});

async function run(engine: EngineCore, promptLength: number, maxTokens: number): Promise<Answer> {
  const prompt = goldenPrompt(vocabSize, promptLength);
  return answer(engine, requestOf(prompt, { maxTokens, ignoreEos: true, logprobs: 3 }));
}

/** Differences of an answer's log-probabilities from those that the CPU transformer gives for the same tokens. */
function differences(answered: Answer, promptLength: number, kv: ReferenceStorage['kv']): number[] {
  const config = parseModelConfig(modelConfigJson(model));
  const sequence = new ReferenceTransformer(config, modelTensors(model), { weights: 'f32', kv }).start();
  let input: readonly number[] = goldenPrompt(vocabSize, promptLength);
  return answered.logprobs.flatMap(({ top }, step) => {
    const expected = logSoftmax(sequence.extendToLast(input));
    input = [answered.tokenIds[step]!];
    return top.map(({ id, logprob }) => Math.abs(logprob - expected[id]!));
  });
}

const dense: KvOptions = { pagesPerHead: 32, unstableShare: 1 };
const sparse: KvOptions = { pagesPerHead: 4, unstableShare: 0.5, rerankInterval: 8 };

describe.each<[string, KvOptions, ReferenceStorage['kv']]>([
  ['on the GPU', { format: 'int8' }, 'int8'],
  ['on the host alone', { hostFormat: 'int8' }, 'int8 on the host'],
])('8 bits %s', (_where, formats, kv) => {
  test.each([15, 17, 200])('%i tokens: as the CPU transformer on rounded pages', async (length) => {
    const actual = await run(await load({ ...dense, ...formats }), length, 40);
    const rounded = differences(actual, length, kv);
    const plain = differences(actual, length, 'f16');
    const mean = (numbers: number[]) => numbers.reduce((a, b) => a + b, 0) / numbers.length;
    // A key that lies between two codes may get either: now and then one does.
    expect(Math.max(...rounded)).toBeLessThan(0.1);
    expect(mean(rounded)).toBeLessThan(0.5 * mean(plain));
    expect(Math.max(...plain)).toBeLessThan(0.2);
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
