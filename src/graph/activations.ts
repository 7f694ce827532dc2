/** The buffers that a decode step and a prefill segment work in: sizes are pure, so that plan and allocation agree. */
import {
  bufferAlignment,
  noBytes,
  type BufferCategory,
  type BytesByCategory,
  type GpuBuffer,
} from '../gpu/buffer';
import { roundUp } from '../util/math';
import type { Device } from '../gpu/device';
import { mostSplits, partialsBytes, wantedSplits } from '../kernels/attention/page-splits';
import { quantizedRowBytes } from '../kernels/linear/quantized-row';
import { rotatedQueryBytes } from '../kernels/select/rotate-queries';
import { pageTokens } from '../cache/page';
import type { ModelConfig } from '../config/model-config';
import { hasOtherLayers } from '../config/model-extras';

/** Limits that set the size of the activations. */
export interface ActivationShape {
  /** Sequences that decode in one step: 1, 2, 4 or 8. */
  readonly maxRows: number;
  readonly maxPages: number;
  readonly chunkTokens: number;
  readonly tileTokens: number;
  /** Bytes of one page of one KV head in a tile. */
  readonly pageBytes: number;
  /** Bytes of the same page in 8 bits, 0 where none is packed. */
  readonly packedPageBytes: number;
  /** Bytes of a page that decoding fills, of all layers and heads as the host has it, where it is gathered; else 0. */
  readonly filledPageBytes: number;
  /** Places of the rings of queries, of all layers and sequences, where pages are chosen by digests; else 0. */
  readonly numQueryPlaces: number;
  /** KV heads of all layers where the mass is measured that they lose by holding their pages, else 0. */
  readonly numHeldMasses: number;
  /** Whether products of a chunk's rows are of integers. */
  readonly isInt8: boolean;
}

/** Rows of a prefill segment whose queries are scored with together. */
export const segmentQueryRows = 16;

/** Queries at least whose weights of all pages of a full context there is room for. */
const leastWeighed = 4;

/** Values of one row of fused q, k and v. */
export function qkvWidth({ numHeads, numKvHeads, headDim }: ModelConfig): number {
  return (numHeads + 2 * numKvHeads) * headDim;
}

/** Bytes of one tile: all KV heads of one layer. */
function tileBytes(config: ModelConfig, shape: ActivationShape): number {
  return config.numKvHeads * (shape.tileTokens / pageTokens) * shape.pageBytes;
}

/** Values of a row behind the first projections of a feed-forward part, and before its last. */
function innerWidths({ hiddenSize, intermediateSize, experts }: ModelConfig): [up: number, inner: number] {
  const [up, inner] = [2 * intermediateSize, intermediateSize];
  // What experts give, and what chooses them, are in the same places.
  return experts
    ? [Math.max(up, experts.perToken * hiddenSize), Math.max(inner, experts.count)]
    : [up, inner];
}

/** Bytes of the buffers of a chunk, for each of its tokens. */
export function chunkBytesPerToken(config: ModelConfig): number {
  const [up, inner] = innerWidths(config);
  return 4 * (config.hiddenSize + up + inner + 3 * (config.experts?.perToken ?? 0));
}

/** Bytes of the buffers of a segment, for each of its tokens, but for its keys and values. */
export function segmentBytesPerToken(config: ModelConfig): number {
  const { hiddenSize, numHeads, headDim } = config;
  return 4 * (hiddenSize + qkvWidth(config) + numHeads * headDim + 2 * numHeads);
}

/** Columns of the widest rows that a matrix of a layer is multiplied with. */
function widestInput({ hiddenSize, intermediateSize, numHeads, headDim }: ModelConfig): number {
  return Math.max(hiddenSize, intermediateSize, numHeads * headDim);
}

interface Sized {
  readonly category: BufferCategory;
  readonly sizeBytes: number;
}

