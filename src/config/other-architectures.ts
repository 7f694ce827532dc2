/** Architectures beside those of most models: fetched when a configuration names none of those. */
import { ConfigFields } from '../util/config-fields';
import { architectures, plain, plainDefaults, type Architecture } from './architectures';
import type { ModelExtras } from './model-extras';

const softCapFields = ['attn_logit_softcapping', 'final_logit_softcapping'] as const;

/** Caps of attention scores and logits; null is none, and a field that is missing has the class's default. */
function softCaps(
  fields: ConfigFields,
  defaults: { readonly attention?: number; readonly logits?: number },
): ModelExtras {
  const cap = (name: string, usual?: number) => {
    const otherwise = fields.has(name) ? undefined : usual;
    if (fields.get(name) === undefined && otherwise === undefined) return undefined;
    return fields.number(name, { min: 1e-3, max: 1e6 }, otherwise);
  };
  const [attention, logits] = [
    cap(softCapFields[0], defaults.attention),
    cap(softCapFields[1], defaults.logits),
  ];
  return {
    ...(attention !== undefined && { attentionSoftCap: attention }),
    ...(logits !== undefined && { logitSoftCap: logits }),
  };
}

/** Qwen3-MoE's experts. */
function experts(fields: ConfigFields): ModelExtras {
  if (fields.get('quantization') !== undefined || fields.get('quantization_config') !== undefined)
    throw fields.refuse(
      'quantization',
      'experts are read from GGUF files and from files that are not quantised',
    );
  if (fields.get('use_sliding_window'))
    throw fields.refuse('use_sliding_window', 'this engine does not support that here');
  if (
    fields.integer('decoder_sparse_step', { min: 1, max: 1024 }, 1) !== 1 ||
    fields.array('mlp_only_layers')?.length
  )
    throw fields.refuse('mlp_only_layers', 'all layers must have experts');
  const name = fields.get('num_experts') === undefined ? 'num_local_experts' : 'num_experts';
  const count = fields.integer(name, { min: 1, max: 65_535 }, 128);
  const perToken = fields.integer('num_experts_per_tok', { min: 1, max: count }, 8);
  const intermediateSize = fields.integer('moe_intermediate_size', { min: 8, max: 2 ** 16 }, 768);
  const isNormalized = fields.boolean('norm_topk_prob', false);
  return {
    intermediateSize: perToken * intermediateSize,
    experts: { count, perToken, intermediateSize, isNormalized, isStacked: false },
  };
}

const layerNorm = (fields: ConfigFields) => ({
  isLayerNorm: true,
  normEpsilon: fields.number('layer_norm_eps', { min: 0, max: 1 }, 1e-5),
});

/** Ministral 3's growth of queries, which its RoPE fields say. */
function queryGrowth(fields: ConfigFields): ModelExtras {
  const values = fields.object('rope_parameters');
  if (!values)
    throw fields.refuse('rope_parameters', "'ministral3' models say there how positions are stretched");
  const rope = new ConfigFields(values, 'rope_parameters.');
  if (rope.get('llama_4_scaling_beta') === undefined) return {};
  return {
    queryGrowth: {
      rate: rope.number('llama_4_scaling_beta', { min: 0, max: 10 }),
      span: rope.integer('original_max_position_embeddings', { min: 1, max: 2 ** 24 }),
    },
  };
}

/** Norms on what attention and feed-forward give, and none before them. */
const outputNorms = {
  attentionOutput: 'post_attention_layernorm',
  mlpOutput: 'post_feedforward_layernorm',
} as const;

const gemma = {
  ...plain,
  qkvBias: 'attention_bias',
  outputBias: 'attention_bias',
  hasOffsetNorms: true,
  hasScaledEmbedding: true,
} as const;

