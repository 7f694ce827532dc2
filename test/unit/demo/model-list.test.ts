/** The list of models that the page offers says what each needs: this holds it to the engine's own plan. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseModelList } from '../../../demo/models/model-list';
import { parseReference } from '../../../src/source/hub/hub';
import { planMemory } from '../../../src/runner/memory-plan';
import { parseModelConfig } from '../../../src/config/model-config';
import { weightBytes } from '../../../src/weights/weight-layout';

const root = join(import.meta.dirname, '../../..');
const read = (path: string): unknown => JSON.parse(readFileSync(join(root, path), 'utf8'));
const { models: list } = parseModelList(read('public/models.json'));

const smollm2 = {
  architectures: ['LlamaForCausalLM'],
  vocab_size: 49152,
  rms_norm_eps: 1e-5,
  rope_theta: 100000,
  max_position_embeddings: 8192,
};
const qwen = { vocab_size: 151936, rms_norm_eps: 1e-6, rope_theta: 1000000, max_position_embeddings: 32768 };

/** What the repositories' `config.json` files say, as far as sizes depend on it. */
const configs: Readonly<Record<string, unknown>> = {
  Scout: read('public/models/scout/config.json'),
  'SmolLM2 135M Instruct': {
    ...smollm2,
    hidden_size: 576,
    intermediate_size: 1536,
    num_hidden_layers: 30,
    num_attention_heads: 9,
    num_key_value_heads: 3,
  },
  'SmolLM2 360M Instruct': {
    ...smollm2,
    hidden_size: 960,
    intermediate_size: 2560,
    num_hidden_layers: 32,
    num_attention_heads: 15,
    num_key_value_heads: 5,
  },
  'Qwen2.5 0.5B Instruct': {
    ...qwen,
    architectures: ['Qwen2ForCausalLM'],
    hidden_size: 896,
    intermediate_size: 4864,
    num_hidden_layers: 24,
    num_attention_heads: 14,
    num_key_value_heads: 2,
  },
  'Qwen3 0.6B': {
    ...qwen,
    architectures: ['Qwen3ForCausalLM'],
    max_position_embeddings: 40960,
    hidden_size: 1024,
    intermediate_size: 3072,
    num_hidden_layers: 28,
    num_attention_heads: 16,
    num_key_value_heads: 8,
    head_dim: 128,
  },
};

const bindingBytes = 128 * 2 ** 20;

test.each(list.map((entry) => [entry.name, entry] as const))('%s needs what the list says', (name, entry) => {
  const config = parseModelConfig({
    ...(configs[name] as object),
    hidden_act: 'silu',
    tie_word_embeddings: true,
    eos_token_id: 0,
  });
  expect(entry.weightBytes).toBe(weightBytes(config, 'f16', bindingBytes));
  const plan = planMemory({
    config,
    weightBytes: 0,
    maxBindingBytes: bindingBytes,
    kv: { contextTokens: entry.contextTokens, numSequences: 1, gpuBytes: entry.kvGpuBytes },
  });
  expect(plan.totalGpuBytes).toBeLessThanOrEqual(entry.kvGpuBytes);
  expect(entry.kvGpuBytes / plan.totalGpuBytes).toBeLessThan(2);
});

test('every model of the hub is pinned to a commit', () => {
  for (const { source, reference } of list) {
    if (reference === undefined) expect(source).toMatch(/^models\/.*\/$/);
    else expect(parseReference(reference).revision).toMatch(/^[\da-f]{40}$/);
  }
});

test('a list that is none is refused', () => {
  const [model] = list;
  expect(parseModelList({ models: [model] })).toEqual({ hubUrl: 'https://huggingface.co', models: [model] });
  const others: unknown[] = [{ ...model, contextTokens: 'c' }, { ...model, source: undefined }, null];
  others.push(
    ...[-1, 2 ** 52, 0.5, null].map((downloadBytes) => ({ ...model, downloadBytes })),
    ...['https://example.com/m/', '//example.com/m/', '../m/', 7].map((source) => ({ ...model, source })),
    ...['a', 'https://example.com/a/b', null].map((reference) => ({
      ...model,
      source: undefined,
      reference,
    })),
  );
  const lists = [
    null,
    {},
    [model],
    { models: [] },
    { hub: 1, models: [model] },
    { hub: 'ftp://x', models: [model] },
    'x',
    7,
  ];
  for (const value of [...lists, ...others.map((other: unknown) => ({ models: [model, other] }))]) {
    expect(() => parseModelList(value)).toThrow(TypeError);
  }
});
