/** Sizes of a model's weights on the GPU, before any of them exists: matrices, vectors, slabs, bytes. Pure. */
import {
  hasScales,
  matrixLayout,
  type MatrixFormat,
  type WeightFormat,
} from '../kernels/linear/weight-format';
import { EngineError } from '../util/errors';
import { roundUp } from '../util/math';
import type { ModelConfig } from '../config/model-config';
import { formatsOf, type FormatRun, type MatrixFormats } from './matrix-formats';
import type { LayerMatrix, LayerVector, ModelMatrix } from './weight-parts';

/** Rows and columns. */
export interface MatrixShape {
  readonly numRows: number;
  readonly numColumns: number;
}

/** Everything that a model's weights consist of. */
interface WeightShapes {
  readonly matrices: Readonly<Partial<Record<ModelMatrix, MatrixShape>>>;
  /** Lengths in f32 elements. */
  readonly finalNorm: number;
  readonly headBias?: number;
  /** Of each layer: all are alike. */
  readonly layerMatrices: Readonly<Record<Exclude<LayerMatrix, 'router'>, MatrixShape>> & {
    readonly router?: MatrixShape;
  };
  /** Lengths in f32 elements; those that the model does not have are missing. */
  readonly layerVectors: Readonly<Partial<Record<LayerVector, number>>>;
}

/** Rows of q, k and v heads together. */
function qkvRows({ numHeads, numKvHeads, headDim }: ModelConfig): number {
  return (numHeads + 2 * numKvHeads) * headDim;
}

/** The shapes of all weights of a model. */
export function weightShapes(config: ModelConfig): WeightShapes {
  const { vocabSize, hiddenSize, intermediateSize, numHeads, numKvHeads, headDim, norms, qkNorm } = config;
  const { experts, isLayerNorm, isUngated } = config;
  const normSize = isLayerNorm ? 2 * hiddenSize : hiddenSize;
  const upRows = isUngated ? intermediateSize : 2 * intermediateSize;
  const vocabulary = { numRows: vocabSize, numColumns: hiddenSize };
  return {
    matrices: { embedding: vocabulary, ...(!config.isHeadTied && { head: vocabulary }) },
    finalNorm: normSize,
    ...(config.hasHeadBias && { headBias: vocabSize }),
    layerMatrices: {
      qkv: { numRows: qkvRows(config), numColumns: hiddenSize },
      output: { numRows: hiddenSize, numColumns: numHeads * headDim },
      ...(experts
        ? {
            router: { numRows: experts.count, numColumns: hiddenSize },
            gateUp: { numRows: 2 * experts.count * experts.intermediateSize, numColumns: hiddenSize },
            down: { numRows: experts.count * hiddenSize, numColumns: experts.intermediateSize },
          }
        : {
            gateUp: { numRows: upRows, numColumns: hiddenSize },
            down: { numRows: hiddenSize, numColumns: intermediateSize },
          }),
    },
    layerVectors: {
      ...(norms.attention && { attentionNorm: normSize }),
      ...(norms.attentionOutput && { attentionOutputNorm: hiddenSize }),
      ...(norms.mlp && { mlpNorm: normSize }),
      ...(norms.mlpOutput && { mlpOutputNorm: hiddenSize }),
      ...(config.hasQkvBias && { qkvBias: qkvRows(config) }),
      ...(qkNorm !== 'none' && {
        qkNorm: qkNorm === 'all' ? (numHeads + numKvHeads) * headDim : 2 * headDim,
      }),
      ...(config.hasOutputBias && { outputBias: hiddenSize }),
      ...(config.hasMlpBias && { gateUpBias: upRows, downBias: hiddenSize }),
    },
  };
}

/** A run of rows of one format, and the bytes of its buffers; `scaleBytes` is 0 without scales. */
interface SlabPlan {
  readonly format: MatrixFormat;
  readonly firstRow: number;
  readonly numRows: number;
  readonly valueBytes: number;
  readonly scaleBytes: number;
}

/** Bytes of a buffer of at least `sizeBytes`, as `BufferAccount` makes it. */
function bufferBytes(sizeBytes: number): number {
  return roundUp(sizeBytes, 16);
}

/**
 * Cuts a matrix into slabs of an even number of rows, so that each of a slab's buffers is at most `maxBindingBytes`.
 * @throws EngineError `limit-too-small` when two rows do not fit
 */
export function planSlabs(
  runs: readonly FormatRun[],
  numColumns: number,
  maxBindingBytes: number,
): SlabPlan[] {
  let firstRow = 0;
  return runs.flatMap((run) => {
    const slabs = planRun(run, firstRow, numColumns, maxBindingBytes);
    firstRow += run.numRows;
    return slabs;
  });
}

function planRun(
  { numRows, format }: FormatRun,
  startRow: number,
  numColumns: number,
  maxBindingBytes: number,
): SlabPlan[] {
  const { valueBytesPerRow, scaleBytesPerRow } = matrixLayout(format, numColumns);
  const usableBytes = Math.floor(maxBindingBytes / 16) * 16;
  const rowsPerSlab = Math.floor(usableBytes / Math.max(valueBytesPerRow, scaleBytesPerRow) / 2) * 2;
  if (rowsPerSlab === 0) {
    throw new EngineError(
      'limit-too-small',
      `Two rows of ${numColumns} weights in ${format} need ${2 * valueBytesPerRow} bytes, ` +
        `the GPU device binds ${maxBindingBytes} at once.`,
    );
  }
  const slabs: SlabPlan[] = [];
  for (let row = 0; row < numRows; row += rowsPerSlab) {
    const rows = Math.min(rowsPerSlab, numRows - row);
    slabs.push({
      format,
      firstRow: startRow + row,
      numRows: rows,
      valueBytes: bufferBytes(rows * valueBytesPerRow),
      scaleBytes: hasScales(format) ? bufferBytes(rows * scaleBytesPerRow) : 0,
    });
  }
  return slabs;
}

/**
 * GPU bytes that `loadWeights` will hold when it is done, for the memory plan.
 * @throws EngineError `limit-too-small` when two rows of a matrix exceed `maxBindingBytes`
 */
export function weightBytes(
  config: ModelConfig,
  given: WeightFormat | MatrixFormats,
  maxBindingBytes: number,
): number {
  const formats = formatsOf(given);
  const shapes = weightShapes(config);
  const ofMatrices = (matrices: Readonly<Record<string, MatrixShape>>, layerIndex?: number) =>
    sum(
      Object.entries(matrices).flatMap(([part, { numRows, numColumns }]) =>
        planSlabs(
          formats.runsOf(part as LayerMatrix | ModelMatrix, layerIndex, numRows),
          numColumns,
          maxBindingBytes,
        ).map(({ valueBytes, scaleBytes }) => valueBytes + scaleBytes),
      ),
    );
  const ofVectors = sum(Object.values(shapes.layerVectors).map((length) => bufferBytes(4 * length)));
  const ofLayers = config.layers.map(
    (_, layerIndex) => ofMatrices(shapes.layerMatrices, layerIndex) + ofVectors,
  );
  return (
    ofMatrices(shapes.matrices) +
    bufferBytes(4 * shapes.finalNorm) +
    bufferBytes(4 * (shapes.headBias ?? 0)) +
    sum(ofLayers)
  );
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
