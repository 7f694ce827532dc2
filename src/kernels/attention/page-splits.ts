/** How a row's page list is cut into splits: the host's copy of lib/kv-page-list.wgsl, for grids and buffer sizes. */
import { ceilDiv } from '../../util/math';
import { pageTokens } from './kv-format';

/**
 * Splits that a list is cut into while none of them gets more than `maxPagesPerSplit`: so many that a step of one sequence
 * has about 256 workgroups of `sparseDecode` (measured on a GPU of 132 processors: half as many take longer, and so do twice
 * as many). Rows do not count: a row's splits, and so its rounding, must not depend on the batch.
 */
export function wantedSplits(numKvHeads: number): number {
  return Math.min(Math.max(Math.floor(256 / numKvHeads), 8), 64);
}
/** List entries that one workgroup of `sparseDecode` attends at most. */
export const maxPagesPerSplit = 16;

/** What decides the splits of one row: the list's `count` entries, then the pages from `tailStart` on. */
interface SplitInput {
  /** Position of the row's own token. */
  readonly position: number;
  readonly count?: number;
  readonly tailStart?: number;
  /** Sliding window in tokens, 0 for none. */
  readonly window?: number;
  /** What `wantedSplits` says. */
  readonly splits: number;
}

/** Number of splits of one row; `maxSplits` of a batch is the largest over its rows. */
export function numSplits(input: SplitInput): number {
  const { splits, position, count = 0, tailStart = 0, window = 0 } = input;
  const endPage = Math.floor(position / pageTokens) + 1;
  const numEntries = count + Math.max(endPage - tailStart, 0);
  const firstKey = window === 0 || position < window ? 0 : position + 1 - window;
  const firstPage = Math.floor(firstKey / pageTokens);
  const pagesEach = pagesPerSplit(Math.min(numEntries, endPage - firstPage), splits);
  const firstSplit = count === 0 ? Math.floor(Math.max(firstPage - tailStart, 0) / pagesEach) : 0;
  return Math.max(ceilDiv(numEntries, pagesEach) - firstSplit, 0);
}

/** The most splits that any list of at most `numEntries` pages has. */
export function mostSplits(numEntries: number, splits: number): number {
  return Math.max(Math.min(numEntries, splits), ceilDiv(numEntries, maxPagesPerSplit));
}

/** Bytes of `partials [rows, heads, maxSplits, 4 + headDim]`. */
export function partialsBytes(numRows: number, heads: number, maxSplits: number, headDim: number): number {
  return 4 * numRows * heads * maxSplits * (headDim + 4);
}

/** List entries of each split of a row that sees `numPages` pages. */
function pagesPerSplit(numPages: number, splits: number): number {
  return Math.min(Math.max(ceilDiv(numPages, splits), 1), maxPagesPerSplit);
}
