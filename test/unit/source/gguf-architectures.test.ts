/** What metadata of GGUF files say of a model, architecture by architecture. */
import { describe, expect, test } from 'vitest';
import { ggufConfig } from '../../../src/source/gguf/gguf-config';
import { GgufMetadata } from '../../../src/source/gguf/gguf-metadata';
import { parseModelConfig } from '../../support/parse-config';

const sizes = {
  embedding_length: 64,
  block_count: 4,
  context_length: 2048,
  feed_forward_length: 96,
  'attention.head_count': 4,
  'attention.layer_norm_rms_epsilon': 1e-6,
};

/** The configuration of a file whose keys are those of an architecture, with these tensors beside the embedding. */
function config(
  architecture: string,
  own: Readonly<Record<string, number | string>>,
  tensors: string[] = [],
) {
  const values = new Map<string, number | string>([['general.architecture', architecture]]);
  for (const [key, value] of Object.entries({ ...sizes, ...own }))
    values.set(`${architecture}.${key}`, value);
  const all = ['token_embd.weight', ...tensors].map((name) => ({ name, shape: [304, 64] }));
  return parseModelConfig(ggufConfig(new GgufMetadata('model.gguf', values), all, {}));
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

  test('HunYuan norms behind RoPE, under names of its own', () => {
    const hunyuan = config('hunyuan-dense', { 'rope.freq_base': 11_158_840 });
    expect(hunyuan).toMatchObject({ qkNorm: 'heads-after-rope', rope: { theta: 11_158_840 } });
    expect(hunyuan.tensorNames?.['self_attn.q_norm']).toBe('self_attn.query_layernorm');
  });
});