const gemma3 = {
  ...gemma,
  modelType: 'gemma3_text',
  qkNorm: 'heads',
  norms: {
    attention: 'input_layernorm',
    attentionOutput: 'post_attention_layernorm',
    mlp: 'pre_feedforward_layernorm',
    mlpOutput: 'post_feedforward_layernorm',
  },
  windowRule: 'pattern',
  windowRope: 'local-base',
  multipliers: 'query-scalar',
  follows: ['query_pre_attn_scalar', ...softCapFields],
  extras: (fields: ConfigFields) => softCaps(fields, {}),
  defaults: {
    normEpsilon: 1e-6,
    isHeadTied: true,
    ropeTheta: 1_000_000,
    localRopeTheta: 10_000,
    maxContext: 131_072,
    numKvHeads: 4,
    headDim: 256,
    slidingWindow: 4096,
    slidingWindowPattern: 6,
    queryScalar: 256,
    activation: 'gelu_pytorch_tanh',
    bosId: 2,
    eosId: 1,
  },
} as const;

const olmo2 = {
  ...plain,
  modelType: 'olmo2',
  qkvBias: 'attention_bias',
  outputBias: 'attention_bias',
  qkNorm: 'all',
  norms: outputNorms,
  defaults: { ...plainDefaults, normEpsilon: 1e-5, maxContext: 2048, eosId: 50_279 },
} as const;

