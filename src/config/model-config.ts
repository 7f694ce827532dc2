/** What a model is, read from `config.json` and `generation_config.json`: pure, and refuses what it cannot follow. */
import { EngineError } from '../util/errors';
import { architectures, type Architecture, type QkNorm } from './architectures';
import { ConfigFields, quote, unsupported } from '../util/config-fields';
import { isJsonObject } from '../util/json';
import type { ModelExtras, NormNames } from './model-extras';
import { parseLayers, type LayerConfig } from './layer-config';
import { parseQuantization, type Quantization } from './quantization';
import { parseRope, type RopeConfig } from './rope-config';
import { parseSamplingDefaults, type SamplingDefaults } from './sampling-defaults';

export type { LayerConfig } from './layer-config';
export type { RopeConfig, RopeScaling } from './rope-config';

/** The gate's activation: `gelu` by the error function, `gelu-tanh` by the tanh approximation. */
export type Activation = 'silu' | 'gelu' | 'gelu-tanh';

/** A decoder-only transformer with RMS norm, RoPE, grouped queries and a gated MLP, but for its extras. */
export interface ModelConfig extends Omit<ModelExtras, 'activation'> {
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
  /** Of all norms of a layer and of the last one. */
  readonly normEpsilon: number;
  /** Names of a layer's norms in files; one that is missing is not there. */
  readonly norms: NormNames;
  /** Norms multiply by `1 + weight`. */
  readonly hasOffsetNorms: boolean;
  /** What embeddings are multiplied by. */
  readonly embeddingScale: number;
  /** What scores of queries and keys are multiplied by before the softmax. */
  readonly attentionScale: number;
  /** What logits are multiplied by. */
  readonly logitScale: number;
  readonly rope: RopeConfig;
  /** The RoPE of layers that `usesWindowRope`. */
  readonly windowRope: RopeConfig | undefined;
  /** Files have the two channels that RoPE turns together side by side. */
  readonly hasInterleavedRope: boolean;
  /** `[numLayers]` */
  readonly layers: readonly LayerConfig[];
  readonly hasQkvBias: boolean;
  readonly hasOutputBias: boolean;
  /** Biases of gate, up and down projections. */
  readonly hasMlpBias: boolean;
  /** RMS norm of queries and keys. */
  readonly qkNorm: QkNorm;
  /** Whether files hold `qkv_proj` instead of three tensors, and `gate_up_proj` instead of two. */
  readonly hasFusedQkv: boolean;
  readonly hasFusedGateUp: boolean;
  /** How MLX has quantised the files' matrices; undefined where they are not. */
  readonly quantization?: Quantization;
  /** Whether the embedding is the head. */
  readonly isHeadTied: boolean;
  /** Tokens that the model was made for; with YaRN, those after stretching. */
  readonly maxContext: number;
  /** Tokens that a sequence has unless more are asked for, fewer than `maxContext` where a longer context computes otherwise. */
  readonly usualContext: number;
  /** Undefined when none is configured, or none that is in the vocabulary. */
  readonly bosId: number | undefined;
  /** Ids that end an answer; ids outside the vocabulary are left out, since they cannot be sampled. */
  readonly eosIds: readonly number[];
  /** What the model's makers would have answers sampled with. */
  readonly sampling: SamplingDefaults;
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

/** Fields that change the arithmetic where an architecture follows them, each with the value that changes nothing. */
const neutralFields: Readonly<Record<string, unknown>> = {
  num_experts: 0,
  num_local_experts: 0,
  n_routed_experts: 0,
  moe_intermediate_size: 0,
  final_logit_softcapping: undefined,
  attn_logit_softcapping: undefined,
  logit_scale: 1,
  use_bidirectional_attention: false,
  attn_temperature_tuning: false,
  attention_chunk_size: undefined,
  use_qk_norm: false,
  qk_layernorm: false,
  query_pre_attn_scalar: undefined,
  logits_scaling: 1,
  attention_multiplier: undefined,
  embedding_multiplier: 1,
  residual_multiplier: 1,
};

/**
 * Reads a configuration as transformers would, defaults of missing fields included.
 * @param config the parsed `config.json`
 * @param generation the parsed `generation_config.json`, where there is one
 * @param others architectures beside those of most models
 * @throws EngineError `model-unsupported` naming the field
 */
export function parseModelConfig(
  config: unknown,
  generation?: unknown,
  others: Architectures = {},
): ModelConfig {
  if (!isJsonObject(config)) {
    throw new EngineError(
      'model-unsupported',
      `The model's config.json is not an object but ${quote(config)}.`,
    );
  }
  const known = { ...architectures, ...others };
  const fields = textFields(new ConfigFields(config), known);
  const [name, architecture] = findArchitecture(fields, known);
  refuseUnknownArithmetic(fields, architecture);
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
  const { rope, windowRope } = parseRope(fields, architecture, headDim, maxPositions);
  const { scaling } = rope;
  const maxContext =
    scaling.type === 'yarn'
      ? Math.max(maxPositions, Math.round(scaling.originalContext * scaling.factor))
      : maxPositions;
  return {
    architecture: name,
    vocabSize,
    hiddenSize,
    numLayers,
    numHeads,
    numKvHeads,
    headDim,
    intermediateSize,
    activation: parseActivation(fields, architecture),
    ...parseMultipliers(fields, architecture, hiddenSize, headDim),
    norms: architecture.norms,
    hasOffsetNorms: architecture.hasOffsetNorms,
    rope,
    windowRope,
    hasInterleavedRope: architecture.hasInterleavedRope,
    // Phi-4-mini's window is twice as wide as any context: then all of it is attended, and pages may leave the GPU.
    layers: parseLayers(fields, architecture, numLayers).map((layer) =>
      layer.slidingWindow !== undefined && layer.slidingWindow >= maxContext
        ? { ...layer, slidingWindow: undefined }
        : layer,
    ),
    hasQkvBias: resolveFlag(fields, architecture.qkvBias),
    hasOutputBias: resolveFlag(fields, architecture.outputBias),
    hasMlpBias: resolveFlag(fields, architecture.mlpBias),
    qkNorm: architecture.qkNorm,
    hasFusedQkv: architecture.isFused,
    hasFusedGateUp: architecture.isFused || architecture.isGateUpFused,
    isHeadTied: fields.boolean('tie_word_embeddings', defaults.isHeadTied),
    maxContext,
    usualContext: scaling.type === 'longrope' ? Math.min(scaling.originalContext, maxContext) : maxContext,
    ...(quantization && { quantization }),
    ...parseSpecialIds(fields, generation, architecture, vocabSize),
    sampling: parseSamplingDefaults(generation),
    ...architecture.extras?.(fields),
  };
}

/** The configuration with further tokens that end an answer, such as those of the tokenizer's files. */
export function withEndIds(config: ModelConfig, endIds: readonly number[]): ModelConfig {
  const further = endIds.filter((id) => id < config.vocabSize);
  return { ...config, eosIds: [...new Set([...config.eosIds, ...further])] };
}

type Architectures = Readonly<Record<string, Architecture>>;

/** Whether a configuration names one of the architectures of most models; others are found among `others` alone. */
export function isUsual(config: unknown): boolean {
  if (!isJsonObject(config) || config.text_config) return false;
  const { architectures: names, model_type: type } = config;
  return Array.isArray(names) && names.length > 0
    ? // A name's text alone: to turn a list in lists into text can be more than the stack bears.
      typeof names[0] === 'string' && Object.hasOwn(architectures, names[0])
    : Object.values(architectures).some(({ modelType }) => modelType === type);
}

function findArchitecture(
  fields: ConfigFields,
  among: Architectures,
): [name: string, architecture: Architecture] {
  const names = fields.array('architectures');
  const modelType = fields.get('model_type');
  const found = Object.entries(among).find(([name, { modelType: type }]) =>
    names?.length ? names[0] === name : modelType === type,
  );
  if (found) return found;
  const known = Object.keys(among).join(', ');
  if (names?.length) throw fields.refuse('architectures', `this engine runs ${known}`);
  throw fields.refuse('model_type', `and no architectures beside it; this engine runs ${known}`);
}

/** Models that also see are read for what they do with text: those fields stand in an object of their own. */
function textFields(fields: ConfigFields, among: Architectures): ConfigFields {
  const text = fields.object('text_config');
  if (!text) return fields;
  const type = text.model_type;
  const found = Object.entries(among).find(([, { modelType }]) => modelType === type);
  if (!found) throw unsupported('text_config.model_type', type, 'this engine runs no such part of text');
  const ids = ['bos_token_id', 'eos_token_id', 'tie_word_embeddings'].filter((name) => fields.has(name));
  const outer = Object.fromEntries(ids.map((name) => [name, fields.values[name]]));
  return new ConfigFields({ ...outer, ...text, architectures: [found[0]] }, 'text_config.');
}

/** Granite's and Gemma's multipliers, and the epsilon that they bring with them. */
function parseMultipliers(
  fields: ConfigFields,
  { multipliers, hasScaledEmbedding, defaults }: Architecture,
  hiddenSize: number,
  headDim: number,
): Pick<ModelConfig, 'embeddingScale' | 'attentionScale' | 'logitScale' | 'normEpsilon'> {
  const positive = { min: 1e-9, max: 1e9 };
  const epsilon = fields.number('rms_norm_eps', { min: 0, max: 1 }, defaults.normEpsilon);
  if (multipliers !== 'granite') {
    const isQueryScaled = multipliers === 'query-scalar';
    const scalar = isQueryScaled
      ? fields.number('query_pre_attn_scalar', positive, defaults.queryScalar)
      : headDim;
    return {
      embeddingScale: hasScaledEmbedding ? Math.sqrt(hiddenSize) : 1,
      attentionScale: scalar ** -0.5,
      logitScale: 1,
      normEpsilon: epsilon,
    };
  }
  // What layers add is multiplied by r. The stream divided by r is the same to every norm, with an epsilon divided by r²,
  // and then only the embedding has to be.
  const residual = fields.number('residual_multiplier', positive, 1);
  return {
    embeddingScale: fields.number('embedding_multiplier', positive, 1) / residual,
    attentionScale: fields.number('attention_multiplier', positive, 1),
    logitScale: 1 / fields.number('logits_scaling', positive, 1),
    normEpsilon: epsilon / residual ** 2,
  };
}

function refuseUnknownArithmetic(fields: ConfigFields, { follows }: Architecture): void {
  for (const [name, neutral] of Object.entries(neutralFields)) {
    if (follows.includes(name)) continue;
    const value = fields.get(name);
    if (value !== undefined && value !== neutral)
      throw fields.refuse(name, 'this engine does not support that');
  }
}

function parseActivation(fields: ConfigFields, { defaults }: Architecture): Activation {
  // Gemma's `hidden_act` says gelu where the model was trained with the approximation: its own field, or its default, counts.
  const name = fields.string(
    defaults.activation ? 'hidden_activation' : 'hidden_act',
    defaults.activation ?? 'silu',
  );
  const activation = Object.hasOwn(activations, name) ? activations[name] : undefined;
  if (!activation)
    throw fields.refuse('hidden_act', `this engine has ${Object.keys(activations).join(', ')}`);
  return activation;
}

function resolveFlag(fields: ConfigFields, flag: boolean | string): boolean {
  return typeof flag === 'boolean' ? flag : fields.boolean(flag, false);
}

/**
 * BOS is the generation configuration's before the model's; the ids of both end an answer. The architecture's defaults count where
 * neither says anything.
 */
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
    const saying = sources.filter((source) => source.get(name) !== undefined);
    if (saying.length === 0) return config.has(name) || otherwise === undefined ? [] : [otherwise];
    return saying.flatMap((fields) => {
      const value = fields.get(name);
      const ids: unknown[] = Array.isArray(value) ? value : [value];
      if (!ids.every((id) => Number.isSafeInteger(id)))
        throw fields.refuse(name, 'token ids are whole numbers');
      return ids as number[];
    });
  };
  const inVocabulary = (id: number) => id >= 0 && id < vocabSize;
  return {
    bosId: read('bos_token_id', defaults.bosId).find(inVocabulary),
    eosIds: [...new Set(read('eos_token_id', defaults.eosId).filter(inVocabulary))],
  };
}
