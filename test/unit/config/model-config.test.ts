import { describe, expect, it } from 'vitest';
import { parseModelConfig } from '../../support/parse-config';
import { isUsual } from '../../../src/config/model-config';
import { EngineError } from '../../../src/util/errors';

const sizes = {
  vocab_size: 1000,
  hidden_size: 64,
  intermediate_size: 172,
  num_hidden_layers: 4,
  num_attention_heads: 8,
};

/** A configuration of an architecture with the five sizes that are always needed, and `fields`. */
function configOf(name: string, fields: object = {}) {
  // Qwen's default of 32 KV heads suits none of these sizes.
  const qwen = name.startsWith('Qwen') && { num_key_value_heads: 4 };
  return { architectures: [`${name}ForCausalLM`], ...sizes, ...qwen, ...fields };
}

function parse(name: string, fields: object = {}, generation?: unknown) {
  return parseModelConfig(configOf(name, fields), generation);
}

/** Windows of the layers. */
function windows(name: string, fields: object) {
  return parse(name, fields).layers.map(({ slidingWindow }) => slidingWindow);
}

describe('parseModelConfig', () => {
  it('reads a Llama and fills in the defaults of transformers', () => {
    expect(parse('Llama')).toEqual({
      architecture: 'LlamaForCausalLM',
      vocabSize: 1000,
      hiddenSize: 64,
      numLayers: 4,
      numHeads: 8,
      numKvHeads: 8,
      headDim: 8,
      intermediateSize: 172,
      activation: 'silu',
      normEpsilon: 1e-6,
      norms: { attention: 'input_layernorm', mlp: 'post_attention_layernorm' },
      hasOffsetNorms: false,
      embeddingScale: 1,
      attentionScale: 8 ** -0.5,
      logitScale: 1,
      rope: { theta: 10_000, rotaryDim: 8, scaling: { type: 'none' } },
      windowRope: undefined,
      hasInterleavedRope: false,
      layers: new Array(4).fill({ usesRope: true, slidingWindow: undefined, usesWindowRope: false }),
      hasQkvBias: false,
      hasOutputBias: false,
      hasMlpBias: false,
      qkNorm: 'none',
      hasFusedQkv: false,
      hasFusedGateUp: false,
      isHeadTied: false,
      maxContext: 2048,
      sampling: {},
      usualContext: 2048,
      bosId: 1,
      eosIds: [2],
    });
  });

  it('knows what sets the architectures apart', () => {
    const flags = ['Llama', 'Mistral', 'Qwen2', 'Qwen3', 'SmolLM3', 'Phi3'].map((name) => {
      const config = parse(name, {
        attention_bias: true,
        mlp_bias: true,
        head_dim: 16,
        num_key_value_heads: 2,
      });
      const { hasQkvBias, hasOutputBias, hasMlpBias, qkNorm, hasFusedQkv, isHeadTied } = config;
      return [name, hasQkvBias, hasOutputBias, hasMlpBias, qkNorm === 'heads', hasFusedQkv, isHeadTied];
    });
    expect(flags).toEqual([
      ['Llama', true, true, true, false, false, false],
      ['Mistral', false, false, false, false, false, false],
      ['Qwen2', true, false, false, false, false, false],
      ['Qwen3', true, true, false, true, false, false],
      ['SmolLM3', true, true, true, false, false, true],
      ['Phi3', false, false, false, false, true, false],
    ]);
  });

  it('has the defaults of each architecture', () => {
    expect(parse('Qwen3').headDim).toBe(128);
    expect(parse('Mistral').numKvHeads).toBe(8);
    expect(parse('Mistral', { num_key_value_heads: null }).numKvHeads).toBe(8);
    expect(parse('SmolLM3').numKvHeads).toBe(4);
    expect(parse('SmolLM3', { num_key_value_heads: null }).numKvHeads).toBe(8);
    expect(parse('SmolLM3').rope.theta).toBe(2_000_000);
    expect(parse('Phi3').normEpsilon).toBe(1e-5);
    expect(parse('Phi3').maxContext).toBe(4096);
  });

  it('finds the architecture by model_type where architectures is missing', () => {
    expect(parseModelConfig({ ...sizes, model_type: 'phi3' }).architecture).toBe('Phi3ForCausalLM');
  });

  it.each([
    ['silu', 'silu'],
    ['gelu', 'gelu'],
    ['gelu_pytorch_tanh', 'gelu-tanh'],
  ])('reads hidden_act %s', (name, activation) => {
    expect(parse('Llama', { hidden_act: name }).activation).toBe(activation);
  });
});

