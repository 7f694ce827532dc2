/** Bytes on the GPU: as planned, constant while requests run, none after dispose or a failed load; and what a token costs. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { KvCache } from '../../src/cache/kv-cache';
import type { EngineOptions } from '../../src/engine/engine-options';
import { Device } from '../../src/gpu/device';
import { bufferCategories } from '../../src/gpu/buffer';
import { KernelCompiler, type KernelSpec } from '../../src/gpu/kernel';
import { samplerBytes } from '../../src/sampler/sampler';
import { answer, leastGpuBytes, loadEngine, promptOf, requestOf } from '../support/engine';
import { architectureModel, tinyLlamaModel, type ModelFolder } from '../../tools/tiny-models/models';

afterEach(() => vi.restoreAllMocks());

const tinyLlama = tinyLlamaModel();

test.each<[string, ModelFolder, Omit<EngineOptions, 'gpu'>]>([
  [
    'tiny-llama, q4, f32 pages, least memory',
    tinyLlama,
    {
      weights: 'q4',
      kv: {
        format: 'f32',
        contextTokens: 300,
        gpuBytes: leastGpuBytes(tinyLlama, { format: 'f32', contextTokens: 300 }),
      },
    },
  ],
  ['qwen3, own head, q and k norms', architectureModel('qwen3'), { kv: { numSequences: 2 } }],
])(
  '%s: live bytes are the plan, by category, before, during and after requests',
  async (_, model, options) => {
    const warmUp = vi.spyOn(KernelCompiler.prototype, 'warmUp');
    const compile = vi.spyOn(KernelCompiler.prototype, 'compile');
    const engine = await loadEngine(model, options);
    // What was compiled ahead was asked for again: nothing that this model does not use.
    const keyOf = (spec: KernelSpec, constants = {}) =>
      spec.name + JSON.stringify({ ...spec.constants, ...constants });
    const asked = compile.mock.calls.map(([spec, constants]) => keyOf(spec, constants));
    const ahead = Array.from(warmUp.mock.calls[0]![0], ([spec, constants]) => keyOf(spec, constants));
    for (const key of new Set(ahead)) {
      const numAhead = ahead.filter((other) => other === key).length;
      expect(asked.filter((other) => other === key).length, key).toBeGreaterThan(numAhead);
    }
    const { device, runner, config } = engine;
    const { plan } = runner;
    const { numSequences } = plan.cache;
    const { history } = samplerBytes({
      vocabSize: config.vocabSize,
      numSequences,
      maxRows: plan.activations.maxRows,
    });
    const expectPlanned = (laterBytes: number) => {
      const { live, total } = device.buffers.use;
      for (const category of bufferCategories) {
        const planned = plan.gpuBytes[category] - (category === 'sampler' ? laterBytes : 0);
        expect(Math.abs(live[category] - planned), category).toBeLessThanOrEqual(0.02 * planned);
        expect(live[category], category).toBeLessThanOrEqual(Math.ceil(1.001 * planned) + 64);
      }
      expect(Math.abs(total + laterBytes - plan.totalGpuBytes)).toBeLessThanOrEqual(
        0.02 * plan.totalGpuBytes,
      );
    };
    expectPlanned(history);
    expect(engine.plan().gpuBytes).toEqual(plan.gpuBytes);
    device.buffers.resetPeak();
    await answer(engine, requestOf(promptOf(280, 1, config.vocabSize), { maxTokens: 3, ignoreEos: true }));
    expectPlanned(history);
    await answer(engine, requestOf([5, 6], { maxTokens: 2, sampling: { repetitionPenalty: 1.2 } }));
    expectPlanned(0);
    expect(engine.stats().memory.peakTotal).toBe(device.buffers.use.total);
    await engine.dispose();
    expect(device.buffers.use.total).toBe(0);
    expect(Object.values(device.buffers.use.live).every((bytes) => bytes === 0)).toBe(true);
    await engine.dispose();
    await expect(answer(engine, requestOf([5]))).rejects.toMatchObject({ code: 'disposed' });
  },
);

test('a decode step is one submit, one read-back, nothing created, 7 dispatches a layer and 4; dispose in mid-answer', async () => {
  const phases = new Set<string>();
  const onProgress = ({ phase }: { readonly phase: string }) => void phases.add(phase);
  const engine = await loadEngine(tinyLlama, { kv: { contextTokens: 64 }, onProgress });
  expect([...phases]).toEqual(['weights', 'self-test', 'kernels', 'ready']);
  const { device, runner, config } = engine;
  const run = (seed: number, maxTokens: number) =>
    answer(engine, requestOf(promptOf(3, seed), { maxTokens, ignoreEos: true, logprobs: 1 }));
  // A batch size is compiled when it comes for the first time.
  await Promise.all([run(1, 16), run(2, 16), run(3, 16)]);
  const before = runner.counts;
  const createBindGroup = vi.spyOn(device.handle, 'createBindGroup');
  const createPipeline = vi.spyOn(device.handle, 'createComputePipelineAsync');
  await run(4, 40);
  await Promise.all([run(5, 20), run(6, 20), run(7, 20)]);
  expect([createBindGroup.mock.calls.length, createPipeline.mock.calls.length]).toEqual([0, 0]);
  const { steps, dispatches, submits, readbacks, buffers } = runner.counts;
  const numSteps = steps - before.steps;
  expect(numSteps).toBeGreaterThanOrEqual(39 + 19);
  expect(submits - before.submits).toBe(numSteps);
  expect(readbacks - before.readbacks).toBe(numSteps);
  expect(buffers).toBe(0);
  // Table changes, one dispatch for each new page, are among them.
  expect((dispatches - before.dispatches) / numSteps).toBeLessThanOrEqual(7 * config.numLayers + 4);
  const perToken = engine.stats().gpu;
  expect(perToken).toMatchObject({ submitsPerToken: 1, readbacksPerToken: 1, buffersPerToken: 0 });
  expect(perToken.dispatchesPerToken).toBeCloseTo(dispatches / steps, 6);

  // Disposed in mid-answer: readers learn it, nothing stays.
  const errors: unknown[] = [];
  const disposing: Promise<void>[] = [];
  const read = async (seed: number) => {
    try {
      for await (const event of engine.generate(requestOf(promptOf(5, seed), { ignoreEos: true }))) {
        if (event.kind === 'delta' && seed === 1) disposing.push(engine.dispose());
      }
    } catch (error) {
      errors.push(error);
    }
  };
  await Promise.all([1, 2, 3, 4, 5, 6].map(read));
  expect(errors.length).toBe(6);
  for (const error of errors) expect(error).toMatchObject({ name: 'EngineError', code: 'disposed' });
  expect(disposing.length).toBeGreaterThan(0);
  await Promise.all([...disposing, engine.dispose()]);
  expect(device.buffers.use.total).toBe(0);
});

describe('a load that fails leaves nothing', () => {
  /** The error of a load, and the device that it had, if it came so far. */
  async function failLoad(model: ModelFolder, options: Omit<EngineOptions, 'gpu'> = {}) {
    const request = vi.spyOn(Device, 'request');
    const destroy = vi.spyOn(Device.prototype, 'destroy');
    const error = await loadEngine(model, options).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeDefined();
    const device = await request.mock.results[0]?.value;
    if (device) {
      expect(destroy.mock.contexts).toContain(device);
      expect(device.buffers.use.total).toBe(0);
    }
    return { error, device };
  }

  const changed = (change: (files: Map<string, Uint8Array>) => void): ModelFolder => {
    const files = new Map(tinyLlama.files);
    change(files);
    return { ...tinyLlama, files };
  };

  test('truncated weights', async () => {
    const weights = tinyLlama.files.get('model.safetensors')!;
    const model = changed((files) =>
      files.set('model.safetensors', weights.subarray(0, weights.length - 500)),
    );
    const { error, device } = await failLoad(model);
    expect(error).toMatchObject({ name: 'EngineError', code: 'weights-corrupt' });
    expect(device).toBeDefined();
  });

  test('no weights', async () => {
    const { error } = await failLoad(changed((files) => files.delete('model.safetensors')));
    expect(error).toMatchObject({ name: 'EngineError' });
  });

  test.each(['config.json', 'tokenizer.json'])('no %s, or one that is no JSON', async (name) => {
    const missing = await failLoad(changed((files) => files.delete(name)));
    const malformed = await failLoad(changed((files) => files.set(name, new TextEncoder().encode('{"a": '))));
    for (const { error, device } of [missing, malformed]) {
      expect(error).toMatchObject({ name: 'EngineError', code: 'model-unsupported' });
      expect((error as Error).message).toContain(name);
      // The tokenizer is read while kernels compile.
      if (name === 'config.json') expect(device).toBeUndefined();
    }
  });

  test('a context that does not fit, before any weights are read', async () => {
    let numRead = 0;
    const { error } = await failLoad(tinyLlama, {
      kv: { contextTokens: 2048, gpuBytes: 1_000_000 },
      onProgress: () => numRead++,
    });
    expect(error).toMatchObject({ code: 'gpu-memory' });
    expect(numRead).toBe(0);
  });

  test('aborted while weights come', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const { error } = await failLoad(tinyLlama, {
      signal: controller.signal,
      onProgress: () => controller.abort(reason),
    });
    expect(error).toBe(reason);
  });

  test('no room for the cache, after the weights', async () => {
    const failure = new Error('no room');
    vi.spyOn(KvCache, 'create').mockRejectedValueOnce(failure);
    const { error, device } = await failLoad(tinyLlama);
    expect(error).toBe(failure);
    expect(device).toBeDefined();
  });
});
