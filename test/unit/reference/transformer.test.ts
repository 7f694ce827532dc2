/** The CPU transformer against engines that we did not write: the trust in it as a second referee rests on this file. */
import { existsSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import type { ModelConfig } from '../../../src/config/model-config';
import { parseModelConfig } from '../../support/parse-config';
import { ReferenceTransformer, type ReferenceStorage } from '../../../src/reference/transformer';
import { architectureSpecs } from '../../../tools/tiny-models/model-configs';
import { expectTopLogprobs } from '../../support/logprobs';
import {
  architectureModel,
  llamaCppGoldens,
  modelConfigJson,
  modelTensors,
  readModelFolder,
  tinyLlamaModel,
  transformersGoldens,
  type Golden,
  type ModelFolder,
} from '../../../tools/tiny-models/models';

vi.setConfig({ testTimeout: 60_000 });

function makeReference(model: ModelFolder, storage?: ReferenceStorage): ReferenceTransformer {
  return new ReferenceTransformer(parseModelConfig(modelConfigJson(model)), modelTensors(model), storage);
}

/** Feeds the prompt and then the golden tokens; the largest difference of a log-probability. */
function compare(reference: ReferenceTransformer, golden: Golden, tolerance: number): number {
  const sequence = reference.start();
  let input = golden.prompt;
  const differences = golden.top.map((expected, step) => {
    const logits = sequence.extendToLast(input);
    input = [golden.tokens[step]!];
    return expectTopLogprobs(logits, expected, tolerance, `prompt of ${golden.prompt.length}, step ${step}`);
  });
  return Math.max(...differences);
}

// transformers computes RoPE angles in f32; at position 700 that alone moves log-probabilities by up to 1.4e-4.
describe('equals transformers', () => {
  for (const { name, title } of architectureSpecs) {
    test(`${name}: ${title}`, () => {
      const reference = makeReference(architectureModel(name));
      for (const golden of transformersGoldens(name)) compare(reference, golden, 3e-4);
    });
  }
});

describe('equals llama.cpp', () => {
  test('tiny-llama', () => {
    const reference = makeReference(tinyLlamaModel());
    for (const golden of llamaCppGoldens('tiny-llama')) compare(reference, golden, 1e-3);
  });

  const stories = new URL('../../../../shared/models/stories260K/', import.meta.url);
  test(`stories260K${existsSync(stories) ? '' : ' (not run: its weights are not on this machine)'}`, () => {
    const goldens = llamaCppGoldens('stories260K');
    expect(goldens[0]!.tokens.length).toBe(200);
    if (!existsSync(stories)) return;
    const reference = makeReference(readModelFolder('stories260K', stories));
    for (const golden of goldens) compare(reference, golden, 1e-3);
  });
});

describe('a slip in the configuration does not pass', () => {
  const slips: Record<string, (config: ModelConfig) => ModelConfig> = {
    'llama-llama3': (config) => ({ ...config, rope: { ...config.rope, scaling: { type: 'none' } } }),
    'mistral-window': (config) => ({
      ...config,
      layers: config.layers.map((layer) => ({ ...layer, slidingWindow: layer.slidingWindow! + 1 })),
    }),
    'phi3-partial': (config) => ({ ...config, rope: { ...config.rope, rotaryDim: config.headDim } }),
    smollm3: (config) => ({
      ...config,
      layers: config.layers.map((layer) => ({ ...layer, usesRope: true })),
    }),
  };
  test.each(Object.entries(slips))('%s', (name, slip) => {
    const model = architectureModel(name);
    const reference = new ReferenceTransformer(
      slip(parseModelConfig(modelConfigJson(model))),
      modelTensors(model),
    );
    expect(() => compare(reference, transformersGoldens(name).at(-1)!, 3e-4)).toThrow('log-probability');
  });
});

test('logits of a whole prompt are those of its tokens one by one', () => {
  const reference = makeReference(tinyLlamaModel());
  const ids = [0, 17, 260, 99, 42];
  const sequence = reference.start();
  const stepwise = ids.flatMap((id) => [...sequence.extend([id])]);
  expect([...reference.logits(ids)]).toEqual(stepwise);
});

test('f16 storage changes the logits, by little', () => {
  const model = architectureModel('llama');
  const golden = transformersGoldens('llama')[3]!;
  for (const storage of [
    { weights: 'f16', kv: 'f32' },
    { weights: 'f32', kv: 'f16' },
  ] as const) {
    const difference = compare(makeReference(model, storage), golden, 0.05);
    expect(difference).toBeGreaterThan(1e-4);
  }
});

test('a missing tensor and a wrong shape are named', () => {
  const model = tinyLlamaModel();
  const tensors = modelTensors(model);
  const config = parseModelConfig(modelConfigJson(model));
  const name = 'model.layers.1.mlp.down_proj.weight';
  tensors.set(name, { shape: [68, 48], data: new Float32Array(68 * 48) });
  expect(() => new ReferenceTransformer(config, tensors)).toThrow(
    `'${name}' has shape [68,48], expected [48,68]`,
  );
  tensors.delete(name);
  expect(() => new ReferenceTransformer(config, tensors)).toThrow(`'${name}' is missing`);
});