describe('layers', () => {
  it('leaves RoPE out of every fourth SmolLM3 layer, or of those the list marks with 0', () => {
    const flags = (fields: object) => parse('SmolLM3', fields).layers.map(({ usesRope }) => usesRope);
    expect(flags({})).toEqual([true, true, true, false]);
    expect(flags({ no_rope_layer_interval: 2 })).toEqual([true, false, true, false]);
    expect(flags({ no_rope_layers: [0, 1, 1, 0, 1] })).toEqual([false, true, true, false]);
    expect(parse('Llama', { no_rope_layers: [0, 0, 0, 0] }).layers[0]!.usesRope).toBe(true);
  });

  it('windows every layer of Mistral and Phi3', () => {
    expect(windows('Mistral', {})).toEqual([4096, 4096, 4096, 4096]);
    expect(windows('Mistral', { sliding_window: null })).toEqual(new Array(4).fill(undefined));
    expect(windows('Phi3', {})).toEqual(new Array(4).fill(undefined));
    expect(windows('Phi3', { sliding_window: 2047 })).toEqual(new Array(4).fill(2047));
  });

  it('windows the upper layers of Qwen, or those that layer_types names, only with use_sliding_window', () => {
    const none = new Array<undefined>(4).fill(undefined);
    for (const name of ['Qwen2', 'Qwen3']) {
      expect(windows(name, { sliding_window: 32, max_window_layers: 2 })).toEqual(none);
      expect(windows(name, { use_sliding_window: true, sliding_window: 32, max_window_layers: 2 })).toEqual([
        undefined,
        undefined,
        32,
        32,
      ]);
      const layer_types = ['sliding_attention', 'full_attention', 'sliding_attention', 'full_attention'];
      expect(windows(name, { use_sliding_window: true, sliding_window: 32, layer_types })).toEqual([
        32,
        undefined,
        32,
        undefined,
      ]);
      expect(windows(name, { layer_types: new Array(4).fill('full_attention') })).toEqual(none);
    }
  });

  it('windows three of four layers of OLMo 3, whose RoPE is not stretched, in the styles of transformers 4 and 5', () => {
    const yarn = { rope_type: 'yarn', factor: 8, original_max_position_embeddings: 512 };
    const old = parse('Olmo3', { sliding_window: 8, rope_theta: 1e5, rope_scaling: yarn });
    const new_ = parse('Olmo3', {
      sliding_window: 8,
      layer_types: ['sliding_attention', 'sliding_attention', 'sliding_attention', 'full_attention'],
      rope_parameters: {
        full_attention: { ...yarn, rope_theta: 1e5 },
        sliding_attention: { rope_type: 'default', rope_theta: 1e5 },
      },
    });
    expect(new_).toEqual(old);
    expect(old.layers.map(({ slidingWindow }) => slidingWindow)).toEqual([8, 8, 8, undefined]);
    expect(old.layers.map(({ usesWindowRope }) => usesWindowRope)).toEqual([true, true, true, false]);
    expect(old.rope).toMatchObject({ theta: 1e5, scaling: { type: 'yarn', factor: 8 } });
    expect(old.windowRope).toMatchObject({ theta: 1e5, scaling: { type: 'none' } });
    expect(old.qkNorm).toBe('all');
  });

  it('windows the SmolLM3 layers without RoPE', () => {
    expect(windows('SmolLM3', { use_sliding_window: true, sliding_window: 8 })).toEqual([
      undefined,
      undefined,
      undefined,
      8,
    ]);
    expect(windows('SmolLM3', { use_sliding_window: true })).toEqual(new Array(4).fill(undefined));
  });
});

