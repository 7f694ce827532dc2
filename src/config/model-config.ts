/** What a model is, read from `config.json` and `generation_config.json`: pure, and refuses what it cannot follow. */
import { EngineError } from '../util/errors';
import { architectures, type Architecture } from './architectures';
import { ConfigFields, isJsonObject, quote } from '../util/config-fields';
import { parseLayers, type LayerConfig } from './layer-config';
import { parseQuantization, type Quantization } from './quantization';
import { parseRope, type RopeConfig } from './rope-config';

export type { LayerConfig } from './layer-config';
export type { RopeConfig, RopeScaling } from './rope-config';

/** The gate's activation: `gelu` by the error function, `gelu-tanh` by the tanh approximation. */
export type Activation = 'silu' | 'gelu' | 'gelu-tanh';

/** A decoder-only transformer with RMS norm, RoPE, grouped queries and a gated MLP. Logits are not scaled. */
export interface ModelConfig {
  /** The name in `architectures`. */
  readonly architecture: string;
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly numLayers: number;
  readonly numHeads: number;
  /** Divides `numHeads`. */
  readonly numKvHeads: number;
  /** A multiple of 8, at most 512; `numHeads * headDim` may differ from `hiddenSize`. */
  readonly headDim: number;
  readonly intermediateSize: number;
  readonly activation: Activation;
  readonly normEpsilon: number;
  readonly rope: RopeConfig;
  /** `[numLayers]` */
  readonly layers: readonly LayerConfig[];
  readonly hasQkvBias: boolean;
  readonly hasOutputBias: boolean;
  /** Biases of gate, up and down projections. */
  readonly hasMlpBias: boolean;
  /** RMS norm of each query and key head, before RoPE. */
  readonly hasQkNorm: boolean;
  /** Whether files hold `qkv_proj` and `gate_up_proj` instead of separate tensors. */
  readonly hasFusedTensors: boolean;
  /** How MLX has quantised the files' matrices; undefined where they are not. */
  readonly quantization?: Quantization;
  /** Whether the embedding is the head. */
  readonly isHeadTied: boolean;
  /** Tokens that the model was made for; with YaRN, those after stretching. */
  readonly maxContext: number;
  /** Undefined when none is configured, or none that is in the vocabulary. */
  readonly bosId: number | undefined;
  /** Ids that end an answer; ids outside the vocabulary are left out, since they cannot be sampled. */
  readonly eosIds: readonly number[];
}

const activations: Readonly<Record<string, Activation>> = {
  silu: 'silu',
  swish: 'silu',
  gelu: 'gelu',
  gelu_python: 'gelu',
  gelu_pytorch_tanh: 'gelu-tanh',
  gelu_python_tanh: 'gelu-tanh',
  gelu_new: 'gelu-tanh',
  gelu_fast: 'gelu-tanh',
};

/** Fields of other models' configurations that change the arithmetic, each with the value that changes nothing. */
const neutralFields: Readonly<Record<string, unknown>> = {
  num_experts: 0,
  num_local_experts: 0,
  n_routed_experts: 0,
  moe_intermediate_size: 0,
  final_logit_softcapping: undefined,
  attn_logit_softcapping: undefined,
  query_pre_attn_scalar: undefined,
  logit_scale: 1,
  logits_scaling: 1,
  attention_multiplier: undefined,
  embedding_multiplier: 1,
  residual_multiplier: 1,
  attn_temperature_tuning: false,
  attention_chunk_size: undefined,
  use_qk_norm: false,
  qk_layernorm: false,
  vision_config: undefined,
  audio_config: undefined,
};

/**
 * Reads a configuration as transformers would, defaults of missing fields included.
 * @param config the parsed `config.json`
 * @param generation the parsed `generation_config.json`, where there is one
 * @throws EngineError `model-unsupported` naming the field
 */
