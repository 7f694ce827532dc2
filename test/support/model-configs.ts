/** The test models as `config.json` contents: every architecture, and the variants in which they go wrong. Data only. */
import type { HfConfig } from './model-weights';
import type { FloatType } from './safetensors';

/** One model: what Hugging Face would write, how its weights are stored, and what it is there for. */
export interface ModelSpec {
  readonly name: string;
  /** What is special about it, for test titles. */
  readonly title: string;
  readonly config: HfConfig;
  /** Element type in the safetensors file; F32 where absent. */
  readonly type?: FloatType;
  /** Number of safetensors shards; one file without an index where absent. */
  readonly numShards?: number;
}

const common = {
  num_hidden_layers: 2,
  hidden_act: 'silu',
  max_position_embeddings: 2048,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  bos_token_id: 0,
  eos_token_id: 1,
  initializer_range: 0.02,
  use_cache: true,
};

const llama = { ...common, architectures: ['LlamaForCausalLM'], model_type: 'llama' } as const;
const mistral = { ...common, architectures: ['MistralForCausalLM'], model_type: 'mistral' } as const;
const qwen2 = {
  ...common,
  architectures: ['Qwen2ForCausalLM'],
  model_type: 'qwen2',
  rms_norm_eps: 1e-6,
} as const;
const qwen3 = {
  ...common,
  architectures: ['Qwen3ForCausalLM'],
  model_type: 'qwen3',
  rms_norm_eps: 1e-6,
} as const;
const smollm3 = {
  ...common,
  architectures: ['SmolLM3ForCausalLM'],
  model_type: 'smollm3',
  pad_token_id: 1,
} as const;
const phi3 = { ...common, architectures: ['Phi3ForCausalLM'], model_type: 'phi3', pad_token_id: 1 } as const;

/** The committed fixture, whose goldens come from llama.cpp: 3 layers, 2 query heads a KV head, head dimension 16. */
export const tinyLlama: ModelSpec = {
  name: 'tiny-llama',
  title: 'the committed fixture',
  type: 'F16',
  config: {
    ...llama,
    num_hidden_layers: 3,
    vocab_size: 304,
    hidden_size: 48,
    intermediate_size: 68,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    head_dim: 16,
    tie_word_embeddings: true,
    torch_dtype: 'float16',
  },
};

