/** The tensors of a Hugging Face model put together for the CPU transformer: fused where files hold them apart. */
import type { ModelConfig } from '../config/model-config';
import { roundToF16 } from '../util/f16';

/** A tensor in f32, last index fastest. */
export interface ReferenceTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** A matrix `[rows, columns]`, perhaps with a bias `[rows]`. */
export interface ReferenceMatrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float32Array;
  readonly bias: Float32Array | undefined;
}

/** One decoder layer. */
export interface ReferenceLayer {
  readonly inputNorm: Float32Array;
  /** Rows: q heads, k heads, v heads. */
  readonly qkv: ReferenceMatrix;
  /** `[headDim]` each, for models that norm their q and k heads. */
  readonly queryNorm: Float32Array | undefined;
  readonly keyNorm: Float32Array | undefined;
  readonly output: ReferenceMatrix;
  readonly postAttentionNorm: Float32Array;
  /** Rows: gate, then up. */
  readonly gateUp: ReferenceMatrix;
  readonly down: ReferenceMatrix;
}

/** A whole model; a tied head is the embedding. */
export interface ReferenceWeights {
  readonly embedding: ReferenceMatrix;
  readonly layers: readonly ReferenceLayer[];
  readonly finalNorm: Float32Array;
  readonly head: ReferenceMatrix;
}

function concat(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}

/**
 * Takes the model's tensors from a map by their Hugging Face names. `weightType` 'f16' rounds matrices as f16 storage
 * would; norms and biases stay as they are. @throws Error naming a tensor that is missing or has the wrong shape.
 */
export function gatherWeights(
  config: ModelConfig,
  tensors: ReadonlyMap<string, ReferenceTensor>,
  weightType: 'f32' | 'f16',
): ReferenceWeights {
  const { hiddenSize, intermediateSize, numHeads, numKvHeads, headDim, vocabSize } = config;
  const queryWidth = numHeads * headDim;
  const kvWidth = numKvHeads * headDim;

  const take = (name: string, ...shape: number[]): Float32Array => {
    const tensor = tensors.get(name);
    if (!tensor) throw new Error(`tensor '${name}' is missing`);
    if (tensor.shape.join() !== shape.join()) {
      throw new Error(`tensor '${name}' has shape [${tensor.shape.join()}], expected [${shape.join()}]`);
    }
    return tensor.data;
  };
  /** One matrix from the rows of several tensors of equal width. */
  const matrix = (
    columns: number,
    hasBias: boolean,
    ...parts: [name: string, rows: number][]
  ): ReferenceMatrix => {
    const data = concat(parts.map(([name, rows]) => take(`${name}.weight`, rows, columns)));
    return {
      rows: parts.reduce((sum, [, rows]) => sum + rows, 0),
      columns,
      data: weightType === 'f16' ? data.map(roundToF16) : data,
      bias: hasBias ? concat(parts.map(([name, rows]) => take(`${name}.bias`, rows))) : undefined,
    };
  };

  const layers = config.layers.map((_, layerIndex): ReferenceLayer => {
    const attention = `model.layers.${layerIndex}.self_attn`;
    const mlp = `model.layers.${layerIndex}.mlp`;
    const qkvParts: [string, number][] = config.hasFusedTensors
      ? [[`${attention}.qkv_proj`, queryWidth + 2 * kvWidth]]
      : [
          [`${attention}.q_proj`, queryWidth],
          [`${attention}.k_proj`, kvWidth],
          [`${attention}.v_proj`, kvWidth],
        ];
    const gateUpParts: [string, number][] = config.hasFusedTensors
      ? [[`${mlp}.gate_up_proj`, 2 * intermediateSize]]
      : [
          [`${mlp}.gate_proj`, intermediateSize],
          [`${mlp}.up_proj`, intermediateSize],
        ];
    return {
      inputNorm: take(`model.layers.${layerIndex}.input_layernorm.weight`, hiddenSize),
      qkv: matrix(hiddenSize, config.hasQkvBias, ...qkvParts),
      queryNorm: config.hasQkNorm ? take(`${attention}.q_norm.weight`, headDim) : undefined,
      keyNorm: config.hasQkNorm ? take(`${attention}.k_norm.weight`, headDim) : undefined,
      output: matrix(queryWidth, config.hasOutputBias, [`${attention}.o_proj`, hiddenSize]),
      postAttentionNorm: take(`model.layers.${layerIndex}.post_attention_layernorm.weight`, hiddenSize),
      gateUp: matrix(hiddenSize, config.hasMlpBias, ...gateUpParts),
      down: matrix(intermediateSize, config.hasMlpBias, [`${mlp}.down_proj`, hiddenSize]),
    };
  });
  const embedding = matrix(hiddenSize, false, ['model.embed_tokens', vocabSize]);
  return {
    embedding,
    layers,
    finalNorm: take('model.norm.weight', hiddenSize),
    head: config.isHeadTied ? embedding : matrix(hiddenSize, false, ['lm_head', vocabSize]),
  };
}
