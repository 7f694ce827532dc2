/** The architectures that this engine runs, as data: what differs between them, and what their missing fields mean. */

/** How an architecture decides which layers attend only a window of the latest tokens. */
export type WindowRule =
  /** No layer does, whatever the configuration says. */
  | 'never'
  /** Every layer, when `sliding_window` is a number. */
  | 'every-layer'
  /** With `use_sliding_window`: the layers named by `layer_types`, else those from `max_window_layers` on. */
  | 'upper-layers'
  /** With `use_sliding_window`: the layers named by `layer_types`, else those without RoPE. */
  | 'layers-without-rope';

/** One architecture: flags, and the defaults of Hugging Face's configuration classes (transformers 5.18). */
export interface Architecture {
  /** `model_type`, which stands in where `architectures` is missing. */
  readonly modelType: string;
  /** `attention_bias` decides over biases of qkv and output projection, or they are fixed. */
  readonly qkvBias: boolean | 'attention_bias';
  readonly outputBias: boolean | 'attention_bias';
  readonly mlpBias: boolean | 'mlp_bias';
  /** RMS norm of each query and key head before RoPE. */
  readonly hasQkNorm: boolean;
  /** One tensor `qkv_proj` and one `gate_up_proj` instead of three and two. */
  readonly isFused: boolean;
  /** `no_rope_layers` and `no_rope_layer_interval` may take RoPE from layers. */
  readonly hasLayersWithoutRope: boolean;
  readonly windowRule: WindowRule;
  /** `partial_rotary_factor` says how much of a head is rotated; else all of it is. */
  readonly hasPartialRope: boolean;
  /** RoPE scalings that mean in this architecture what their name says. */
  readonly ropeTypes: readonly ('linear' | 'llama3' | 'yarn')[];
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
    readonly bosId?: number;
    readonly eosId?: number;
  };
}

const plain = {
  qkvBias: false,
  outputBias: false,
  mlpBias: false,
  hasQkNorm: false,
  isFused: false,
  hasLayersWithoutRope: false,
  windowRule: 'never',
  hasPartialRope: false,
  ropeTypes: ['linear', 'llama3', 'yarn'],
} as const;

const plainDefaults = { ropeTheta: 10_000, normEpsilon: 1e-6, isHeadTied: false } as const;

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
    hasQkNorm: true,
    windowRule: 'upper-layers',
    defaults: { ...plainDefaults, maxContext: 32_768, numKvHeads: 32, headDim: 128, slidingWindow: 4096 },
  },
  SmolLM3ForCausalLM: {
    ...plain,
    modelType: 'smollm3',
    qkvBias: 'attention_bias',
    outputBias: 'attention_bias',
    mlpBias: 'mlp_bias',
    hasLayersWithoutRope: true,
    windowRule: 'layers-without-rope',
    defaults: {
      ...plainDefaults,
      ropeTheta: 2_000_000,
      maxContext: 32_768,
      isHeadTied: true,
      numKvHeads: 4,
      bosId: 128_000,
      eosId: 128_001,
    },
  },
  Phi3ForCausalLM: {
    ...plain,
    modelType: 'phi3',
    isFused: true,
    hasPartialRope: true,
    windowRule: 'every-layer',
    // In this architecture 'yarn' is an old name of LongRoPE.
    ropeTypes: ['linear'],
    defaults: { ...plainDefaults, normEpsilon: 1e-5, maxContext: 4096, bosId: 1, eosId: 32_000 },
  },
};
