/** What gives way before the context does: real models' shapes, and options that are set. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { ModelConfig } from '../../../src/config/model-config';
import { parseModelConfig } from '../../support/parse-config';
import { weightBytes } from '../../../src/weights/weight-layout';
import { leastGpuBytes, planMemory, type KvOptions, type MemoryPlan } from '../../../src/runner/memory-plan';
import type { HeadProfile } from '../../../src/stability/head-profile';
import { optionsInForce, planSteps } from '../../../src/runner/plan-steps';
import { sayGivenWay } from '../../../src/runner/say-given-way';

const mebibyte = 2 ** 20;

/** `[vocabulary, hidden, intermediate, layers, heads, KV heads, context]` */
type Shape = readonly [number, number, number, number, number, number, number];

function model(
  architecture: string,
  [
    vocab_size,
    hidden_size,
    intermediate_size,
    num_hidden_layers,
    num_attention_heads,
    kvHeads,
    context,
  ]: Shape,
  extra: object = {},
): ModelConfig {
  return parseModelConfig({
    architectures: [architecture],
    vocab_size,
    hidden_size,
    intermediate_size,
    num_hidden_layers,
    num_attention_heads,
    num_key_value_heads: kvHeads,
    max_position_embeddings: context,
    ...extra,
  });
}

const llama = (...shape: Shape) => model('LlamaForCausalLM', shape);
const qwen3 = (...shape: Shape) => model('Qwen3ForCausalLM', shape, { head_dim: 128 });
const gemma3 = (...shape: Shape) => model('Gemma3ForCausalLM', shape, { head_dim: 256, sliding_window: 512 });
const longRope = {
  type: 'longrope',
  short_factor: new Array<number>(48).fill(1),
  long_factor: new Array<number>(48).fill(2),
};
const models = {
  'Llama-3.1-8B': llama(128_256, 4096, 14_336, 32, 32, 8, 131_072),
  'Llama-3.2-1B': llama(128_256, 2048, 8192, 16, 32, 8, 131_072),
  'Llama-3.2-3B': llama(128_256, 3072, 8192, 28, 24, 8, 131_072),
  'Qwen3-0.6B': qwen3(151_936, 1024, 3072, 28, 16, 8, 40_960),
  'Qwen3-4B': qwen3(151_936, 2560, 9728, 36, 32, 8, 40_960),
  'Phi-4-mini': model('Phi3ForCausalLM', [200_064, 3072, 8192, 32, 24, 8, 131_072], {
    partial_rotary_factor: 0.75,
    sliding_window: 262_144,
    original_max_position_embeddings: 4096,
    rope_scaling: longRope,
  }),
  'SmolLM2-135M': llama(49_152, 576, 1536, 30, 9, 3, 8192),
  'Gemma-3-270M': gemma3(262_144, 640, 2048, 18, 4, 1, 32_768),
  'Gemma-3-1B': gemma3(262_144, 1152, 6912, 26, 4, 1, 32_768),
  'Phi-3-mini-4k': model('Phi3ForCausalLM', [32_064, 3072, 8192, 32, 32, 32, 4096], { sliding_window: 2047 }),
  'Llama-2-7B': llama(32_000, 4096, 11_008, 32, 32, 32, 4096),
  'Mistral-7B-v0.3': llama(32_768, 4096, 14_336, 32, 32, 8, 32_768),
  'Mistral-7B-v0.1': model('MistralForCausalLM', [32_000, 4096, 14_336, 32, 32, 8, 32_768], {
    sliding_window: 4096,
  }),
};
const scout = parseModelConfig(JSON.parse(readFileSync('public/models/scout/config.json', 'utf8')));

function plan(config: ModelConfig, kv: KvOptions = {}, maxBindingBytes = 2 ** 31): MemoryPlan {
  return planMemory({ config, weightBytes: weightBytes(config, 'q4', maxBindingBytes), maxBindingBytes, kv });
}

const besideWeights = ({ totalGpuBytes, gpuBytes }: MemoryPlan) => totalGpuBytes - gpuBytes.weights;
const isHierarchical = ({ cache }: MemoryPlan) => cache.pagesPerHead < cache.maxPages;