/** Models made on the fly, whose goldens come from transformers. */
export const architectureSpecs: readonly ModelSpec[] = [
  {
    name: 'llama',
    title: 'tied head, head dimension 16, group 2, rows of 172',
    config: {
      ...llama,
      vocab_size: 307,
      hidden_size: 64,
      intermediate_size: 172,
      num_attention_heads: 4,
      num_key_value_heads: 2,
      tie_word_embeddings: true,
    },
  },
  {
    name: 'llama-llama3',
    title: 'llama3 RoPE scaling, untied head, head dimension 32, group 4, rows of 45',
    config: {
      ...llama,
      vocab_size: 321,
      hidden_size: 60,
      intermediate_size: 45,
      num_attention_heads: 4,
      num_key_value_heads: 1,
      head_dim: 32,
      rope_theta: 500000,
      rope_scaling: {
        rope_type: 'llama3',
        factor: 8,
        low_freq_factor: 1,
        high_freq_factor: 4,
        original_max_position_embeddings: 256,
      },
      tie_word_embeddings: false,
    },
  },
  {
    name: 'llama-linear',
    title: 'linear RoPE scaling in the old spelling, GELU, head dimension 8, group 1',
    config: {
      ...llama,
      vocab_size: 304,
      hidden_size: 40,
      intermediate_size: 72,
      num_attention_heads: 5,
      num_key_value_heads: 5,
      hidden_act: 'gelu',
      rope_scaling: { type: 'linear', factor: 4 },
      tie_word_embeddings: true,
    },
  },
  {
    name: 'llama-bias',
    title: 'biases on all matrices, GELU by tanh, group 7, head dimension 8',
    config: {
      ...llama,
      vocab_size: 304,
      hidden_size: 56,
      intermediate_size: 60,
      num_attention_heads: 7,
      num_key_value_heads: 1,
      hidden_act: 'gelu_pytorch_tanh',
      attention_bias: true,
      mlp_bias: true,
      tie_word_embeddings: false,
    },
  },
  {
    name: 'llama-yarn',
    title: 'YaRN RoPE scaling, head dimension 64',
    config: {
      ...llama,
      vocab_size: 304,
      hidden_size: 48,
      intermediate_size: 64,
      num_attention_heads: 2,
      num_key_value_heads: 1,
      head_dim: 64,
      rope_scaling: { rope_type: 'yarn', factor: 4, original_max_position_embeddings: 256 },
      max_position_embeddings: 1024,
      tie_word_embeddings: true,
    },
  },
  {
    name: 'mistral',
    title: 'explicit head dimension 32, bf16, head width unlike hidden width',
    type: 'BF16',
    config: {
      ...mistral,
      vocab_size: 320,
      hidden_size: 72,
      intermediate_size: 100,
      num_attention_heads: 4,
      num_key_value_heads: 2,
      head_dim: 32,
      rope_theta: 1000000,
      sliding_window: null,
      tie_word_embeddings: false,
    },
  },
  {
    name: 'mistral-window',
    title: 'sliding window of 50 tokens',
    config: {
      ...mistral,
      vocab_size: 304,
      hidden_size: 64,
      intermediate_size: 96,
      num_attention_heads: 4,
      num_key_value_heads: 2,
      sliding_window: 50,
      tie_word_embeddings: false,
    },
  },
  {
    name: 'qwen2',
    title: 'biases on q, k and v, group 7, tied head',
    config: {
      ...qwen2,
      vocab_size: 331,
      hidden_size: 112,
      intermediate_size: 152,
      num_attention_heads: 7,
      num_key_value_heads: 1,
      rope_theta: 1000000,
      sliding_window: 64,
      use_sliding_window: false,
      max_window_layers: 1,
      tie_word_embeddings: true,
    },
  },
  {
    name: 'qwen2-window',
    title: 'sliding window of 33 tokens from the second layer on, f16',
    type: 'F16',
    config: {
      ...qwen2,
      vocab_size: 304,
      hidden_size: 64,
      intermediate_size: 96,
      num_attention_heads: 4,
      num_key_value_heads: 4,
      sliding_window: 33,
      use_sliding_window: true,
      max_window_layers: 1,
      tie_word_embeddings: true,
    },
  },
  {
    name: 'qwen3',
    title: 'norms on q and k, head dimension 128',
    config: {
      ...qwen3,
      vocab_size: 304,
      hidden_size: 64,
      intermediate_size: 88,
      num_attention_heads: 2,
      num_key_value_heads: 1,
      head_dim: 128,
      rope_theta: 1000000,
      attention_bias: false,
      sliding_window: null,
      use_sliding_window: false,
      max_window_layers: 2,
      tie_word_embeddings: true,
    },
  },
  {
    name: 'qwen3-yarn',
    title: 'YaRN with all its settings in the new spelling of the RoPE parameters, untied head',
    config: {
      ...qwen3,
      vocab_size: 304,
      hidden_size: 48,
      intermediate_size: 64,
      num_attention_heads: 4,
      num_key_value_heads: 2,
      head_dim: 32,
      rope_theta: undefined,
      rope_parameters: {
        rope_type: 'yarn',
        rope_theta: 1000000,
        factor: 4,
        original_max_position_embeddings: 256,
        beta_fast: 16,
        beta_slow: 2,
        attention_factor: 1.25,
      },
      max_position_embeddings: 1024,
      layer_types: ['full_attention', 'full_attention'],
      attention_bias: false,
      sliding_window: null,
      use_sliding_window: false,
      tie_word_embeddings: false,
    },
  },
  {
    name: 'smollm3',
    title: 'every second layer without RoPE, group 4, in three shards',
    numShards: 3,
    config: {
      ...smollm3,
      num_hidden_layers: 3,
      vocab_size: 304,
      hidden_size: 64,
      intermediate_size: 96,
      num_attention_heads: 4,
      num_key_value_heads: 1,
      rope_theta: 2000000,
      no_rope_layer_interval: 2,
      no_rope_layers: [1, 0, 1],
      layer_types: ['full_attention', 'full_attention', 'full_attention'],
      sliding_window: null,
      use_sliding_window: false,
      attention_bias: false,
      mlp_bias: false,
      tie_word_embeddings: true,
    },
  },
  {
    name: 'phi3',
    title: 'fused matrices, head dimension 96, window of 100 tokens',
    config: {
      ...phi3,
      vocab_size: 310,
      hidden_size: 192,
      intermediate_size: 64,
      num_attention_heads: 2,
      num_key_value_heads: 2,
      original_max_position_embeddings: 2048,
      rope_scaling: null,
      sliding_window: 100,
      attention_bias: false,
      tie_word_embeddings: false,
    },
  },
  {
    name: 'phi3-partial',
    title: 'fused matrices, RoPE on three quarters of a head, tied head',
    config: {
      ...phi3,
      vocab_size: 304,
      hidden_size: 96,
      intermediate_size: 80,
      num_attention_heads: 3,
      num_key_value_heads: 1,
      partial_rotary_factor: 0.75,
      original_max_position_embeddings: 2048,
      rope_scaling: null,
      sliding_window: null,
      attention_bias: false,
      tie_word_embeddings: true,
    },
  },
];
