/**
 * Architectures as data: what differs between them, and what their missing fields mean. Here are those of most models; what is in
 * `other-architectures.ts` is fetched for those that need it.
 */
import type { ConfigFields } from '../util/config-fields';
import type { ModelExtras, NormNames } from './model-extras';

/** How an architecture decides which layers attend only a window of the latest tokens. */
type WindowRule =
  /** No layer does, whatever the configuration says. */
  | 'never'
  /** Every layer, when `sliding_window` is a number. */
  | 'every-layer'
  /** With `use_sliding_window`: the layers named by `layer_types`, else those from `max_window_layers` on. */
  | 'upper-layers'
  /** With `use_sliding_window`: the layers named by `layer_types`, else those without RoPE. */
  | 'layers-without-rope'
  /** When `sliding_window` is a number: the layers named by `layer_types`, else all but every `sliding_window_pattern`-th. */
  | 'pattern';

/** RMS norm of queries and keys: none, of each head before or after RoPE, or of all heads together before it. */
export type QkNorm = 'none' | 'heads' | 'heads-after-rope' | 'all';

/** One architecture: flags, and the defaults of Hugging Face's configuration classes (transformers 5.18). */
export interface Architecture {
  /** `model_type`, which stands in where `architectures` is missing. */
  readonly modelType: string;
  /** The field that decides over biases of qkv and output projection, or they are fixed. */
  readonly qkvBias: boolean | 'attention_bias' | 'use_bias' | 'use_qkv_bias';
  readonly outputBias: boolean | 'attention_bias' | 'use_bias';
  readonly mlpBias: boolean | 'mlp_bias' | 'use_bias';
  readonly qkNorm: QkNorm;
  readonly norms: NormNames;
  /** Norms multiply by `1 + weight`. */
  readonly hasOffsetNorms: boolean;
  /** Embeddings are multiplied by the root of the hidden size. */
  readonly hasScaledEmbedding: boolean;
  /** RoPE turns neighbouring channels, as files have them, not a head's halves. */
  readonly hasInterleavedRope: boolean;
  /** Where layers have windows, those without one have no RoPE. */
  readonly isRopeOnlyInWindows: boolean;
  /**
   * RoPE of layers with a window where it is another one: `rope_local_base_freq` is its base, or it is the model's own, unscaled.
   */
  readonly windowRope: 'same' | 'local-base' | 'unscaled';
  /** Fields that multiply: `query_pre_attn_scalar` (its inverse root), or Granite's four. */
  readonly multipliers: 'none' | 'query-scalar' | 'granite';
  /** One tensor `qkv_proj` and one `gate_up_proj` instead of three and two. */
  readonly isFused: boolean;
  /** One tensor `gate_up_proj`, beside three of q, k and v. */
  readonly isGateUpFused: boolean;
  /** `no_rope_layers` and `no_rope_layer_interval` may take RoPE from layers. */
  readonly hasLayersWithoutRope: boolean;
  readonly windowRule: WindowRule;
  /** `partial_rotary_factor` says how much of a head is rotated; else all of it is. */
  readonly hasPartialRope: boolean;
  /** Fields that its reader or `extras` follows and that other architectures must not have. */
  readonly follows: readonly string[];
  /** Reads what few architectures have. @throws EngineError `model-unsupported` naming the field */
  readonly extras?: (fields: ConfigFields) => ModelExtras;
  /** RoPE scalings that mean in this architecture what their name says. */
  readonly ropeTypes: readonly ('linear' | 'llama3' | 'yarn' | 'longrope' | 'dynamic' | 'mrope')[];
  readonly defaults: {
    readonly ropeTheta: number;
    readonly normEpsilon: number;
    readonly maxContext: number;
    readonly isHeadTied: boolean;
    /** Undefined: as many as query heads. */
    readonly numKvHeads?: number;
    /** Undefined: hidden size / heads. */
    readonly headDim?: number;
    readonly slidingWindow?: number;
    /** Every n-th layer has no window. */
    readonly slidingWindowPattern?: number;
    readonly queryScalar?: number;
    readonly localRopeTheta?: number;
    readonly activation?: string;
    readonly partialRotaryFactor?: number;
    readonly bosId?: number;
    readonly eosId?: number;
  };
}

/** What most architectures have. */
export const plain = {
  qkvBias: false,
  outputBias: false,
  mlpBias: false,
  qkNorm: 'none',
  norms: { attention: 'input_layernorm', mlp: 'post_attention_layernorm' },
  hasOffsetNorms: false,
  hasScaledEmbedding: false,
  hasInterleavedRope: false,
  isRopeOnlyInWindows: false,
  windowRope: 'same',
  multipliers: 'none',
  isFused: false,
  isGateUpFused: false,
  hasLayersWithoutRope: false,
  windowRule: 'never',
  hasPartialRope: false,
  follows: [],
  ropeTypes: ['linear', 'llama3', 'yarn', 'dynamic'],
} as const satisfies Partial<Architecture>;

/** What most of them mean where a field is missing. */
export const plainDefaults = { ropeTheta: 10_000, normEpsilon: 1e-6, isHeadTied: false } as const;

/** By the name in `config.json`'s `architectures`. */
export const architectures: Readonly<Record<string, Architecture>> = {
  LlamaForCausalLM: {
    ...plain,
    modelType: 'llama',
    qkvBias: 'attention_bias',
    outputBias: 'attention_bias',
    mlpBias: 'mlp_bias',
    defaults: { ...plainDefaults, maxContext: 2048, bosId: 1, eosId: 2 },
  },
  MistralForCausalLM: {
    ...plain,
    modelType: 'mistral',
    windowRule: 'every-layer',
    defaults: {
      ...plainDefaults,
      maxContext: 131_072,
      numKvHeads: 8,
      slidingWindow: 4096,
      bosId: 1,
      eosId: 2,
    },
  },
  Qwen2ForCausalLM: {
    ...plain,
    modelType: 'qwen2',
    qkvBias: true,
    windowRule: 'upper-layers',
    defaults: { ...plainDefaults, maxContext: 32_768, numKvHeads: 32, slidingWindow: 4096 },
  },
  Qwen3ForCausalLM: {
    ...plain,
    modelType: 'qwen3',
    qkvBias: 'attention_bias',
    outputBias: 'attention_bias',
    qkNorm: 'heads',
    windowRule: 'upper-layers',
    defaults: { ...plainDefaults, maxContext: 32_768, numKvHeads: 32, headDim: 128, slidingWindow: 4096 },
  },
};
