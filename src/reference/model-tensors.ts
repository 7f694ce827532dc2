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
  /** Norms before and after attention and feed-forward, each where the model has it. */
  readonly inputNorm: Float32Array | undefined;
  readonly attentionOutputNorm: Float32Array | undefined;
  /** Rows: q heads, k heads, v heads. */
  readonly qkv: ReferenceMatrix;
  /** `[headDim]` each for models that norm each head, all heads' channels for those that norm them together. */
  readonly queryNorm: Float32Array | undefined;
  readonly keyNorm: Float32Array | undefined;
  readonly output: ReferenceMatrix;
  readonly mlpNorm: Float32Array | undefined;
  readonly mlpOutputNorm: Float32Array | undefined;
  /** Rows: gate, then up; up alone where nothing is gated. With experts the first one's. */
  readonly gateUp: ReferenceMatrix;
  readonly down: ReferenceMatrix;
  /** Where a layer has experts: what chooses them, and their matrices. */
  readonly router?: ReferenceMatrix;
  readonly experts?: readonly Pick<ReferenceLayer, 'gateUp' | 'down'>[];
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

  const offset = (weight: Float32Array) => (config.hasOffsetNorms ? weight.map((w) => 1 + w) : weight);

  /** Weights, and the biases of a LayerNorm behind them. */
  const ofNorm = (path: string, width: number) =>
    config.isLayerNorm
      ? concat([take(`${path}.weight`, width), take(`${path}.bias`, width)])
      : offset(take(`${path}.weight`, width));

  const layers = config.layers.map((_, layerIndex): ReferenceLayer => {
    const attention = `model.layers.${layerIndex}.self_attn`;
    const mlp = `model.layers.${layerIndex}.mlp`;
    const norm = (name: string | undefined, width: number, path = `model.layers.${layerIndex}`) =>
      name === undefined ? undefined : ofNorm(`${path}.${name}`, width);
    const pathOf = (usual: string) => `model.layers.${layerIndex}.${config.tensorNames?.[usual] ?? usual}`;
    const nameIn = (usual: string) => pathOf(usual).split('.').at(-1)!;
    const { norms, qkNorm } = config;
    const ofQueries = qkNorm === 'none' ? undefined : nameIn('self_attn.q_norm');
    const ofKeys = qkNorm === 'none' ? undefined : nameIn('self_attn.k_norm');
    const qkvParts: [string, number][] = config.hasFusedQkv
      ? [[`${attention}.qkv_proj`, queryWidth + 2 * kvWidth]]
      : [
          [`${attention}.q_proj`, queryWidth],
          [`${attention}.k_proj`, kvWidth],
          [`${attention}.v_proj`, kvWidth],
        ];
    const gateUpParts: [string, number][] = config.isUngated
      ? [[pathOf('mlp.up_proj'), intermediateSize]]
      : config.hasFusedGateUp
        ? [[`${mlp}.gate_up_proj`, 2 * intermediateSize]]
        : [
            [`${mlp}.gate_proj`, intermediateSize],
            [`${mlp}.up_proj`, intermediateSize],
          ];
    const experts =
      config.experts &&
      Array.from({ length: config.experts.count }, (_, expert) => {
        const path = `${mlp}.experts.${expert}`;
        const width = config.experts!.intermediateSize;
        return {
          gateUp: matrix(hiddenSize, false, [`${path}.gate_proj`, width], [`${path}.up_proj`, width]),
          down: matrix(width, false, [`${path}.down_proj`, hiddenSize]),
        };
      });
    return {
      inputNorm: norm(norms.attention, hiddenSize),
      attentionOutputNorm: norm(norms.attentionOutput, hiddenSize),
      qkv: halved(matrix(hiddenSize, config.hasQkvBias, ...qkvParts), config),
      queryNorm: norm(ofQueries, qkNorm === 'all' ? queryWidth : headDim, attention),
      keyNorm: norm(ofKeys, qkNorm === 'all' ? kvWidth : headDim, attention),
      output: matrix(queryWidth, config.hasOutputBias, [pathOf('self_attn.o_proj'), hiddenSize]),
      mlpNorm: norm(norms.mlp, hiddenSize),
      mlpOutputNorm: norm(norms.mlpOutput, hiddenSize),
      ...(experts
        ? { ...experts[0]!, experts, router: matrix(hiddenSize, false, [`${mlp}.gate`, experts.length]) }
        : {
            gateUp: matrix(hiddenSize, config.hasMlpBias, ...gateUpParts),
            down: matrix(intermediateSize, config.hasMlpBias, [pathOf('mlp.down_proj'), hiddenSize]),
          }),
    };
  });
  const embedding = matrix(hiddenSize, false, ['model.embed_tokens', vocabSize]);
  return {
    embedding,
    layers,
    finalNorm: ofNorm(`model.${config.tensorNames?.norm ?? 'norm'}`, hiddenSize),
    head: config.isHeadTied ? embedding : matrix(hiddenSize, !!config.hasHeadBias, ['lm_head', vocabSize]),
  };
}

/** q and k rows in the order of a head's halves, where files have the channels that RoPE turns together side by side. */
function halved(matrix: ReferenceMatrix, config: ModelConfig): ReferenceMatrix {
  if (!config.hasInterleavedRope) return matrix;
  const { headDim, numHeads, numKvHeads, rope } = config;
  const { columns } = matrix;
  const data = matrix.data.slice();
  const bias = matrix.bias?.slice();
  for (let row = 0; row < (numHeads + numKvHeads) * headDim; row++) {
    const channel = row % headDim;
    if (channel >= rope.rotaryDim) continue;
    const half = rope.rotaryDim / 2;
    const from = row - channel + (channel < half ? 2 * channel : 2 * (channel - half) + 1);
    data.set(matrix.data.subarray(from * columns, (from + 1) * columns), row * columns);
    if (bias) bias[row] = matrix.bias![from]!;
  }
  return { ...matrix, data, bias };
}
