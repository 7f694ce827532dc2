/**
 * A GGUF file's metadata as a configuration in the form of Hugging Face's `config.json`, so that one reader takes both. Which
 * architecture has which keys: `gguf-py/gguf/constants.py` and `convert_hf_to_gguf.py` of github.com/ggml-org/llama.cpp. Pure.
 */
import type { GgufTensor } from './gguf-header';
import type { GgufMetadata } from './gguf-metadata';

/** A configuration; fields that are undefined are not there. */
type ConfigObject = Record<string, unknown>;

/** Tensors that the configuration needs, whose values are read for it. */
export interface RopeFactors {
  /** Of `rope_freqs.weight`: what each frequency is divided by. */
  readonly all?: Float32Array;
  readonly short?: Float32Array;
  readonly long?: Float32Array;
}

/** Names of the tensors of `RopeFactors`. */
export const ropeFactorTensors: Readonly<Record<string, keyof RopeFactors>> = {
  'rope_freqs.weight': 'all',
  'rope_factors_short.weight': 'short',
  'rope_factors_long.weight': 'long',
};

/** What Hugging Face calls an architecture, and the fields that GGUF leaves to its name. */
interface NamedArchitecture {
  readonly name: string;
  readonly modelType: string;
  /** What files of this architecture mean without saying it. */
  readonly fields?: (metadata: GgufMetadata) => ConfigObject;
}

const own = (metadata: GgufMetadata, part: string) => metadata.number(metadata.own(part));

const gemma = () => ({ hidden_act: 'gelu_pytorch_tanh', hidden_activation: 'gelu_pytorch_tanh' });

/** Head width of queries' scale: 256 in all but the largest models, where it is the hidden size by heads. */
function gemmaScalar(metadata: GgufMetadata, largestLayers: number): number {
  const heads = metadata.layerNumber(metadata.own('attention.head_count')) ?? 1;
  const isLargest = own(metadata, 'block_count') === largestLayers;
  return isLargest
    ? metadata.requiredNumber(metadata.own('embedding_length')) / heads
    : (own(metadata, 'attention.key_length') ?? 256);
}

