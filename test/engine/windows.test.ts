/** Layers with a sliding window keep no more than it on the GPU, and every prompt is answered as on a new engine, to the bit. */
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { ringPagesOf } from '../../src/cache/cache-layout';
import { parseModelConfig } from '../support/parse-config';
import type { EngineCore } from '../../src/engine/engine';
import { ReferenceTransformer } from '../../src/reference/transformer';
import { checkIntegrity } from '../../tools/util/check-integrity';
import { answer, loadEngine, promptOf, requestOf, type Answer } from '../support/engine';
import { useIndexedDb } from '../support/fake-indexeddb';
import { gpu } from '../support/gpu-setup';
import { logSoftmax } from '../support/logprobs';
import { architectureModel, modelConfigJson, modelTensors } from '../../tools/tiny-models/models';

useIndexedDb();

const essence = ({ tokenIds, logprobs }: Answer) => ({ tokenIds, logprobs });
const run = (engine: EngineCore, prompt: readonly number[], maxTokens = 20): Promise<Answer> =>
  answer(engine, requestOf(prompt, { maxTokens, logprobs: 2, ignoreEos: true }));

/** Gives away both sequences. */
async function forget(engine: EngineCore): Promise<void> {
  await Promise.all([1, 2].map((seed) => run(engine, promptOf(1, 990 + seed), 1)));
}

async function fresh(engine: EngineCore, prompt: readonly number[], maxTokens?: number) {
  await forget(engine);
  const result = await run(engine, prompt, maxTokens);
  expect(result.end.numCachedTokens).toBe(0);
  return essence(result);
}

afterEach(() => vi.restoreAllMocks());

const prefix = promptOf(330, 10);
const prompt = [...prefix, ...promptOf(9, 11)];