/** By the name in `config.json`'s `architectures`. */
export const otherArchitectures: Readonly<Record<string, Architecture>> = {
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
    // Old files of this architecture call LongRoPE 'su' or 'yarn'.
    ropeTypes: ['linear', 'longrope'],
    defaults: { ...plainDefaults, normEpsilon: 1e-5, maxContext: 4096, bosId: 1, eosId: 32_000 },
  },
  GemmaForCausalLM: {
    ...gemma,
    modelType: 'gemma',
    defaults: {
      ...plainDefaults,
      isHeadTied: true,
      maxContext: 8192,
      numKvHeads: 16,
      headDim: 256,
      activation: 'gelu_pytorch_tanh',
      bosId: 2,
      eosId: 1,
    },
  },
  Gemma2ForCausalLM: {
    ...gemma3,
    modelType: 'gemma2',
    qkNorm: 'none',
    windowRope: 'same',
    extras: (fields: ConfigFields) => softCaps(fields, { attention: 50, logits: 30 }),
    defaults: {
      ...gemma3.defaults,
      ropeTheta: 10_000,
      maxContext: 8192,
      slidingWindowPattern: 2,
    },
  },
  Gemma3ForCausalLM: gemma3,
  Ministral3ForCausalLM: {
    ...plain,
    modelType: 'ministral3',
    windowRule: 'every-layer',
    extras: queryGrowth,
    defaults: {
      ...plainDefaults,
      normEpsilon: 1e-5,
      ropeTheta: 1_000_000,
      maxContext: 262_144,
      numKvHeads: 8,
      headDim: 128,
      bosId: 1,
      eosId: 2,
    },
  },
  // Of models that also see: text alone has the same position in each of their three.
  Qwen2_5_VLForConditionalGeneration: {
    ...architectures.Qwen2ForCausalLM!,
    modelType: 'qwen2_5_vl_text',
    ropeTypes: ['yarn', 'mrope'],
  },
  Qwen3VLForConditionalGeneration: { ...architectures.Qwen3ForCausalLM!, modelType: 'qwen3_vl_text' },
  Qwen3MoeForCausalLM: {
    ...plain,
    modelType: 'qwen3_moe',
    qkvBias: 'attention_bias',
    outputBias: 'attention_bias',
    qkNorm: 'heads',
    // Its norms of heads are always there.
    follows: ['num_experts', 'num_local_experts', 'moe_intermediate_size', 'use_qk_norm'],
    extras: experts,
    defaults: { ...plainDefaults, maxContext: 32_768, numKvHeads: 4 },
  },
  PhiForCausalLM: {
    ...plain,
    modelType: 'phi',
    qkvBias: true,
    outputBias: true,
    mlpBias: true,
    norms: { attention: 'input_layernorm' },
    hasPartialRope: true,
    extras: (fields: ConfigFields) => ({
      ...layerNorm(fields),
      ...(fields.get('hidden_act') === undefined && { activation: 'gelu-tanh' }),
      isParallel: true,
      isUngated: true,
      hasHeadBias: true,
      tensorNames: {
        norm: 'final_layernorm',
        'self_attn.o_proj': 'self_attn.dense',
        'mlp.up_proj': 'mlp.fc1',
        'mlp.down_proj': 'mlp.fc2',
      },
    }),
    ropeTypes: [],
    defaults: { ...plainDefaults, maxContext: 2048, partialRotaryFactor: 0.5, bosId: 1, eosId: 2 },
  },
  StableLmForCausalLM: {
    ...plain,
    modelType: 'stablelm',
    qkvBias: 'use_qkv_bias',
    hasPartialRope: true,
    extras: (fields: ConfigFields) => ({
      ...layerNorm(fields),
      ...(fields.boolean('use_parallel_residual', false) && {
        isParallel: true,
        norms: { attention: 'input_layernorm' },
      }),
    }),
    ropeTypes: [],
    defaults: {
      ...plainDefaults,
      maxContext: 4096,
      numKvHeads: 32,
      partialRotaryFactor: 0.25,
      bosId: 0,
      eosId: 0,
    },
  },
  HunYuanDenseV1ForCausalLM: {
    ...plain,
    modelType: 'hunyuan_v1_dense',
    qkvBias: 'attention_bias',
    outputBias: 'attention_bias',
    qkNorm: 'heads-after-rope',
    // It is always there, whatever this field says.
    follows: ['use_qk_norm'],
    extras: () => ({
      tensorNames: {
        'self_attn.q_norm': 'self_attn.query_layernorm',
        'self_attn.k_norm': 'self_attn.key_layernorm',
      },
    }),
    ropeTypes: ['linear', 'dynamic'],
    defaults: { ...plainDefaults, normEpsilon: 1e-5, maxContext: 2048, bosId: 1, eosId: 2 },
  },
  GraniteForCausalLM: {
    ...plain,
    modelType: 'granite',
    qkvBias: 'attention_bias',
    outputBias: 'attention_bias',
    mlpBias: 'mlp_bias',
    multipliers: 'granite',
    follows: ['logits_scaling', 'attention_multiplier', 'embedding_multiplier', 'residual_multiplier'],
    defaults: { ...plainDefaults, maxContext: 2048, bosId: 1, eosId: 2 },
  },
  Olmo2ForCausalLM: olmo2,
  Olmo3ForCausalLM: {
    ...olmo2,
    modelType: 'olmo3',
    windowRule: 'pattern',
    windowRope: 'unscaled',
    defaults: { ...olmo2.defaults, ropeTheta: 500_000, slidingWindow: 4096, slidingWindowPattern: 4 },
  },
  Exaone4ForCausalLM: {
    ...plain,
    modelType: 'exaone4',
    qkNorm: 'heads',
    norms: outputNorms,
    windowRule: 'pattern',
    isRopeOnlyInWindows: true,
    defaults: {
      ...plainDefaults,
      normEpsilon: 1e-5,
      maxContext: 2048,
      slidingWindow: 4096,
      slidingWindowPattern: 4,
      bosId: 0,
      eosId: 2,
    },
  },
  Glm4ForCausalLM: {
    ...plain,
    modelType: 'glm4',
    qkvBias: 'attention_bias',
    isGateUpFused: true,
    norms: {
      attention: 'input_layernorm',
      attentionOutput: 'post_self_attn_layernorm',
      mlp: 'post_attention_layernorm',
      mlpOutput: 'post_mlp_layernorm',
    },
    hasInterleavedRope: true,
    hasPartialRope: true,
    ropeTypes: [],
    defaults: {
      ...plainDefaults,
      normEpsilon: 1.5625e-7,
      maxContext: 131_072,
      numKvHeads: 2,
      headDim: 128,
      partialRotaryFactor: 0.5,
    },
  },
  Ernie4_5ForCausalLM: {
    ...plain,
    modelType: 'ernie4_5',
    qkvBias: 'use_bias',
    outputBias: 'use_bias',
    mlpBias: 'use_bias',
    hasInterleavedRope: true,
    defaults: {
      ...plainDefaults,
      ropeTheta: 500_000,
      normEpsilon: 1e-5,
      maxContext: 131_072,
      numKvHeads: 2,
      headDim: 128,
      isHeadTied: true,
      bosId: 1,
      eosId: 2,
    },
  },
};