const architectures: Readonly<Record<string, NamedArchitecture>> = {
  llama: { name: 'LlamaForCausalLM', modelType: 'llama' },
  mistral3: {
    name: 'Ministral3ForCausalLM',
    modelType: 'ministral3',
    // The fields of RoPE say more here than elsewhere.
    fields: (metadata) => ({
      rope_scaling: null,
      rope_parameters: {
        rope_theta: own(metadata, 'rope.freq_base') ?? 1_000_000,
        ...(metadata.text(metadata.own('rope.scaling.type')) === 'yarn' && {
          rope_type: 'yarn',
          factor: own(metadata, 'rope.scaling.factor'),
          beta_fast: own(metadata, 'rope.scaling.yarn_beta_fast') ?? 32,
          beta_slow: own(metadata, 'rope.scaling.yarn_beta_slow') ?? 1,
          // Where it is written, cosines and sines are not made larger.
          ...(own(metadata, 'rope.scaling.yarn_log_multiplier') && { mscale: 1, mscale_all_dim: 1 }),
        }),
        original_max_position_embeddings:
          own(metadata, 'rope.scaling.original_context_length') ?? own(metadata, 'context_length'),
        ...(own(metadata, 'attention.temperature_scale') !== undefined && {
          llama_4_scaling_beta: own(metadata, 'attention.temperature_scale'),
        }),
      },
    }),
  },
  qwen2: { name: 'Qwen2ForCausalLM', modelType: 'qwen2' },
  qwen3: { name: 'Qwen3ForCausalLM', modelType: 'qwen3' },
  smollm3: {
    name: 'SmolLM3ForCausalLM',
    modelType: 'smollm3',
    // llama.cpp leaves RoPE out of every fourth layer, as all files of the architecture do.
    fields: () => ({ no_rope_layer_interval: 4 }),
  },
  phi3: {
    name: 'Phi3ForCausalLM',
    modelType: 'phi3',
    // The configuration calls the window by its size; what is not set is as wide as the context.
    fields: (metadata) => {
      const window = own(metadata, 'attention.sliding_window');
      // None is written as 0.
      return { sliding_window: window === 0 ? null : (window ?? null) };
    },
  },
  gemma: { name: 'GemmaForCausalLM', modelType: 'gemma', fields: gemma },
  gemma2: {
    name: 'Gemma2ForCausalLM',
    modelType: 'gemma2',
    fields: (metadata) => ({
      ...gemma(),
      attn_logit_softcapping: own(metadata, 'attn_logit_softcapping') ?? 50,
      final_logit_softcapping: own(metadata, 'final_logit_softcapping') ?? 30,
      sliding_window: own(metadata, 'attention.sliding_window') ?? 4096,
      query_pre_attn_scalar: gemmaScalar(metadata, 46),
    }),
  },
  gemma3: {
    name: 'Gemma3ForCausalLM',
    modelType: 'gemma3_text',
    fields: (metadata) => ({
      ...gemma(),
      rope_theta: own(metadata, 'rope.freq_base') ?? 1_000_000,
      rope_local_base_freq: own(metadata, 'rope.freq_base_swa') ?? 10_000,
      sliding_window: own(metadata, 'attention.sliding_window') ?? 1024,
      sliding_window_pattern: 6,
      query_pre_attn_scalar: gemmaScalar(metadata, 62),
      final_logit_softcapping: own(metadata, 'final_logit_softcapping') ?? null,
      attn_logit_softcapping: null,
    }),
  },
  granite: {
    name: 'GraniteForCausalLM',
    modelType: 'granite',
    fields: (metadata) => ({
      embedding_multiplier: own(metadata, 'embedding_scale') ?? 1,
      residual_multiplier: own(metadata, 'residual_scale') ?? 1,
      attention_multiplier: own(metadata, 'attention.scale'),
      logits_scaling: own(metadata, 'logit_scale') ?? 1,
    }),
  },
  olmo2: {
    name: 'Olmo2ForCausalLM',
    modelType: 'olmo2',
    // Files of OLMo 3 have the same name, and a window.
    fields: (metadata) => {
      const window = own(metadata, 'attention.sliding_window');
      if (!window) return {};
      return { architectures: ['Olmo3ForCausalLM'], model_type: 'olmo3', sliding_window: window };
    },
  },
  stablelm: {
    name: 'StableLmForCausalLM',
    modelType: 'stablelm',
    fields: (metadata) => ({
      use_parallel_residual: metadata.boolean(metadata.own('use_parallel_residual')) ?? false,
    }),
  },
  phi2: { name: 'PhiForCausalLM', modelType: 'phi', fields: () => ({ hidden_act: 'gelu_new' }) },
  glm4: { name: 'Glm4ForCausalLM', modelType: 'glm4' },
  exaone4: {
    name: 'Exaone4ForCausalLM',
    modelType: 'exaone4',
    fields: (metadata) => ({ sliding_window: own(metadata, 'attention.sliding_window') ?? null }),
  },
  ernie4_5: { name: 'Ernie4_5ForCausalLM', modelType: 'ernie4_5' },
  'hunyuan-dense': { name: 'HunYuanDenseV1ForCausalLM', modelType: 'hunyuan_v1_dense' },
  qwen3moe: {
    name: 'Qwen3MoeForCausalLM',
    modelType: 'qwen3_moe',
    fields: (metadata) => ({
      num_experts: own(metadata, 'expert_count'),
      num_experts_per_tok: own(metadata, 'expert_used_count'),
      moe_intermediate_size: own(metadata, 'expert_feed_forward_length'),
      norm_topk_prob: true,
    }),
  },
};

/**
 * The configuration, its token ids included.
 * @throws EngineError `model-unsupported` naming the key, or the architecture
 */
