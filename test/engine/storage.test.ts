/** Weights in every format against the CPU transformer on the very same weights, and the engine on a plainer GPU. */
import { describe, expect, test } from 'vitest';
import type { EngineOptions } from '../../src/engine/engine-options';
import { decodeRows, encodeRows, type WeightFormat } from '../../src/kernels/linear/weight-format';
import { parseModelConfig } from '../support/parse-config';
import { ReferenceTransformer } from '../../src/reference/transformer';
import { checkIntegrity } from '../../tools/util/check-integrity';
import { answer, loadEngine, promptOf, requestOf } from '../support/engine';
import { inFullRun } from '../support/full-run';
import { logSoftmax } from '../support/logprobs';
import {
  architectureModel,
  llamaCppGoldens,
  modelConfigJson,
  modelTensors,
  tinyLlamaModel,
  type ModelFolder,
} from '../../tools/tiny-models/models';

/** The model's tensors after matrices went through a weight format and back. */
function storedTensors(model: ModelFolder, format: WeightFormat) {
  return new Map(
    [...modelTensors(model)].map(([name, { shape, data }]) => {
      if (shape.length !== 2) return [name, { shape, data }];
      const [rows, columns] = shape as [number, number];
      return [
        name,
        { shape, data: decodeRows(format, encodeRows(format, data, rows, columns), rows, columns) },
      ];
    }),
  );
}

describe('weights', () => {
  test.each<[WeightFormat, string, ModelFolder]>([
    ['q8', 'tiny-llama', tinyLlamaModel()],
    // Fused q, k, v and gate, up in the file.
    ['q4', 'phi3', architectureModel('phi3')],
    ['q8', 'llama-bias', architectureModel('llama-bias')],
  ])('%s, %s: as the CPU transformer on the dequantised weights', async (format, _, model) => {
    const config = parseModelConfig(modelConfigJson(model));
    const reference = new ReferenceTransformer(config, storedTensors(model, format));
    const engine = await loadEngine(model, { weights: format, kv: { format: 'f32', contextTokens: 128 } });
    for (const length of [1, 37]) {
      const prompt = promptOf(length, 3, config.vocabSize);
      const { tokenIds, logprobs } = await answer(
        engine,
        requestOf(prompt, { maxTokens: 6, logprobs: 20, ignoreEos: true }),
      );
      const sequence = reference.start();
      let input: readonly number[] = prompt;
      for (const [step, { top }] of logprobs.entries()) {
        const expected = logSoftmax(sequence.extendToLast(input));
        expect(top.length).toBe(20);
        for (const { id, logprob } of top) {
          expect(Math.abs(logprob - expected[id]!), `step ${step}, token ${id}`).toBeLessThan(2e-3);
        }
        input = [tokenIds[step]!];
      }
    }
    await engine.dispose();
  });

  test('the formats differ: the comparison would see a wrong one', () => {
    const model = tinyLlamaModel();
    const config = parseModelConfig(modelConfigJson(model));
    const [f16, q8, q4] = (['f16', 'q8', 'q4'] as const).map((format) =>
      logSoftmax(new ReferenceTransformer(config, storedTensors(model, format)).logits([5]).subarray(0, 304)),
    );
    const distance = (a: Float64Array, b: Float64Array) => Math.max(...a.map((x, i) => Math.abs(x - b[i]!)));
    expect(distance(f16!, q4!)).toBeGreaterThan(0.02);
    expect(distance(q8!, q4!)).toBeGreaterThan(0.02);
    expect(distance(f16!, q8!)).toBeGreaterThan(2e-3);
  });
});

type PlainerGpu = [string, Omit<EngineOptions, 'gpu'>, number, readonly number[]];

/** A software GPU takes a second for a step of kernels that are not made for it: the shortest answers that show as much. */
const slowest: PlainerGpu = [
  'no optional kernel variants',
  { disabledFeatures: ['subgroups', 'software'] },
  6,
  [33, 20],
];

describe('a plainer GPU', () => {
  test.each<PlainerGpu>([
    ['default limits, no features', { useDefaultLimits: true }, 30, [120, 20, 33]],
    ...inFullRun(slowest),
  ])('%s: the same tokens, batches and follow-ups', async (_, options, numTokens, lengths) => {
    const engine = await loadEngine(tinyLlamaModel(), {
      weights: 'f32',
      kv: { format: 'f32', contextTokens: 512 },
      ...options,
    });
    if (options.useDefaultLimits) {
      expect(engine.device.limits.maxStorageBufferBindingSize).toBe(128 * 2 ** 20);
      // Neither is the adapter's to offer.
      const others = ['software', 'packed-dot'];
      expect([...engine.device.features].filter((feature) => !others.includes(feature))).toEqual([]);
    } else expect([...engine.device.features]).not.toContain('software');

    const { prompt, tokens } = llamaCppGoldens('tiny-llama')[0]!;
    const golden = await answer(engine, requestOf(prompt, { maxTokens: numTokens, ignoreEos: true }));
    expect(golden.tokenIds).toEqual(tokens.slice(0, numTokens));

    const requests = lengths.map((length) =>
      requestOf(promptOf(length, 5), { maxTokens: Math.min(numTokens, 8), logprobs: 5, ignoreEos: true }),
    );
    const essence = ({ tokenIds, logprobs }: Awaited<ReturnType<typeof answer>>) => ({ tokenIds, logprobs });
    const alone: unknown[] = [];
    for (const request of requests) alone.push(essence(await answer(engine, request)));
    const together = await Promise.all(requests.map((request) => answer(engine, request)));
    expect(together.map(essence)).toEqual(alone);
    expect(together[1]!.end.numCachedTokens).toBe(16);
    checkIntegrity(engine.runner.cache);
    await engine.dispose();
    expect(engine.device.buffers.use.total).toBe(0);
  });
});
