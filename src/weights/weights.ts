/** A model's weights on the GPU: which buffers there are and how matrices are cut into slabs; not how they get there. */
import type { GpuBuffer } from '../gpu/buffer';
import type { MatrixFormat } from '../kernels/linear/weight-format';

/** A run of whole rows of a matrix in one format, small enough for one binding; layout by format as in shaders/README.md. */
export interface MatrixSlab {
  readonly format: MatrixFormat;
  readonly firstRow: number;
  readonly numRows: number;
  readonly values: GpuBuffer;
  /** Present for affine groups. */
  readonly scales?: GpuBuffer;
}

/** `[numRows, numColumns]`, one output per row. */
export interface Matrix {
  readonly numRows: number;
  readonly numColumns: number;
  /** Ascending, without gaps. */
  readonly slabs: readonly MatrixSlab[];
}

/** One decoder layer. Vectors are f32. */
export interface LayerWeights {
  /** `[hiddenSize]`, each where the model has that norm: before attention, and of what it gives */
  readonly attentionNorm?: GpuBuffer;
  readonly attentionOutputNorm?: GpuBuffer;
  /** `[(numHeads + 2·numKvHeads)·headDim, hiddenSize]`: query heads, key heads, value heads */
  readonly qkv: Matrix;
  /** `[(numHeads + 2·numKvHeads)·headDim]` */
  readonly qkvBias?: GpuBuffer;
  /** `[2, headDim]`: of query heads, then of key heads; or `[(numHeads + numKvHeads)·headDim]` for norms of all heads together */
  readonly qkNorm?: GpuBuffer;
  /** `[hiddenSize, numHeads·headDim]` */
  readonly output: Matrix;
  /** `[hiddenSize]` */
  readonly outputBias?: GpuBuffer;
  /** `[hiddenSize]`, each where the model has that norm: before the feed-forward part, and of what it gives */
  readonly mlpNorm?: GpuBuffer;
  readonly mlpOutputNorm?: GpuBuffer;
  /** `[experts, hiddenSize]`; experts are one after the other in `gateUp` and `down` then */
  readonly router?: Matrix;
  /**
   * `[2·intermediateSize, hiddenSize]`: row 2n is gate n, row 2n + 1 is up n; slabs begin at even rows; `[intermediateSize, hiddenSize]`
   * where nothing is gated
   */
  readonly gateUp: Matrix;
  /** `[2·intermediateSize]`, interleaved as `gateUp` */
  readonly gateUpBias?: GpuBuffer;
  /** `[hiddenSize, intermediateSize]` */
  readonly down: Matrix;
  /** `[hiddenSize]` */
  readonly downBias?: GpuBuffer;
}

/** All weights of a model; whoever loaded them calls `destroyWeights`, once. */
export interface ModelWeights {
  /** `[vocabSize, hiddenSize]` */
  readonly embedding: Matrix;
  /** `[numLayers]` */
  readonly layers: readonly LayerWeights[];
  /** `[hiddenSize]`; of a LayerNorm `[2, hiddenSize]`, weights and then biases, as in layers */
  readonly finalNorm: GpuBuffer;
  /** `[vocabSize]` */
  readonly headBias?: GpuBuffer;
  /** `[vocabSize, hiddenSize]`; absent when the embedding is the head */
  readonly head?: Matrix;
}

/** Every buffer of the weights, each once. */
export function weightBuffers(weights: ModelWeights): GpuBuffer[] {
  const ofMatrix = ({ slabs }: Matrix) =>
    slabs.flatMap(({ values, scales }) => (scales ? [values, scales] : [values]));
  const parts = [weights, ...weights.layers].flatMap((group) => Object.values(group) as unknown[]);
  return parts.flatMap((part) => {
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return [];
    return 'slabs' in part ? ofMatrix(part as Matrix) : [part as GpuBuffer];
  });
}

/** Frees all buffers of the weights. */
export function destroyWeights(weights: ModelWeights): void {
  for (const buffer of weightBuffers(weights)) buffer.destroy();
}