describe.each(Object.entries(models))('%s', (_, config) => {
  const own = config.usualContext;
  // All of Phi-3-mini's layers have a window, and 32 KV heads: half a GiB does not hold one.
  const portion = config.layers[0]!.slidingWindow === 2047 ? 7 / 8 : 1;
  // Models with more than 8 KV heads a layer in proportion.
  const leastOf = (tokens: number) => portion * Math.min(own, Math.min(1, 8 / config.numKvHeads) * tokens);

  test.each([
    [1024 * mebibyte, 32_768],
    [512 * mebibyte, 8192],
  ])('one sequence within %i bytes has its own context, or at least %i tokens', (gpuBytes, least) => {
    const made = plan(config, { gpuBytes, numSequences: 1 });
    expect(made.contextTokens).toBeGreaterThanOrEqual(leastOf(least));
    expect(besideWeights(made)).toBeLessThanOrEqual(gpuBytes);
  });

  test('by default has as much, says what it cost, and what is said makes the same plan', () => {
    const made = plan(config);
    expect(made.contextTokens).toBeGreaterThanOrEqual(leastOf(8192));
    expect(besideWeights(made)).toBeLessThanOrEqual(made.limitBytes);
    const { contextTokens } = made;
    const cut = made.gaveWay.filter(({ option }) => option === 'contextTokens');
    expect(cut).toEqual(
      contextTokens < own ? [{ option: 'contextTokens', wanted: own, inForce: contextTokens }] : [],
    );
    const again = plan(config, { ...optionsInForce(made.gaveWay), contextTokens });
    expect(again.gaveWay).toEqual([]);
    expect(again.cache.unstable.size).toBe(made.cache.unstable.size);
    expect(again).toMatchObject({ gpuBytes: made.gpuBytes, activations: made.activations });
    expect(isHierarchical(made)).toBe(contextTokens > 16 * made.cache.pagesPerHead);
  });
});

/** What a model opens with by default: limit in MiB, context, and what gave way for it. */
test.each<[keyof typeof models, number, number, string]>([
  [
    'Llama-3.1-8B',
    1024,
    53_552,
    'numSequences 1, format int8, unstableShare 0.125, pagesPerHead 32, contextTokens 53552',
  ],
  ['Mistral-7B-v0.3', 1024, 32_768, 'numSequences 1, format int8'],
  ['Mistral-7B-v0.1', 1024, 32_768, 'numSequences 2, format int8'],
  ['Qwen3-4B', 1024, 40_960, 'numSequences 1, format int8, unstableShare 0.153'],
  [
    'Qwen3-0.6B',
    512,
    29_808,
    'numSequences 1, format int8, unstableShare 0.125, pagesPerHead 32, contextTokens 29808',
  ],
  ['Phi-4-mini', 1024, 4096, ''],
  ['Phi-3-mini-4k', 1024, 4096, 'numSequences 2, format int8'],
  ['Llama-2-7B', 1024, 4096, 'numSequences 1, format int8'],
  ['Gemma-3-270M', 512, 32_768, ''],
  ['Gemma-3-1B', 512, 32_768, ''],
  ['SmolLM2-135M', 512, 8192, ''],
])('%s has a limit of %i MiB, %i tokens, and for that: %s', (name, limit, contextTokens, steps) => {
  const made = plan(models[name]);
  expect(made.limitBytes).toBe(limit * mebibyte);
  expect(made.contextTokens).toBe(contextTokens);
  const said = made.gaveWay.map(({ option, inForce }) => {
    return `${option} ${typeof inForce === 'number' ? Math.round(1000 * inForce) / 1000 : inForce}`;
  });
  expect(said.join(', ')).toBe(steps);
  expect(isHierarchical(made)).toBe(contextTokens > 16 * made.cache.pagesPerHead);
});