export function ggufConfig(
  metadata: GgufMetadata,
  tensors: readonly Pick<GgufTensor, 'name' | 'shape'>[],
  factors: RopeFactors,
): ConfigObject {
  const { architecture } = metadata;
  const known = Object.hasOwn(architectures, architecture) ? architectures[architecture] : undefined;
  if (!known) {
    throw metadata.unsupported(
      `is of the architecture '${architecture}'; this engine reads GGUF files of ${Object.keys(architectures).join(', ')}`,
    );
  }
  const shapes = new Map(tensors.map(({ name, shape }) => [name, shape]));
  const required = (part: string) => metadata.requiredNumber(metadata.own(part));
  const vocabSize = shapes.get('token_embd.weight')?.[0];
  if (vocabSize === undefined) throw metadata.unsupported("has no tensor 'token_embd.weight'");
  const hiddenSize = required('embedding_length');
  const numHeads = metadata.layerNumber(metadata.own('attention.head_count'));
  if (numHeads === undefined) throw metadata.unsupported(`has no '${metadata.own('attention.head_count')}'`);
  const headDim = own(metadata, 'attention.key_length') ?? hiddenSize / numHeads;
  const valueDim = own(metadata, 'attention.value_length') ?? headDim;
  if (valueDim !== headDim) {
    throw metadata.unsupported(
      `has keys of ${headDim} channels and values of ${valueDim}: they must be alike`,
    );
  }
  const rotaryDim = own(metadata, 'rope.dimension_count') ?? headDim;
  const intermediateSize = metadata.layerNumber(metadata.own('feed_forward_length'));
  const fields: ConfigObject = {
    architectures: [known.name],
    model_type: known.modelType,
    vocab_size: vocabSize,
    hidden_size: hiddenSize,
    intermediate_size: intermediateSize ?? own(metadata, 'expert_feed_forward_length'),
    num_hidden_layers: required('block_count'),
    num_attention_heads: numHeads,
    num_key_value_heads: metadata.layerNumber(metadata.own('attention.head_count_kv')) ?? numHeads,
    head_dim: headDim,
    max_position_embeddings: required('context_length'),
    rms_norm_eps: own(metadata, 'attention.layer_norm_rms_epsilon'),
    layer_norm_eps: own(metadata, 'attention.layer_norm_epsilon'),
    rope_theta: own(metadata, 'rope.freq_base') ?? 10_000,
    rope_scaling: ropeScaling(metadata, factors, rotaryDim),
    ...(rotaryDim !== headDim && { partial_rotary_factor: rotaryDim / headDim }),
    tie_word_embeddings: !shapes.has('output.weight'),
    attention_bias: shapes.has('blk.0.attn_q.bias') || shapes.has('blk.0.attn_qkv.bias'),
    // Head profiles find their model by this object's text: it must not change for files that load already.
    ...(architecture === 'stablelm' && {
      use_qkv_bias: shapes.has('blk.0.attn_q.bias'),
      qk_layernorm: shapes.has('blk.0.attn_q_norm.weight'),
    }),
    mlp_bias: shapes.has('blk.0.ffn_up.bias'),
    bos_token_id: metadata.number('tokenizer.ggml.bos_token_id') ?? null,
    ...known.fields?.(metadata),
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** Stretched positions as `rope_scaling` says them; null for none. */
function ropeScaling(
  metadata: GgufMetadata,
  { all, short, long }: RopeFactors,
  rotaryDim: number,
): ConfigObject | null {
  const type = metadata.text(metadata.own('rope.scaling.type'));
  const factor = own(metadata, 'rope.scaling.factor') ?? own(metadata, 'rope.scale_linear');
  const original = own(metadata, 'rope.scaling.original_context_length');
  const attention = own(metadata, 'rope.scaling.attn_factor');
  if (short && long) {
    return {
      rope_type: 'longrope',
      short_factor: [...short],
      long_factor: [...long],
      original_max_position_embeddings: original,
      ...(attention !== undefined && { attention_factor: attention }),
    };
  }
  if (all) return llama3Scaling(metadata, all, rotaryDim);
  if (factor === undefined || factor === 0 || type === 'none') return null;
  if (type === undefined || type === 'linear') return factor === 1 ? null : { rope_type: 'linear', factor };
  if (type !== 'yarn')
    throw metadata.unsupported(`stretches positions by '${type}', which this engine does not do`);
  return { rope_type: 'yarn', factor, original_max_position_embeddings: original };
}

/**
 * GGUF keeps what Llama 3's scaling comes to for each frequency, and not its parameters. All models of it have the same ones
 * but for the factor, which is that of the slowest frequency.
 */
function llama3Scaling(
  metadata: GgufMetadata,
  divisors: Float32Array,
  rotaryDim: number,
): ConfigObject | null {
  const theta = own(metadata, 'rope.freq_base') ?? 10_000;
  const factor = divisors.at(-1) ?? 1;
  const [low, high, original] = [1, 4, 8192];
  const expected = Array.from({ length: rotaryDim / 2 }, (_, i) => {
    const wavelength = 2 * Math.PI * theta ** ((2 * i) / rotaryDim);
    if (wavelength < original / high) return 1;
    if (wavelength > original / low) return factor;
    const smooth = (original / wavelength - low) / (high - low);
    return 1 / ((1 - smooth) / factor + smooth);
  });
  if (divisors.every((divisor) => divisor === 1)) return null;
  const isLlama3 =
    divisors.length === expected.length &&
    expected.every((divisor, i) => Math.abs(divisor - divisors[i]!) <= 1e-3 * divisor);
  if (!isLlama3) throw metadata.unsupported('has frequencies of RoPE that are not those of Llama 3');
  return {
    rope_type: 'llama3',
    factor,
    low_freq_factor: low,
    high_freq_factor: high,
    original_max_position_embeddings: original,
  };
}
