/** How a prompt is cut for prefill: segments that go through all layers together, chunks of one dispatch, tiles of KV. */
import { pageTokens } from '../cache/page';
import type { ModelConfig } from '../config/model-config';

/** Tokens `[start, end)` of one sequence that go through the layers together. */
export interface Segment {
  readonly start: number;
  readonly end: number;
  /** Where the tile begins that all its tokens lie in. */
  readonly tileStart: number;
  /**
   * The pages of tokens `[0, sparseTokens)` are attended as far as heads select them: a multiple of two pages, 0 where
   * everything is attended. No tile has pages of both kinds.
   */
  readonly sparseTokens: number;
  /** Whether it ends the prompt, so that its last token's logits are wanted. */
  readonly isLast: boolean;
}

/** Rows `[firstRow, firstRow + numRows)` of a segment, at positions from `firstPosition` on. */
export interface Chunk {
  readonly firstRow: number;
  readonly numRows: number;
  readonly firstPosition: number;
}

/** Tokens of a segment of a sparse follow-up: a measured number would make what is selected depend on the GPU's speed. */
export const sparseSegmentTokens = 128;

/**
 * The segment that begins at `start` of a prompt of `end` tokens: at most `maxTokens`, never across a tile's border. Tiles
 * begin at `sparseTokens`.
 */
export function nextSegment(
  start: number,
  end: number,
  tileTokens: number,
  maxTokens: number,
  sparseTokens = 0,
): Segment {
  const tileStart = start - ((start - sparseTokens) % tileTokens);
  const to = Math.min(end, tileStart + tileTokens, start + maxTokens);
  return { start, end: to, tileStart, sparseTokens, isLast: to === end };
}

/**
 * How many of a follow-up's first `start` tokens, which are cached, are attended as heads select them: all but a page without a
 * partner, since the attention kernel takes two at once; none where heads attend as many pages anyway.
 */
export function sparseTokensOf(start: number, pagesPerHead: number): number {
  const numPages = 2 * Math.floor(start / (2 * pageTokens));
  return numPages > pagesPerHead ? numPages * pageTokens : 0;
}

/** Rows of one dispatch at most: of products, whose buffers hold no more, and of attention. */
export interface RowsAtOnce {
  readonly chunkTokens: number;
  readonly attendedTokens: number;
}

/** The chunks of a segment, in order, of at most `chunkTokens` rows. */
export function planChunks(segment: Segment, chunkTokens: number): Chunk[] {
  const chunks: Chunk[] = [];
  for (let position = segment.start; position < segment.end; position += chunkTokens) {
    const numRows = Math.min(chunkTokens, segment.end - position);
    chunks.push({ firstRow: position - segment.start, numRows, firstPosition: position });
  }
  return chunks;
}

/** Multiply-adds of the costliest product of one row: the gate and up projections, in any usual model. */
export function largestRowCost({ hiddenSize, intermediateSize }: ModelConfig): number {
  return 2 * hiddenSize * intermediateSize;
}

/** Multiply-adds of one row that attends a whole tile. */
export function attendedRowCost({ numHeads, headDim }: ModelConfig, tileTokens: number): number {
  return 2 * tileTokens * numHeads * headDim;
}

/** Multiply-adds of one token at `position` through all layers, attention included. */
export function tokenCost(config: ModelConfig, position: number): number {
  const { hiddenSize, intermediateSize, numHeads, numKvHeads, headDim, numLayers } = config;
  const projections =
    hiddenSize * (2 * numHeads + 2 * numKvHeads) * headDim + 3 * hiddenSize * intermediateSize;
  return numLayers * (projections + 2 * position * numHeads * headDim);
}
