/**
 * Seeded random weights for a Hugging Face config of any supported architecture. Scales are chosen so that attention is
 * neither flat nor one-hot and logits spread over several units: a slip anywhere moves the log-probabilities.
 */
import { randomSource } from '../util/random';
import { roundTo, type FloatType, type Tensor } from './safetensors';
import { tinyVocabulary } from './tiny-tokenizer';

/** The fields of `config.json` that decide names and shapes. */
export interface HfConfig {
  readonly architectures: readonly [string];
  readonly model_type: string;
  readonly vocab_size: number;
  readonly hidden_size: number;
  readonly intermediate_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly num_key_value_heads: number;
  readonly head_dim?: number | null;
  readonly tie_word_embeddings: boolean;
  readonly attention_bias?: boolean;
  readonly mlp_bias?: boolean;
  readonly [field: string]: unknown;
}

/** FNV-1a, so that a tensor's values depend on its model and name alone and not on the order of making. */
function seedOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}

/** A tensor's shape and the distribution of its values: uniform with this mean and root mean square deviation. */
interface TensorPlan {
  readonly name: string;
  readonly shape: readonly number[];
  readonly deviation: number;
  readonly mean?: number;
}

/** A layer's norms by architecture; Llama's where none are listed. */
const normNames: Readonly<Record<string, readonly string[]>> = {
  LlamaForCausalLM: ['input_layernorm', 'post_attention_layernorm'],
  Gemma3ForCausalLM: [
    'input_layernorm',
    'post_attention_layernorm',
    'pre_feedforward_layernorm',
    'post_feedforward_layernorm',
  ],
  Gemma2ForCausalLM: [
    'input_layernorm',
    'post_attention_layernorm',
    'pre_feedforward_layernorm',
    'post_feedforward_layernorm',
  ],
  Olmo2ForCausalLM: ['post_attention_layernorm', 'post_feedforward_layernorm'],
  Olmo3ForCausalLM: ['post_attention_layernorm', 'post_feedforward_layernorm'],
  Exaone4ForCausalLM: ['post_attention_layernorm', 'post_feedforward_layernorm'],
  Glm4ForCausalLM: [
    'input_layernorm',
    'post_self_attn_layernorm',
    'post_attention_layernorm',
    'post_mlp_layernorm',
  ],
};
const wideQkNorms = ['Olmo2ForCausalLM', 'Olmo3ForCausalLM'];
const lateQkNorms = ['HunYuanDenseV1ForCausalLM'];
const qkNorms = [
  'Qwen3MoeForCausalLM',
  'Qwen3ForCausalLM',
  'Gemma3ForCausalLM',
  'Exaone4ForCausalLM',
  ...wideQkNorms,
  ...lateQkNorms,
];
const embeddingGains: Readonly<Record<string, number>> = {
  GemmaForCausalLM: 2,
  Gemma2ForCausalLM: 2,
  Gemma3ForCausalLM: 2,
};