describe('RoPE', () => {
  const llama3 = {
    factor: 32,
    low_freq_factor: 1,
    high_freq_factor: 4,
    original_max_position_embeddings: 8192,
  };

  it('reads the styles of transformers 4 and 5 alike', () => {
    const old = parse('Llama', { rope_theta: 500_000, rope_scaling: { rope_type: 'llama3', ...llama3 } });
    const new_ = parse('Llama', { rope_parameters: { rope_theta: 500_000, rope_type: 'llama3', ...llama3 } });
    expect(old.rope).toEqual(new_.rope);
    expect(old.rope).toEqual({
      theta: 500_000,
      rotaryDim: 8,
      scaling: {
        type: 'llama3',
        factor: 32,
        lowFrequencyFactor: 1,
        highFrequencyFactor: 4,
        originalContext: 8192,
      },
    });
  });

  it('reads the older name of the type, and gives rope_scaling precedence', () => {
    const { rope } = parse('Llama', {
      rope_scaling: { type: 'linear', factor: 2 },
      rope_parameters: { rope_type: 'default', rope_theta: 7 },
      rope_theta: 5,
    });
    expect(rope).toEqual({ theta: 5, rotaryDim: 8, scaling: { type: 'linear', factor: 2 } });
  });

  it('stretches the context with YaRN', () => {
    const rope_scaling = { rope_type: 'yarn', factor: 4, original_max_position_embeddings: 32_768 };
    const config = parse('Qwen3', { max_position_embeddings: 40_960, rope_scaling });
    expect(config.maxContext).toBe(131_072);
    const unnamed = parse('Llama', { rope_scaling: { rope_type: 'yarn', factor: 2 } });
    expect(unnamed.rope.scaling).toMatchObject({ originalContext: 2048, betaFast: 32, betaSlow: 1 });
  });

  it('lets the original context beside the RoPE object count first', () => {
    const config = parse('Llama', {
      original_max_position_embeddings: 1024,
      rope_scaling: { rope_type: 'llama3', ...llama3 },
    });
    expect(config.rope.scaling).toMatchObject({ originalContext: 1024 });
  });

  it('rotates a part of each head', () => {
    expect(parse('Phi3', { head_dim: 128, partial_rotary_factor: 0.75 }).rope.rotaryDim).toBe(96);
    expect(
      parse('Phi3', { head_dim: 64, rope_parameters: { partial_rotary_factor: 0.5 } }).rope.rotaryDim,
    ).toBe(32);
  });

  it('rotates whole heads in the architectures that do not know the field, as transformers does', () => {
    const partial = { head_dim: 16, rope_parameters: { rope_type: 'default', partial_rotary_factor: 0.5 } };
    expect(parse('Llama', partial).rope.rotaryDim).toBe(16);
  });
});

describe('special ids', () => {
  it('takes them from the generation configuration, then the configuration, else the defaults', () => {
    const config = { eos_token_id: 7, bos_token_id: 6 };
    expect(parse('Llama', config, { eos_token_id: [8, 9, 8] })).toMatchObject({
      bosId: 6,
      eosIds: [8, 9, 7],
    });
    expect(parse('Llama', config, { eos_token_id: 5, bos_token_id: 4 })).toMatchObject({
      bosId: 4,
      eosIds: [5, 7],
    });
    expect(parse('Llama', config)).toMatchObject({ bosId: 6, eosIds: [7] });
    expect(parse('Llama', { bos_token_id: null, eos_token_id: null })).toMatchObject({
      bosId: undefined,
      eosIds: [],
    });
    expect(parse('Qwen2')).toMatchObject({ bosId: undefined, eosIds: [] });
  });

  it('leaves out ids beyond the vocabulary', () => {
    expect(parse('Llama', { eos_token_id: [999, 1000, -1], bos_token_id: 128_000 })).toMatchObject({
      bosId: undefined,
      eosIds: [999],
    });
    expect(parse('Phi3').eosIds).toEqual([]);
  });
});

describe('parts of text of models that see', () => {
  it('are those of Qwen2.5-VL and Qwen3-VL, whose three positions of a token are one', () => {
    const sections = { mrope_section: [2, 1, 1] };
    const old = parseModelConfig({
      ...configOf('Qwen2'),
      architectures: ['Qwen2_5_VLForConditionalGeneration'],
      rope_scaling: { type: 'mrope', ...sections },
    });
    expect(old).toMatchObject({ hasQkvBias: true, rope: { scaling: { type: 'none' } } });
    const { architectures: _, ...text } = configOf('Qwen3', { model_type: 'qwen3_vl_text' });
    const nested = parseModelConfig({
      architectures: ['Qwen3VLForConditionalGeneration'],
      text_config: { ...text, rope_scaling: { rope_type: 'default', mrope_interleaved: true, ...sections } },
    });
    expect(nested).toMatchObject({ qkNorm: 'heads', rope: { scaling: { type: 'none' } } });
  });
});

