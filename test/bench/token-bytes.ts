/** Bytes that a decode step of one sequence reads at least, counted from shapes and not measured: each weight once. Pure. */
import { pageBytes, pageTokens, type KvFormat } from '../../src/kernels/attention/kv-format';
import { matrixLayout, type WeightFormat } from '../../src/kernels/linear/weight-format';
import type { ModelConfig } from '../../src/config/model-config';
import { weightShapes, type MatrixShape } from '../../src/weights/weight-layout';

/** Bytes of one step, by what they are. */
export interface TokenBytes {
  /** Every layer's matrices and vectors, the final norm, the head, and one row of the embedding. */
  readonly weights: number;
  /** Keys and values of all attended tokens in all layers. */
  readonly kv: number;
  readonly total: number;
}

/** What the step of a token at `position` reads; earlier tokens and itself are attended, within a layer's window. */
export function tokenBytes(
  config: ModelConfig,
  format: WeightFormat,
  kvFormat: KvFormat,
  position: number,
): TokenBytes {
  const { matrices, layerMatrices, layerVectors, finalNorm } = weightShapes(config);
  const rowBytes = ({ numColumns }: MatrixShape) => {
    const { valueBytesPerRow, scaleBytesPerRow } = matrixLayout(format, numColumns);
    return valueBytesPerRow + scaleBytesPerRow;
  };
  const matrixBytes = (shape: MatrixShape) => shape.numRows * rowBytes(shape);
  const perLayer =
    sum(Object.values(layerMatrices).map(matrixBytes)) +
    4 * sum(Object.values(layerVectors).filter((length) => length !== undefined));
  const embedding = matrices.embedding!;
  const weights =
    config.numLayers * perLayer +
    4 * finalNorm +
    matrixBytes(matrices.head ?? embedding) +
    rowBytes(embedding);

  const perToken = (config.numKvHeads * pageBytes(kvFormat, config.headDim)) / pageTokens;
  const kv =
    perToken *
    sum(config.layers.map(({ slidingWindow = Infinity }) => Math.min(position + 1, slidingWindow)));
  return { weights, kv, total: weights + kv };
}

/** Elements of all tensors of a model. */
export function numWeights(config: ModelConfig): number {
  const { matrices, layerMatrices, layerVectors, finalNorm } = weightShapes(config);
  const elements = (shapes: readonly MatrixShape[]) =>
    sum(shapes.map(({ numRows, numColumns }) => numRows * numColumns));
  const perLayer = elements(Object.values(layerMatrices)) + sum(Object.values(layerVectors));
  return config.numLayers * perLayer + elements(Object.values(matrices)) + finalNorm;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