function planTensors(config: HfConfig): TensorPlan[] {
  const { hidden_size: hidden, intermediate_size: intermediate, vocab_size: vocab } = config;
  const architecture = config.architectures[0];
  const headDim = config.head_dim ?? hidden / config.num_attention_heads;
  const queryWidth = config.num_attention_heads * headDim;
  const kvWidth = config.num_key_value_heads * headDim;
  const isPhi = architecture === 'PhiForCausalLM';
  const hasQkvBias =
    architecture === 'Qwen2ForCausalLM' ||
    isPhi ||
    [config.attention_bias, config.use_bias, config.use_qkv_bias].includes(true);
  const isParallel = isPhi || config.use_parallel_residual === true;
  const names = isParallel ? ['input_layernorm'] : (normNames[architecture] ?? normNames.LlamaForCausalLM!);
  // These multiply by one more than the weight.
  const normMean = architecture.startsWith('Gemma') ? 0 : 1;
  const hasMlpBias = isPhi || config.mlp_bias === true || config.use_bias === true;
  const hasNormBias = isPhi || architecture === 'StableLmForCausalLM';
  const plans: TensorPlan[] = [];
  const matrix = (name: string, rows: number, columns: number, gain: number) =>
    plans.push({ name: `${name}.weight`, shape: [rows, columns], deviation: gain / Math.sqrt(columns) });
  const bias = (name: string, rows: number) =>
    plans.push({ name: `${name}.bias`, shape: [rows], deviation: 0.25 });
  const norm = (name: string, width: number, mean = normMean) => {
    plans.push({ name: `${name}.weight`, shape: [width], deviation: 0.15, mean });
    if (hasNormBias) bias(name, width);
  };

  // Where embeddings are multiplied, they are made as much smaller.
  matrix('model.embed_tokens', vocab, hidden, embeddingGains[architecture] ?? 3);
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const prefix = `model.layers.${layer}`;
    if (names.includes('input_layernorm')) norm(`${prefix}.input_layernorm`, hidden);
    if (architecture === 'Phi3ForCausalLM') {
      matrix(`${prefix}.self_attn.qkv_proj`, queryWidth + 2 * kvWidth, hidden, 1.4);
    } else {
      for (const [name, rows] of [
        ['q_proj', queryWidth],
        ['k_proj', kvWidth],
        ['v_proj', kvWidth],
      ] as const) {
        matrix(`${prefix}.self_attn.${name}`, rows, hidden, 1.4);
        if (hasQkvBias) bias(`${prefix}.self_attn.${name}`, rows);
      }
    }
    const [queryNorm, keyNorm] = wideQkNorms.includes(architecture)
      ? [queryWidth, kvWidth]
      : [headDim, headDim];
    if (qkNorms.includes(architecture)) {
      const [ofQueries, ofKeys] = lateQkNorms.includes(architecture)
        ? ['query_layernorm', 'key_layernorm']
        : ['q_norm', 'k_norm'];
      norm(`${prefix}.self_attn.${ofQueries}`, queryNorm, 0.4 + normMean);
      norm(`${prefix}.self_attn.${ofKeys}`, keyNorm, 0.4 + normMean);
    }
    const output = `${prefix}.self_attn.${isPhi ? 'dense' : 'o_proj'}`;
    matrix(output, hidden, queryWidth, 1.4);
    const hasOutputBias = architecture !== 'Glm4ForCausalLM' && config.attention_bias === true;
    if (hasOutputBias || config.use_bias === true || isPhi) bias(output, hidden);
    for (const name of names) if (name !== 'input_layernorm') norm(`${prefix}.${name}`, hidden);
    if (typeof config.num_experts === 'number') {
      const width = config.moe_intermediate_size as number;
      matrix(`${prefix}.mlp.gate`, config.num_experts, hidden, 1.4);
      for (let expert = 0; expert < config.num_experts; expert++) {
        for (const name of ['gate_proj', 'up_proj'])
          matrix(`${prefix}.mlp.experts.${expert}.${name}`, width, hidden, 1.4);
        matrix(`${prefix}.mlp.experts.${expert}.down_proj`, hidden, width, 1.4);
      }
      continue;
    }
    if (isPhi) {
      matrix(`${prefix}.mlp.fc1`, intermediate, hidden, 1.4);
      bias(`${prefix}.mlp.fc1`, intermediate);
    } else if (architecture === 'Phi3ForCausalLM' || architecture === 'Glm4ForCausalLM') {
      matrix(`${prefix}.mlp.gate_up_proj`, 2 * intermediate, hidden, 1.4);
    } else {
      for (const name of ['gate_proj', 'up_proj']) {
        matrix(`${prefix}.mlp.${name}`, intermediate, hidden, 1.4);
        if (hasMlpBias) bias(`${prefix}.mlp.${name}`, intermediate);
      }
    }
    const down = `${prefix}.mlp.${isPhi ? 'fc2' : 'down_proj'}`;
    matrix(down, hidden, intermediate, 1.4);
    if (hasMlpBias) bias(down, hidden);
  }
  norm(isPhi ? 'model.final_layernorm' : 'model.norm', hidden);
  if (!config.tie_word_embeddings) matrix('lm_head', vocab, hidden, 3);
  if (isPhi) bias('lm_head', vocab);
  return plans;
}

/**
 * Every tensor of the model in Hugging Face names, each value already rounded to `type`.
 * The same `seed` gives the same bits on every machine: only integer and correctly rounded operations are used.
 */
export function makeWeights(config: HfConfig, seed: string, type: FloatType): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  for (const { name, shape, deviation, mean = 0 } of planTensors(config)) {
    const next = randomSource(seedOf(`${seed}/${name}`));
    const halfRange = deviation * Math.sqrt(3);
    const length = shape.reduce((product, size) => product * size, 1);
    // Special tokens stay improbable, so that no greedy run ends early.
    const isHead = name === (config.tie_word_embeddings ? 'model.embed_tokens.weight' : 'lm_head.weight');
    const numFaint = isHead ? tinyVocabulary.numSpecial * shape[1]! : 0;
    const data = Float32Array.from({ length }, (_, i) =>
      roundTo(type, mean + (2 * next() - 1) * halfRange * (i < numFaint ? 0.125 : 1)),
    );
    tensors.set(name, { shape, data });
  }
  return tensors;
}