describe('refusals', () => {
  const cases: [field: string, name: string, fields: object][] = [
    ['architectures', 'MixtralForCausalLM is no such model; Gemma', {}],
    ['vocab_size', 'Llama', { vocab_size: undefined }],
    ['vocab_size', 'Llama', { vocab_size: -5 }],
    ['vocab_size', 'Llama', { vocab_size: 1e12 }],
    ['hidden_size', 'Llama', { hidden_size: 64.5 }],
    ['hidden_size', 'Llama', { hidden_size: '64' }],
    ['num_hidden_layers', 'Llama', { num_hidden_layers: 0 }],
    ['num_hidden_layers', 'Llama', { num_hidden_layers: 1e9 }],
    ['num_key_value_heads', 'Llama', { num_key_value_heads: 3 }],
    ['head_dim', 'Llama', { head_dim: 12 }],
    ['head_dim', 'Llama', { head_dim: 1024 }],
    ['head_dim', 'Llama', { hidden_size: 60 }],
    ['rms_norm_eps', 'Llama', { rms_norm_eps: -1 }],
    ['hidden_act', 'Llama', { hidden_act: 'relu' }],
    ['hidden_act', 'Llama', { hidden_act: 'constructor' }],
    ['tie_word_embeddings', 'Llama', { tie_word_embeddings: 'yes' }],
    ['rope_theta', 'Llama', { rope_theta: 0 }],
    ['rope_scaling.short_factor', 'Phi3', { rope_scaling: { type: 'longrope' } }],
    ['rope_scaling.factor', 'Llama', { rope_scaling: { rope_type: 'linear' } }],
    ['rope_scaling', 'Llama', { rope_scaling: 3 }],
    ['rope_parameters.full_attention', 'Llama', { rope_parameters: { full_attention: {} } }],
    [
      'rope_scaling.high_freq_factor',
      'Llama',
      {
        rope_scaling: { rope_type: 'llama3', factor: 8, low_freq_factor: 4, high_freq_factor: 4 },
      },
    ],
    ['partial_rotary_factor', 'Phi3', { partial_rotary_factor: 0.1 }],
    [
      'partial_rotary_factor',
      'Qwen2',
      { rope_parameters: { rope_type: 'linear', factor: 2, partial_rotary_factor: 0.5 } },
    ],
    ['quantization_config', 'Llama', { quantization_config: { quant_method: 'gptq' } }],
    ['quantization_config', 'Llama', { quantization_config: { config_groups: { group_0: {} } } }],
    ['text_config.model_type', 'Llama', { text_config: { model_type: 'kimi_linear' } }],
    ['num_local_experts', 'Mistral', { num_local_experts: 8 }],
    ['final_logit_softcapping', 'Llama', { final_logit_softcapping: 30 }],
    ['logits_scaling', 'Llama', { logits_scaling: 8 }],
    ['attention_multiplier', 'Llama', { attention_multiplier: 0.01 }],
    ['sliding_window', 'Mistral', { sliding_window: 0 }],
    ['layer_types', 'Mistral', { layer_types: ['full_attention', 'a', 'b', 'c'] }],
    ['layer_types', 'Mistral', { layer_types: new Array(4).fill('full_attention') }],
    ['layer_types', 'Qwen2', { layer_types: new Array(4).fill('sliding_attention') }],
    ['layer_types', 'Qwen2', { layer_types: ['full_attention'] }],
    ['no_rope_layers', 'SmolLM3', { no_rope_layers: [1, 1, 1] }],
    ['no_rope_layers', 'SmolLM3', { no_rope_layers: [1, 1, 1, 2] }],
    ['eos_token_id', 'Llama', { eos_token_id: '2' }],
    ['max_position_embeddings', 'Llama', { max_position_embeddings: 1e15 }],
  ];

  it('names a field whose value is too deep to show', () => {
    const vocabSize: unknown = JSON.parse('['.repeat(1e5) + ']'.repeat(1e5));
    expect(() => parse('Llama', { vocab_size: vocabSize })).toThrow(/vocab_size = a value too deep/);
    expect(isUsual({ architectures: [vocabSize] })).toBe(false);
  });

  it.each(cases)('names %s (%s, %j)', (field, name, fields) => {
    let error: unknown;
    try {
      parse(name, fields);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(EngineError);
    expect(error).toMatchObject({
      code: 'model-unsupported',
      message: expect.stringContaining(field) as string,
    });
  });

  it('accepts the neutral values of fields that it would refuse', () => {
    const fields = { quantization_config: null, logits_scaling: 1, num_experts: 0, vision_config: null };
    expect(parse('Llama', fields).vocabSize).toBe(1000);
  });

  it.each([null, 3, 'text', [], {}])('refuses %j as a whole configuration', (config) => {
    expect(() => parseModelConfig(config)).toThrow(EngineError);
  });

  it('refuses a generation configuration that is no object', () => {
    expect(() => parse('Llama', {}, [])).toThrow(/generation_config\.json/);
  });
});
