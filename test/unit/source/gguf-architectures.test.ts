/** What metadata of GGUF files say of a model, architecture by architecture. */
import { describe, expect, test } from 'vitest';
import { readModelConfig } from '../../../src/config/read-model-config';
import { ggufConfig } from '../../../src/source/gguf/gguf-config';
import { GgufMetadata } from '../../../src/source/gguf/gguf-metadata';
import type { ModelSource } from '../../../src/source/model-source';
import { ggufWeightFiles } from '../../../src/weights/gguf-tensors';
import { planTensors } from '../../../src/weights/tensor-plan';
import { parseModelConfig } from '../../support/parse-config';

const sizes = {
  embedding_length: 64,
  block_count: 4,
  context_length: 2048,
  feed_forward_length: 96,
  'attention.head_count': 4,
  'attention.layer_norm_rms_epsilon': 1e-6,
};

type Keys = Readonly<Record<string, number | string | boolean>>;

/** The `config.json` of a file whose keys are those of an architecture, with these tensors beside the embedding. */
function configFile(architecture: string, own: Keys, tensors: readonly string[] = []) {
  const values = new Map<string, number | string | boolean>([['general.architecture', architecture]]);
  for (const [key, value] of Object.entries({ ...sizes, ...own }))
    values.set(`${architecture}.${key}`, value);
  const all = ['token_embd.weight', ...tensors].map((name) => ({ name, shape: [304, 64] }));
  return ggufConfig(new GgufMetadata('model.gguf', values), all, {});
}

function config(architecture: string, own: Keys, tensors?: readonly string[]) {
  return parseModelConfig(configFile(architecture, own, tensors));
}

/** The configuration of a file of one layer as the engine reads it, all of whose tensors must have their place. */
async function readWhole(architecture: string, own: Keys, outer: string, ofLayer: string) {
  const names = [
    'token_embd.weight',
    ...outer.split(' '),
    ...ofLayer.split(' ').map((name) => `blk.0.${name}`),
  ];
  const one = { ...own, block_count: 1 };
  const tensors = names.map((name) => ({
    name,
    type: 'F32' as const,
    shape: [4, 4],
    offsetBytes: 0,
    sizeBytes: 64,
  }));
  const gguf = {
    architecture,
    heads: { numHeads: 4, numKvHeads: 4 },
    files: [{ name: 'model.gguf', tensors, dataBytes: 0 }],
  };
  const source: ModelSource = {
    id: 'test',
    readText: () => Promise.resolve(undefined),
    open: () => Promise.resolve(undefined),
    parsed: new Map([['config.json', configFile(architecture, one, names.slice(1))]]),
    gguf,
  };
  const read = await readModelConfig(source);
  const [file] = ggufWeightFiles(gguf, planTensors(read));
  expect(file!.tensors).toHaveLength(names.length);
  return read;
}

const yarn = {
  'rope.freq_base': 500_000,
  'rope.scaling.type': 'yarn',
  'rope.scaling.factor': 8,
  'rope.scaling.original_context_length': 256,
};

