/** Bytes that a decode step of one sequence reads at least, counted from shapes and not measured: each weight once. Pure. */
import { pageBytes, pageTokens, type KvFormat } from '../../src/kernels/attention/kv-format';
import { matrixLayout, type WeightFormat } from '../../src/kernels/linear/weight-format';
import type { CacheLayout, CacheShape } from '../../src/cache/cache-layout';
import type { ModelConfig } from '../../src/config/model-config';
import { formatsOf, type MatrixFormats } from '../../src/weights/matrix-formats';
import { weightShapes, type MatrixShape } from '../../src/weights/weight-layout';
import type { LayerMatrix, ModelMatrix } from '../../src/weights/weight-parts';

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
  given: WeightFormat | MatrixFormats,
  kvFormat: KvFormat,
  position: number,
): TokenBytes {
  const { matrices, layerMatrices, layerVectors, finalNorm } = weightShapes(config);
  const formats = formatsOf(given);
  const matrixBytes = (
    part: LayerMatrix | ModelMatrix,
    layerIndex: number | undefined,
    shape: MatrixShape,
  ) => {
    const ofRuns = formats.runsOf(part, layerIndex, shape.numRows).map(({ numRows, format }) => {
      const { valueBytesPerRow, scaleBytesPerRow } = matrixLayout(format, shape.numColumns);
      return numRows * (valueBytesPerRow + scaleBytesPerRow);
    });
    return sum(ofRuns);
  };
  const vectorBytes = 4 * sum(Object.values(layerVectors).filter((length) => length !== undefined));
  const ofLayers = config.layers.map(
    (_, layerIndex) =>
      vectorBytes +
      sum(
        Object.entries(layerMatrices).map(([part, shape]) =>
          matrixBytes(part as LayerMatrix, layerIndex, shape),
        ),
      ),
  );
  const embedding = matrices.embedding!;
  const embeddingBytes = matrixBytes('embedding', undefined, embedding);
  const headBytes = matrices.head ? matrixBytes('head', undefined, matrices.head) : embeddingBytes;
  const weights = sum(ofLayers) + 4 * finalNorm + headBytes + embeddingBytes / embedding.numRows;

  const perToken = (config.numKvHeads * pageBytes(kvFormat, config.headDim)) / pageTokens;
  const kv =
    perToken *
    sum(config.layers.map(({ slidingWindow = Infinity }) => Math.min(position + 1, slidingWindow)));
  return { weights, kv, total: weights + kv };
}

/** What a step of the hierarchy attends, of the sequences of a step. */
export interface AttendedPages {
  readonly numSequences: number;
  /** Pages of one sequence. */
  readonly numPages: number;
  readonly isExact: boolean;
  /** The most pages that unstable heads attend without choosing. */
  readonly mostWhole: number;
}

/** The parts of a cache's shape and layout that say what a step reads. */
type CacheSizes = Pick<CacheShape, 'numLayers' | 'numKvHeads' | 'unstable' | 'pagesPerHead'> &
  Pick<CacheLayout, 'pageBytes' | 'summaryBytes'> & { readonly interval: number };

/**
 * Pages and summaries that a step reads: every page, or K of each head, and the summaries of all pages where a head chooses: unstable
 * ones at every step, stable ones once in an interval.
 */
export function attendedBytes(sizes: CacheSizes, attended: AttendedPages): number {
  const { numLayers, numKvHeads, unstable, pagesPerHead, pageBytes: page, summaryBytes, interval } = sizes;
  const { numSequences, numPages, isExact, mostWhole } = attended;
  const numHeads = numLayers * numKvHeads;
  if (isExact || numPages <= pagesPerHead) return numSequences * numHeads * numPages * page;
  const isWhole = numPages <= mostWhole;
  const ofUnstable = isWhole ? numPages * page : pagesPerHead * page + numPages * summaryBytes;
  const ofStable = pagesPerHead * page + (numPages * summaryBytes) / interval;
  return numSequences * (unstable.size * ofUnstable + (numHeads - unstable.size) * ofStable);
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
