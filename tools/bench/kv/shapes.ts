/** The models of `bench kv`: shapes with random weights, and queries that jump or drift from token to token. */
import { parseModelConfig } from '../../../src/config/model-config';
import type { HfConfig } from '../../tiny-models/model-weights';
import type { BenchModel } from '../models';
import { qwen2Shape } from '../qwen2-shape';
import { quantizedModel } from '../quantized-model';
import { randomModel, type ChooseValues } from '../random-model';
import { randomFloats } from '../../util/random';
import { noiseForOverlap } from './drift';

/** The embedded model's shape, with the projection biases of Qwen2: they make queries drift, and cost no dispatch. */
const scoutShape: HfConfig = {
  ...qwen2Shape,
  vocab_size: 2048,
  hidden_size: 256,
  intermediate_size: 512,
  num_hidden_layers: 8,
  num_attention_heads: 8,
  num_key_value_heads: 4,
  max_position_embeddings: 262_144,
  rope_theta: 500_000,
};

/** Little arithmetic a token, for contexts whose prefill would take hours otherwise. */
const smallShape: HfConfig = {
  ...scoutShape,
  vocab_size: 320,
  hidden_size: 64,
  intermediate_size: 64,
  num_hidden_layers: 2,
  num_attention_heads: 8,
  num_key_value_heads: 8,
  head_dim: 8,
};

/** The projections' biases, which Llama has not, cost no dispatch here either. */
const llamaShape: HfConfig = {
  ...qwen2Shape,
  vocab_size: 128_256,
  hidden_size: 4096,
  intermediate_size: 14_336,
  num_hidden_layers: 32,
  num_attention_heads: 32,
  num_key_value_heads: 8,
  max_position_embeddings: 262_144,
  rope_theta: 500_000,
  tie_word_embeddings: false,
};

const shapes = {
  scout: scoutShape,
  'qwen2-0.5b': qwen2Shape,
  'llama3.1-8b': llamaShape,
  small: smallShape,
} as const;

/** Shapes whose weights are made as 4-bit integers: all others are converted from bf16 while they load. */
const quantized: ReadonlySet<ShapeName> = new Set(['llama3.1-8b']);

/** A shape's name. */
export type ShapeName = keyof typeof shapes;

/** Names of the shapes. */
export const shapeNames = Object.keys(shapes) as readonly ShapeName[];

/** How queries follow one another: at random, or with this overlap of what they select. */
export type Fill = { readonly kind: 'random' } | { readonly kind: 'drift'; readonly overlap: number };

/** A model; without `weights` they stay as its file has them. */
export type KvModel = Pick<BenchModel, 'name' | 'source'> & Partial<Pick<BenchModel, 'weights'>>;

/** The model of a shape for a fill. @param selectedShare of the pages that a head selects, in (0, 1) */
export function kvModel(shape: ShapeName, fill: Fill, selectedShare: number): KvModel {
  const config = shapes[shape];
  const choose = fill.kind === 'drift' ? driftingQueries(config, fill.overlap, selectedShare) : undefined;
  const id = `random:${shape}:${fill.kind}`;
  const name = `${shape} shape`;
  if (quantized.has(shape)) return { name, source: quantizedModel(id, config, choose) };
  return {
    name,
    weights: shape === 'qwen2-0.5b' ? 'q4' : 'f16',
    source: randomModel(id, config, choose),
  };
}

/**
 * A query is its projection's bias, the same for every token, plus a projection of the hidden state, which is noise. The bias
 * lies in the half of each head's channels that RoPE turns slowest, so that position alone hardly moves it.
 */
function driftingQueries(hfConfig: HfConfig, overlap: number, selectedShare: number): ChooseValues {
  const { numHeads, headDim, hiddenSize } = parseModelConfig(hfConfig);
  const noise = noiseForOverlap(overlap, selectedShare);
  return (name, shape) => {
    if (name.endsWith('.q_proj.weight')) return { mean: 0, deviation: noise / Math.sqrt(hiddenSize) };
    if (!name.endsWith('.q_proj.bias')) return undefined;
    const layer = Number(name.split('.')[1]);
    // Uniform in half of the channels: a mean square of 1 over all of them.
    const bias = randomFloats(shape[0]!, 500 + layer, Math.sqrt(6));
    const half = headDim / 2;
    for (let head = 0; head < numHeads; head++) {
      for (let i = 0; i < headDim; i++) if (i % half < half / 2) bias[head * headDim + i] = 0;
    }
    return bias;
  };
}
