/** How a prompt is cut for prefill: segments that go through all layers together, chunks of one dispatch, tiles of KV. */
import type { ModelConfig } from './model-config';

/** Tokens `[start, end)` of one sequence that go through the layers together. */
export interface Segment {
  readonly start: number;
  readonly end: number;
  /** The tile that all its tokens lie in. */
  readonly tileIndex: number;
  /** Whether it ends the prompt, so that its last token's logits are wanted. */
  readonly isLast: boolean;
}

/** Rows `[firstRow, firstRow + numRows)` of a segment, at positions from `firstPosition` on. */
export interface Chunk {
  readonly firstRow: number;
  readonly numRows: number;
  readonly firstPosition: number;
}

/** The segment that begins at `start` of a prompt of `end` tokens: at most `maxTokens`, never across a tile's border. */
export function nextSegment(start: number, end: number, tileTokens: number, maxTokens: number): Segment {
  const tileIndex = Math.floor(start / tileTokens);
  const to = Math.min(end, (tileIndex + 1) * tileTokens, start + maxTokens);
  return { start, end: to, tileIndex, isLast: to === end };
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

/** Multiply-adds of one token at `position` through all layers, attention included. */
export function tokenCost(config: ModelConfig, position: number): number {
  const { hiddenSize, intermediateSize, numHeads, numKvHeads, headDim, numLayers } = config;
  const projections =
    hiddenSize * (2 * numHeads + 2 * numKvHeads) * headDim + 3 * hiddenSize * intermediateSize;
  return numLayers * (projections + 2 * position * numHeads * headDim);
}