export function parseModelConfig(config: unknown, generation?: unknown): ModelConfig {
  if (!isJsonObject(config)) {
    throw new EngineError(
      'model-unsupported',
      `The model's config.json is not an object but ${quote(config)}.`,
    );
  }
  const fields = new ConfigFields(config);
  const [name, architecture] = findArchitecture(fields);
  refuseUnknownArithmetic(fields);
  const { defaults } = architecture;
  const quantization = parseQuantization(fields);

  const vocabSize = fields.integer('vocab_size', { min: 1, max: 2 ** 22 });
  const hiddenSize = fields.integer('hidden_size', { min: 8, max: 2 ** 16 });
  const intermediateSize = fields.integer('intermediate_size', { min: 8, max: 2 ** 20 });
  const numLayers = fields.integer('num_hidden_layers', { min: 1, max: 1024 });
  const numHeads = fields.integer('num_attention_heads', { min: 1, max: 1024 });
  // A missing field has the class's default, null always means one KV head per query head.
  const defaultKvHeads = fields.has('num_key_value_heads') ? numHeads : (defaults.numKvHeads ?? numHeads);
  const numKvHeads = fields.integer('num_key_value_heads', { min: 1, max: 1024 }, defaultKvHeads);
  if (numHeads % numKvHeads !== 0) {
    throw new EngineError(
      'model-unsupported',
      `The model's num_attention_heads = ${numHeads} is not a multiple of num_key_value_heads = ${numKvHeads}.`,
    );
  }
  const defaultHeadDim = fields.has('head_dim') ? undefined : defaults.headDim;
  const headDim = fields.integer('head_dim', { min: 8, max: 512 }, defaultHeadDim ?? hiddenSize / numHeads);
  if (headDim % 8 !== 0)
    throw fields.refuse('head_dim', `heads of ${headDim} channels: a multiple of 8 is needed`);

  const maxPositions = fields.integer(
    'max_position_embeddings',
    { min: 1, max: 2 ** 24 },
    defaults.maxContext,
  );
  const rope = parseRope(fields, architecture, headDim, maxPositions);
  const { scaling } = rope;
  return {
    architecture: name,
    vocabSize,
    hiddenSize,
    numLayers,
    numHeads,
    numKvHeads,
    headDim,
    intermediateSize,
    activation: parseActivation(fields),
    normEpsilon: fields.number('rms_norm_eps', { min: 0, max: 1 }, defaults.normEpsilon),
    rope,
    layers: parseLayers(fields, architecture, numLayers),
    hasQkvBias: resolveFlag(fields, architecture.qkvBias),
    hasOutputBias: resolveFlag(fields, architecture.outputBias),
    hasMlpBias: resolveFlag(fields, architecture.mlpBias),
    hasQkNorm: architecture.hasQkNorm,
    hasFusedTensors: architecture.isFused,
    isHeadTied: fields.boolean('tie_word_embeddings', defaults.isHeadTied),
    maxContext:
      scaling.type === 'yarn'
        ? Math.max(maxPositions, Math.round(scaling.originalContext * scaling.factor))
        : maxPositions,
    ...(quantization && { quantization }),
    ...parseSpecialIds(fields, generation, architecture, vocabSize),
  };
}

function findArchitecture(fields: ConfigFields): [name: string, architecture: Architecture] {
  const names = fields.array('architectures');
  const modelType = fields.get('model_type');
  const found = Object.entries(architectures).find(([name, { modelType: type }]) =>
    names?.length ? names[0] === name : modelType === type,
  );
  if (found) return found;
  const known = Object.keys(architectures).join(', ');
  if (names?.length) throw fields.refuse('architectures', `this engine runs ${known}`);
  throw fields.refuse('model_type', `and no architectures beside it; this engine runs ${known}`);
}

function refuseUnknownArithmetic(fields: ConfigFields): void {
  for (const [name, neutral] of Object.entries(neutralFields)) {
    const value = fields.get(name);
    if (value !== undefined && value !== neutral)
      throw fields.refuse(name, 'this engine does not support that');
  }
}

function parseActivation(fields: ConfigFields): Activation {
  const name = fields.string('hidden_act', 'silu');
  const activation = Object.hasOwn(activations, name) ? activations[name] : undefined;
  if (!activation)
    throw fields.refuse('hidden_act', `this engine has ${Object.keys(activations).join(', ')}`);
  return activation;
}

function resolveFlag(fields: ConfigFields, flag: boolean | string): boolean {
  return typeof flag === 'boolean' ? flag : fields.boolean(flag, false);
}

/** Ids of the generation configuration count before the model's, and those before the architecture's defaults. */
function parseSpecialIds(
  config: ConfigFields,
  generation: unknown,
  { defaults }: Architecture,
  vocabSize: number,
): Pick<ModelConfig, 'bosId' | 'eosIds'> {
  if (generation !== undefined && !isJsonObject(generation)) {
    throw new EngineError(
      'model-unsupported',
      `The model's generation_config.json is not an object but ${quote(generation)}.`,
    );
  }
  const sources = [new ConfigFields(generation ?? {}, 'generation_config: '), config];
  const read = (name: string, otherwise: number | undefined): number[] => {
    const fields = sources.find((source) => source.get(name) !== undefined);
    if (!fields) return config.has(name) || otherwise === undefined ? [] : [otherwise];
    const value = fields.get(name);
    const ids: unknown[] = Array.isArray(value) ? value : [value];
    if (!ids.every((id) => Number.isSafeInteger(id)))
      throw fields.refuse(name, 'token ids are whole numbers');
    return ids as number[];
  };
  const inVocabulary = (id: number) => id >= 0 && id < vocabSize;
  return {
    bosId: read('bos_token_id', defaults.bosId).find(inVocabulary),
    eosIds: [...new Set(read('eos_token_id', defaults.eosId).filter(inVocabulary))],
  };
}
