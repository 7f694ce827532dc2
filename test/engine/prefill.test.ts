/** Prefill gives the same bits however the prompt is cut into slices, chunks, segments and tiles. */
import { afterEach, expect, test, vi } from 'vitest';
import type { EngineCore } from '../../src/engine/engine';
import type { EngineOptions } from '../../src/engine/engine-options';
import type { KvOptions } from '../../src/runner/memory-plan';
import { numOffloadSlots } from '../../src/offload/offloader';
import { checkIntegrity } from '../../tools/util/check-integrity';
import { useClock } from '../support/clock';
import { answer, leastGpuBytes, loadEngine, promptOf, requestOf } from '../support/engine';
import { architectureSpecs } from '../../tools/tiny-models/model-configs';
import {
  architectureModel,
  makeModel,
  tinyLlamaModel,
  type ModelFolder,
} from '../../tools/tiny-models/models';

afterEach(() => vi.restoreAllMocks());

const contextTokens = 512;

/** Tokens and log-probabilities of prompts, each on an empty cache, and how many slices they took. */
async function run(engine: EngineCore, lengths: readonly number[]) {
  const { runner } = engine;
  const submitSlice = vi.spyOn(runner, 'submitSlice');
  const results: unknown[] = [];
  for (const [i, length] of lengths.entries()) {
    const request = requestOf(promptOf(length, 60 + i), { maxTokens: 2, logprobs: 20, ignoreEos: true });
    const { tokenIds, logprobs, end } = await answer(engine, request);
    expect(end.numCachedTokens).toBe(0);
    results.push({ tokenIds, logprobs });
  }
  checkIntegrity(runner.cache);
  const numSlices = submitSlice.mock.calls.length;
  submitSlice.mockRestore();
  return { results, numSlices };
}

async function withEngine<T>(
  model: ModelFolder,
  tileTokens: 256 | 512,
  use: (engine: EngineCore) => Promise<T>,
  options: KvOptions = {},
): Promise<T> {
  const kv = { contextTokens, numSequences: 1, ...options };
  const gpuBytes = tileTokens === 256 ? { gpuBytes: leastGpuBytes(model, kv) } : {};
  const engine = await loadEngine(model, { kv: { ...kv, ...gpuBytes } });
  try {
    expect(engine.runner.plan.activations.tileTokens).toBe(tileTokens);
    return await use(engine);
  } finally {
    vi.restoreAllMocks();
    await engine.dispose();
  }
}

/** Large pieces, then small ones. */
async function expectSame(engine: EngineCore, lengths: readonly number[]) {
  await useClock(engine, 'fast');
  const large = await run(engine, lengths);
  vi.restoreAllMocks();
  await useClock(engine, 'slow');
  const small = await run(engine, lengths);
  expect(small.results).toEqual(large.results);
  expect(small.numSlices).toBeGreaterThan(10 * large.numSlices);
  return large.results;
}

test('slices, chunks and segments of all sizes, one tile and two', async () => {
  const lengths = [17, 290];
  const oneTile = await withEngine(tinyLlamaModel(), 512, async (engine) => {
    await useClock(engine, 'fast');
    return (await run(engine, lengths)).results;
  });
  const twoTiles = await withEngine(tinyLlamaModel(), 256, (engine) => expectSame(engine, lengths));
  expect(twoTiles).toEqual(oneTile);
});

test('a sliding window that begins in an earlier tile', () =>
  withEngine(architectureModel('mistral-window'), 256, (engine) => expectSame(engine, [290])));

// On a fast GPU one slice has more copies to the host than there are buffers for them: it waits in its middle.
test('more layers in one slice than buffers on the way to the host', () => {
  const spec = architectureSpecs.find(({ name }) => name === 'llama')!;
  const deep = makeModel({ ...spec, config: { ...spec.config, num_hidden_layers: 2 * numOffloadSlots } });
  // Heads that keep few pages have the others on the host.
  return withEngine(deep, 256, (engine) => expectSame(engine, [290]), { pagesPerHead: 4 });
});

test('prompts in 8 bits answer almost as in floats, and say that they are', async () => {
  const load = (options: Partial<EngineOptions>) =>
    loadEngine(tinyLlamaModel(), { weights: 'q4', kv: { contextTokens, numSequences: 1 }, ...options });
  const warnings: string[] = [];
  const onWarning = (message: string) => warnings.push(message);
  const engines = {
    float: await load({}),
    int8: await load({ compute: 'int8' }),
    refused: await load({ compute: 'int8', disabledFeatures: ['packed-dot'], onWarning }),
  };
  const request = requestOf(promptOf(70, 9), { maxTokens: 1, logprobs: 20, ignoreEos: true });
  const topOf = async (engine: EngineCore) => {
    const { logprobs } = await answer(engine, request);
    return new Map(logprobs[0]!.top.map(({ id, logprob }) => [id, logprob]));
  };
  const [float, int8, refused] = await Promise.all(Object.values(engines).map(topOf));
  expect(Object.values(engines).map((engine) => engine.stats().compute)).toEqual(['float', 'int8', 'float']);
  expect(warnings.filter((message) => message.includes('packed bytes'))).toHaveLength(1);
  expect(refused).toEqual(float);
  expect(int8).not.toEqual(float);
  const shared = [...int8!].flatMap(([id, logprob]) => (float!.has(id) ? [logprob - float!.get(id)!] : []));
  expect(shared.length).toBeGreaterThan(15);
  // The model's weights are random: the top 20 span 3, and 4 bits instead of 8 move them by 0.7.
  expect(Math.hypot(...shared) / Math.sqrt(shared.length)).toBeLessThan(0.2);
  for (const engine of Object.values(engines)) await engine.dispose();
});
