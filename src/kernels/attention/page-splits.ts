/** How a row's page list is cut into splits: the host's copy of lib/kv-page-list.wgsl, for grids and buffer sizes. */
import { ceilDiv } from '../../util/math';
import { pageTokens } from './kv-format';

/** List entries that one workgroup of `sparseDecode` attends, unless its constant PAGES_PER_SPLIT says otherwise. */
export const pagesPerSplit = 16;

/** What decides the splits of one row: the list's `count` entries, then the pages from `tailStart` on. */
export interface SplitInput {
  /** Position of the row's own token. */
  readonly position: number;
  readonly count?: number;
  readonly tailStart?: number;
  /** Sliding window in tokens, 0 for none. */
  readonly window?: number;
}

/** Number of splits of one row; `maxSplits` of a batch is the largest over its rows. */
export function numSplits(input: SplitInput, pagesEach: number = pagesPerSplit): number {
  const { position, count = 0, tailStart = 0, window = 0 } = input;
  const endPage = Math.floor(position / pageTokens) + 1;
  const numEntries = count + Math.max(endPage - tailStart, 0);
  let firstSplit = 0;
  if (count === 0) {
    const firstKey = window === 0 || position < window ? 0 : position + 1 - window;
    firstSplit = Math.floor(Math.max(Math.floor(firstKey / pageTokens) - tailStart, 0) / pagesEach);
  }
  return Math.max(ceilDiv(numEntries, pagesEach) - firstSplit, 0);
}

/** Bytes of `partials [rows, heads, maxSplits, headDim + 2]`. */
export function partialsBytes(numRows: number, heads: number, maxSplits: number, headDim: number): number {
  return 4 * numRows * heads * maxSplits * (headDim + 2);
}