test.each([
  ['Llama-3.1-8B', models['Llama-3.1-8B'], 256],
  ['a model of 13B', llama(32_000, 5120, 13_824, 40, 40, 8, 32_768), 128],
  ['a model of 70B', llama(128_256, 8192, 28_672, 80, 64, 8, 131_072), 64],
])('what a prefill works in takes at most 64 MiB where the limit is tight: %s', (_, config, chunkTokens) => {
  const { activations, gpuBytes, gaveWay } = plan(config, { gpuBytes: 640 * mebibyte });
  expect(gaveWay.at(-1)!.option).toBe('contextTokens');
  expect(activations).toMatchObject({ tileTokens: 256, chunkTokens });
  expect(gpuBytes.activations).toBeLessThanOrEqual(64 * mebibyte);
});

test('nothing gives way for Scout, whose context fits', () => {
  expect(plan(scout)).toMatchObject({
    gaveWay: [],
    contextTokens: 32_768,
    limitBytes: 512 * mebibyte,
    cache: { format: 'f16', pagesPerHead: 64, numSequences: 4 },
    unstableShare: { wanted: 0.25, inForce: 0.25 },
  });
});

test('the default limit grows with the model, as far as the GPU is large', () => {
  const config = models['Llama-3.1-8B'];
  expect(plan(models['SmolLM2-135M']).limitBytes).toBe(512 * mebibyte);
  const half = Math.floor(weightBytes(config, 'q4', 2 ** 33) / 2);
  expect(plan(config, {}, 2 ** 33).limitBytes).toBe(half);
  expect(plan(config, {}, 2 ** 31).limitBytes).toBe(2 ** 30);
  expect(plan(config, {}, 2 ** 28).limitBytes).toBe(512 * mebibyte);
});

describe('the format of pages that are stored already', () => {
  const config = models['Llama-3.2-1B'];
  const input = { config, weightBytes: 2 ** 30, maxBindingBytes: 2 ** 31 };

  test('stays whatever else would be chosen: other options give way in its place', () => {
    const free = planMemory({ ...input, kv: {} });
    expect(free.cache.format).toBe('int8');
    const kept = planMemory({ ...input, kv: {}, keptFormat: 'f16' });
    expect(kept.cache.format).toBe('f16');
    expect(kept.gaveWay.map(({ option }) => option)).not.toContain('format');
    expect(kept.contextTokens).toBeLessThan(free.contextTokens);
    const roomy = { gpuBytes: 8 * 2 ** 30 };
    expect(planMemory({ ...input, kv: roomy }).cache.format).toBe('f16');
    expect(planMemory({ ...input, kv: roomy, keptFormat: 'int8' }).cache.format).toBe('int8');
  });

  test('gives way to a format that is set, and to a wanted context that has no room with it', () => {
    expect(planMemory({ ...input, kv: { format: 'f16' }, keptFormat: 'int8' }).cache.format).toBe('f16');
    const kv = { gpuBytes: 192 * mebibyte, contextTokens: 65_536 };
    const kept = planMemory({ ...input, kv, keptFormat: 'f16' });
    expect(kept).toMatchObject({ contextTokens: 65_536, cache: { format: 'int8' } });
  });
});