/** Name, category and size of every activation buffer. */
function activationSizes(config: ModelConfig, shape: ActivationShape) {
  const { maxRows, maxPages, chunkTokens, tileTokens } = shape;
  const { hiddenSize, numHeads, headDim, vocabSize, experts } = config;
  const [upWidth, innerWidth] = innerWidths(config);
  const numPairs = chunkTokens * (experts?.perToken ?? 0);
  const floats = (count: number, category: BufferCategory = 'activations'): Sized => ({
    category,
    sizeBytes: 4 * count,
  });
  const maxSplits = mostSplits(maxPages, wantedSplits(config.numKvHeads));
  // A binding needs a buffer, be it unused.
  const bytesOrUnused = (sizeBytes: number): Sized =>
    sizeBytes > 0 ? { category: 'tiles', sizeBytes } : floats(4);
  const query = numHeads * (rotatedQueryBytes(headDim) / 4);
  const hasDigests = shape.numQueryPlaces > 0;
  const weighed = Math.max(maxRows, leastWeighed) * numHeads * maxPages;
  const packedTile = bytesOrUnused(config.numKvHeads * (tileTokens / pageTokens) * shape.packedPageBytes);
  const quantized = quantizedRowBytes(widestInput(config));
  const ofChunk = (rowBytes: number): Sized => floats(shape.isInt8 ? (chunkTokens * rowBytes) / 4 : 4);
  const tile: Sized = { category: 'tiles', sizeBytes: tileBytes(config, shape) };
  return {
    rows: floats(4 * maxRows),
    hidden: floats(maxRows * hiddenSize),
    // What a part of a layer gives, where it is normed before it is added, or what it reads, where that is normed apart.
    branch: floats(
      config.norms.attentionOutput || config.norms.mlpOutput || hasOtherLayers(config)
        ? maxRows * hiddenSize
        : 4,
    ),
    routes: floats(experts ? 2 * numPairs + experts.count + 1 : 4),
    shares: floats(Math.max(numPairs, 4)),
    qkv: floats(maxRows * qkvWidth(config)),
    scores: floats(maxRows * config.numKvHeads * maxPages),
    queryRing: floats(Math.max(4, shape.numQueryPlaces * query)),
    segmentQueries: floats(hasDigests ? segmentQueryRows * query : 4),
    logMasses: floats(hasDigests ? weighed : 4),
    heldMasses: floats(Math.max(4, 2 * shape.numHeldMasses)),
    pageMasses: floats(maxRows * maxPages),
    promptMasses: floats(maxPages),
    segmentRow: floats(4),
    sparseRow: floats(4),
    partials: { category: 'activations', sizeBytes: partialsBytes(maxRows, numHeads, maxSplits, headDim) },
    attended: floats(maxRows * numHeads * headDim),
    inner: floats(maxRows * innerWidth),
    logits: floats(maxRows * vocabSize),
    segmentHidden: floats(tileTokens * hiddenSize),
    segmentQkv: floats(tileTokens * qkvWidth(config)),
    segmentAttended: floats(tileTokens * numHeads * headDim),
    softmaxState: floats(tileTokens * numHeads * 2),
    chunkNormed: floats(chunkTokens * hiddenSize),
    chunkGateUp: floats(chunkTokens * upWidth),
    chunkInner: floats(chunkTokens * innerWidth),
    chunkCodes: ofChunk(quantized.codes),
    chunkScales: ofChunk(quantized.scales),
    ownTile: tile,
    earlierTile0: tile,
    earlierTile1: tile,
    ownPacked: packedTile,
    earlierPacked0: packedTile,
    earlierPacked1: packedTile,
    filledPage: bytesOrUnused(shape.filledPageBytes),
    unused: floats(4),
  } satisfies Record<string, Sized>;
}

/** GPU bytes of the activations by category. */
export function activationBytes(config: ModelConfig, shape: ActivationShape): BytesByCategory {
  const total = noBytes();
  for (const { category, sizeBytes } of Object.values(activationSizes(config, shape)))
    total[category] += roundUp(sizeBytes, bufferAlignment);
  return total;
}

/** One buffer for each entry of `activationSizes`. */
export type Activations = Record<keyof ReturnType<typeof activationSizes>, GpuBuffer>;

/** @throws EngineError `gpu-memory` when the device has no room */
export function createActivations(
  device: Device,
  config: ModelConfig,
  shape: ActivationShape,
): Promise<Activations> {
  const sizes = activationSizes(config, shape);
  return device.allocating('the activations', () => {
    const entries = Object.entries(sizes).map(([label, size]) => [
      label,
      device.buffers.create({ label, ...size }),
    ]);
    return Object.fromEntries(entries) as Activations;
  });
}

/** Frees every buffer of the set. */
export function destroyActivations(activations: Activations): void {
  for (const buffer of Object.values(activations)) buffer.destroy();
}