describe('GGUF', () => {
  test("a file of 'olmo2' with a window is OLMo 3, whose windows' RoPE is not stretched", () => {
    expect(config('olmo2', yarn)).toMatchObject({
      architecture: 'Olmo2ForCausalLM',
      rope: { scaling: { type: 'yarn' } },
    });
    const { architecture, layers, rope, windowRope } = config('olmo2', {
      ...yarn,
      'attention.sliding_window': 40,
    });
    expect(architecture).toBe('Olmo3ForCausalLM');
    expect(layers.map(({ slidingWindow }) => slidingWindow)).toEqual([40, 40, 40, undefined]);
    expect([rope.scaling.type, windowRope?.scaling.type]).toEqual(['yarn', 'none']);
  });

  test('Gemma 2 has its caps and windows, be they written or not', () => {
    const gemma = config('gemma2', { 'attention.sliding_window': 40 });
    expect(gemma).toMatchObject({ attentionSoftCap: 50, logitSoftCap: 30, activation: 'gelu-tanh' });
    expect(gemma.layers.map(({ slidingWindow }) => slidingWindow)).toEqual([40, undefined, 40, undefined]);
    const other = config('gemma2', { attn_logit_softcapping: 20, final_logit_softcapping: 10 });
    expect(other).toMatchObject({ attentionSoftCap: 20, logitSoftCap: 10 });
  });

  test('Ministral 3 has queries that grow, and YaRN that leaves cosines as they are', () => {
    const { queryGrowth, rope, layers } = config('mistral3', {
      ...yarn,
      'rope.scaling.yarn_log_multiplier': 1,
      'attention.temperature_scale': 0.1,
    });
    expect(queryGrowth).toEqual({ rate: 0.1, span: 256 });
    expect(rope).toMatchObject({ theta: 500_000, scaling: { type: 'yarn', factor: 8, attentionFactor: 1 } });
    expect(layers[0]!.slidingWindow).toBeUndefined();
    expect(config('mistral3', {}).queryGrowth).toBeUndefined();
  });

  test("Qwen3-MoE's experts are one tensor a matrix", async () => {
    const keys = {
      expert_count: 6,
      expert_used_count: 2,
      expert_feed_forward_length: 24,
      feed_forward_length: 200,
    };
    const { experts, intermediateSize } = await readWhole(
      'qwen3moe',
      keys,
      'output_norm.weight output.weight',
      'attn_norm.weight attn_q.weight attn_k.weight attn_v.weight attn_q_norm.weight attn_k_norm.weight attn_output.weight ' +
        'ffn_norm.weight ffn_gate_inp.weight ffn_gate_exps.weight ffn_up_exps.weight ffn_down_exps.weight',
    );
    expect(experts).toEqual({
      ...{ count: 6, perToken: 2, intermediateSize: 24 },
      ...{ isNormalized: true, isStacked: true },
    });
    expect(intermediateSize).toBe(48);
  });

  test('Phi-2 has q, k and v in one tensor, and biases everywhere', async () => {
    const read = await readWhole(
      'phi2',
      { 'attention.layer_norm_epsilon': 1e-5, 'rope.dimension_count': 8 },
      'output_norm.weight output_norm.bias output.weight output.bias',
      'attn_norm.weight attn_norm.bias attn_qkv.weight attn_qkv.bias attn_output.weight attn_output.bias ' +
        'ffn_up.weight ffn_up.bias ffn_down.weight ffn_down.bias',
    );
    expect(read).toMatchObject({ hasFusedQkv: true, isParallel: true, isUngated: true, hasHeadBias: true });
    expect(read).toMatchObject({ normEpsilon: 1e-5, activation: 'gelu-tanh', rope: { rotaryDim: 8 } });
  });

  test('StableLM 2 says what is side by side and what has biases', async () => {
    const tensors =
      'attn_norm.weight attn_norm.bias attn_q.weight attn_k.weight attn_v.weight attn_output.weight ' +
      'ffn_gate.weight ffn_up.weight ffn_down.weight';
    const keys = { 'attention.layer_norm_epsilon': 1e-5, 'rope.dimension_count': 8 };
    const outer = 'output_norm.weight output_norm.bias output.weight';
    const small = `${tensors} attn_q.bias attn_k.bias attn_v.bias ffn_norm.weight ffn_norm.bias`;
    expect(await readWhole('stablelm', keys, outer, small)).toMatchObject({
      hasQkvBias: true,
      isLayerNorm: true,
    });
    const large = await readWhole('stablelm', { ...keys, use_parallel_residual: true }, outer, tensors);
    expect(large).toMatchObject({ hasQkvBias: false, isParallel: true });
    expect(() => config('stablelm', keys, ['blk.0.attn_q_norm.weight'])).toThrow(/qk_layernorm/);
  });

  test('HunYuan norms behind RoPE, under names of its own', () => {
    const hunyuan = config('hunyuan-dense', { 'rope.freq_base': 11_158_840 });
    expect(hunyuan).toMatchObject({ qkNorm: 'heads-after-rope', rope: { theta: 11_158_840 } });
    expect(hunyuan.tensorNames?.['self_attn.q_norm']).toBe('self_attn.query_layernorm');
  });
});