describe('steps', () => {
  test('no more gives way than must', () => {
    const config = models['Llama-3.2-1B'];
    const at = (gpuBytes: number) =>
      plan(config, { gpuBytes, contextTokens: 131_072 }).gaveWay.map(({ option }) => option);
    const seen = [8192, 2500, 1600, 1200, 900, 700, 500].map((size) => at(size * mebibyte));
    const order = ['numSequences', 'format', 'unstableShare', 'pagesPerHead'];
    for (const options of seen) expect(options).toEqual(order.slice(0, options.length));
    expect(seen[0]).toEqual([]);
    expect(seen.at(-1)).toEqual(order);
    expect(new Set(seen.map(({ length }) => length)).size).toBeGreaterThan(2);
  });

  test('a share that gives way is the largest that fits', () => {
    const config = models['Llama-3.2-1B'];
    const kv = { gpuBytes: 900 * mebibyte, contextTokens: 131_072 };
    const { unstableShare, gaveWay } = plan(config, kv);
    expect(gaveWay.map(({ option }) => option)).toEqual(['numSequences', 'format', 'unstableShare']);
    const { inForce } = unstableShare;
    expect(inForce).toBeLessThan(0.25);
    const more = {
      ...kv,
      pagesPerHead: 64,
      numSequences: 1,
      format: 'int8' as const,
      unstableShare: inForce + 1 / 128,
    };
    expect(plan(config, more).unstableShare.inForce).toBe(inForce);
  });

  test.each<[KvOptions, readonly string[]]>([
    [{}, ['numSequences', 'format', 'numSequences', 'unstableShare', 'pagesPerHead']],
    [{ format: 'f32' }, ['numSequences', 'numSequences', 'unstableShare', 'pagesPerHead']],
    [{ hostFormat: 'same' }, ['numSequences', 'numSequences', 'unstableShare', 'pagesPerHead']],
    [{ pagesPerHead: 64, numSequences: 4 }, ['format', 'unstableShare']],
    [{ unstableShare: 0.25 }, ['numSequences', 'format', 'numSequences', 'pagesPerHead']],
    // All heads unstable are exact answers: they stay exact.
    [{ unstableShare: 1 }, ['numSequences', 'numSequences']],
  ])('%j changes only what is not set', (kv, changed) => {
    const tried = planSteps(kv);
    expect(tried[0]).toBe(kv);
    const changes = tried.slice(1).map((step, i) => {
      const last = tried[i]!;
      return Object.keys(step).filter(
        (name) => step[name as keyof KvOptions] !== last[name as keyof KvOptions],
      );
    });
    expect(changes).toEqual(changed.map((option) => [option]));
    expect(tried.at(-1)).toMatchObject(kv);
  });

  test('are told in a sentence', () => {
    const { gaveWay, limitBytes } = plan(models['Llama-3.1-8B'], { gpuBytes: 512 * mebibyte });
    const said = sayGivenWay(gaveWay, limitBytes);
    expect(said).toMatch(
      /^Within kv\.gpuBytes, 536870912 bytes, kv\.numSequences is 1 and not 4, kv\.format is int8 and not f16, .*, and kv\.contextTokens is \d+ tokens and not 131072 tokens\.$/,
    );
  });
});

test("a window as wide as the model's context is none: its heads may select", () => {
  expect(models['Phi-4-mini'].layers.every(({ slidingWindow }) => slidingWindow === undefined)).toBe(true);
  expect(models['Phi-3-mini-4k'].layers[0]!.slidingWindow).toBe(2047);
});

describe('attention to the whole context', () => {
  const { 'Gemma-3-270M': config } = models;
  const heads = { version: 1, numLayers: 18, numKvHeads: 1, stability: [new Array<number>(18).fill(1)] };
  const headProfile = { ...heads, attention: 'all' } as unknown as HeadProfile;

  test('keeps every page, whatever the share is', () => {
    const exact = plan(config, { attention: 'all', unstableShare: 0.25, contextTokens: 8192 });
    expect([exact.attention, exact.unstableShare.inForce, exact.cache.unstable.size]).toEqual(['all', 1, 3]);
    expect(exact.observe).toBeUndefined();
    expect(plan(config, { contextTokens: 8192 }).attention).toBe('selected');
  });

  test('is the default where the profile says so and nobody says what heads keep', () => {
    const { attention, gaveWay } = plan(config, { headProfile });
    expect([attention, gaveWay]).toEqual(['all', []]);
    for (const set of [{ pagesPerHead: 32 }, { unstableShare: 0.25 }, { attention: 'selected' }] as const)
      expect(plan(config, { headProfile, ...set }).attention).toBe('selected');
  });

  test('by default gives way before the context does; where it is asked for, the context does', () => {
    const kv = { contextTokens: 16_384, numSequences: 1, format: 'f16' } as const;
    const exact = { ...kv, attention: 'all' } as const;
    const gpuBytes =
      leastGpuBytes({ config, weightBytes: 0, maxBindingBytes: 2 ** 31, kv: exact }, 16_384) - 1;
    const given = plan(config, { ...kv, headProfile, gpuBytes });
    expect(given.attention).toBe('selected');
    expect(given.gaveWay.map(({ option }) => option)).toContain('unstableShare');
    expect(() => plan(config, { ...exact, gpuBytes })).toThrow('kv.gpuBytes');
  });
});