describe.each([
  // 2 layers of 2 KV heads.
  { title: 'all layers', name: 'mistral-window', window: 50, numRinged: 2, format: 'f32', tolerance: 2e-3 },
  // The second of two layers; the heads of the first are stable, and have room for all pages.
  {
    title: 'a layer beside one that selects',
    name: 'qwen2-window',
    window: 33,
    numRinged: 1,
    format: 'int8',
    tolerance: 0.1,
  },
] as const)('$title, $format', ({ name, window, numRinged, format, tolerance }) => {
  let engine: EngineCore;
  beforeAll(async () => {
    engine = await loadEngine(architectureModel(name), {
      gpu,
      weights: 'f32',
      kv: {
        format,
        contextTokens: 1024,
        numSequences: 2,
        pagesPerHead: 32,
        unstableShare: 0,
        rerankInterval: 8,
      },
    });
  });
  afterAll(async () => {
    checkIntegrity(engine.runner.cache);
    await engine.dispose();
    expect(engine.device.buffers.use.total).toBe(0);
  });

  test('on the GPU are the pages of the window and three more, however long the prompt is', async () => {
    const { cache } = engine.runner;
    const slots = Math.ceil((window - 1) / 16) + 3;
    const ringed = cache.layers.filter((_, layer) => ringPagesOf(cache.shape, layer) > 0);
    expect(ringed.length).toBe(numRinged);
    for (const { pool, numKvHeads } of ringed.flat()) {
      expect(pool.sizeBytes).toBe(2 * slots * numKvHeads * cache.layout.pageBytes);
    }
    const { use } = engine.device.buffers;
    const { gpuBytes } = engine.runner.plan;
    expect([use.live.kv, use.live.summaries]).toEqual([gpuBytes.kv, gpuBytes.summaries]);
    await fresh(engine, prompt);
    const numPages = cache.numResident(0) + cache.numResident(1);
    if (numRinged < cache.layers.length) return;
    const numHeads = numRinged * cache.shape.numKvHeads;
    // One sequence has this prompt, cut to whole pages, the other a token.
    expect(numPages).toBeGreaterThanOrEqual(numHeads * (slots - 2));
    expect(numPages).toBeLessThanOrEqual(numHeads * slots);
  });

  test('as the CPU transformer, which looks no further back than the window either', async () => {
    const { tokenIds, logprobs } = await fresh(engine, prompt);
    const model = architectureModel(name);
    const config = parseModelConfig(modelConfigJson(model));
    const sequence = new ReferenceTransformer(config, modelTensors(model), {
      weights: 'f32',
      kv: format,
    }).start();
    let input: readonly number[] = prompt;
    for (const [step, { top }] of logprobs.entries()) {
      const expected = logSoftmax(sequence.extendToLast(input));
      input = [tokenIds[step]!];
      for (const { id, logprob } of top) expect(Math.abs(logprob - expected[id]!)).toBeLessThan(tolerance);
    }
  });

  test('what follows an answer, branches off before its window, or shares its prefix', async () => {
    const longer = [...prompt, ...promptOf(40, 12)];
    const branch = [...prefix.slice(0, 200), ...promptOf(17, 13)];
    const short = [...prefix.slice(0, 130), ...promptOf(9, 14)];
    const wanted = [];
    for (const each of [prompt, longer, branch, short]) wanted.push(await fresh(engine, each));

    await fresh(engine, prompt);
    const reads = vi.spyOn(engine.runner.hostStore, 'read');
    const follow = await run(engine, longer);
    // The first layer's stable heads have their earlier pages from there, rings nothing.
    if (numRinged === 2) expect(reads).not.toHaveBeenCalled();
    const branched = await run(engine, branch);
    expect(reads).toHaveBeenCalled();
    expect([follow, branched].map(({ end }) => end.numCachedTokens)).toEqual([336, 192]);
    expect([follow, branched].map(essence)).toEqual([wanted[1], wanted[2]]);

    await fresh(engine, prompt);
    // The second begins with pages of the first, which runs.
    const both = await Promise.all([run(engine, prompt), run(engine, short)]);
    expect(both.map(({ end }) => end.numCachedTokens)).toEqual([336, 128]);
    expect(both.map(essence)).toEqual([wanted[0], wanted[3]]);
  });

  test('a prompt that was aborted in its middle', async () => {
    const wanted = await fresh(engine, prompt);
    await forget(engine);
    const controller = new AbortController();
    const submit = engine.runner.submitSlice.bind(engine.runner);
    vi.spyOn(engine.runner, 'submitSlice').mockImplementationOnce((sequence) => {
      queueMicrotask(() => controller.abort(new Error('enough')));
      return submit(sequence);
    });
    const aborted = answer(engine, requestOf([...prompt, ...promptOf(300, 15)]), controller.signal);
    await expect(aborted).rejects.toThrow('enough');
    expect(essence(await run(engine, prompt))).toEqual(wanted);
  });

  test('a kept document that was pushed out of the cache', async () => {
    const documents = await engine.documents();
    const text = Array.from({ length: 14 }, (_, i) => `The ${i}th whale of the voyage was white.\n`).join('');
    const ask = (document: { id: string } | { text: string }) =>
      answer(
        engine,
        requestOf(
          { kind: 'chat', messages: [{ role: 'user', content: 'How many?' }], document },
          { maxTokens: 12, logprobs: 2, ignoreEos: true },
        ),
      );
    await forget(engine);
    const wanted = essence(await ask({ text }));
    await forget(engine);
    const { numTokens } = await documents.add('whales', text);
    expect(numTokens).toBeGreaterThan(300);
    await forget(engine);
    const opened = await ask({ id: 'whales' });
    expect(opened.end.numCachedTokens).toBe(numTokens - (numTokens % 16));
    expect(essence(opened)).toEqual(wanted);
  });

  // Once is enough.
  if (numRinged === 1) return;
  test('a device that is lost in the middle of an answer, and while idle', async () => {
    const wanted = await fresh(engine, prompt, 40);
    const tokenIds: number[] = [];
    await forget(engine);
    const request = requestOf(prompt, { maxTokens: 40, logprobs: 2, ignoreEos: true });
    for await (const event of engine.generate(request)) {
      if (event.kind !== 'delta') continue;
      tokenIds.push(...event.tokenIds);
      if (tokenIds.length === 23) engine.device.handle.destroy();
    }
    expect(tokenIds).toEqual(wanted.tokenIds);
    engine.device.handle.destroy();
    const again = await run(engine, prompt, 40);
    expect(again.end.numCachedTokens).toBe(336);
    expect(essence(again)).toEqual(wanted);
    expect(engine.stats().recoveries).toBe(2);
  });
});
