/** How keys and values are stored in pages, and what a page takes: numbers only, no GPU. */

/** Element type of prefill tiles and page summaries. */
export type KvElement = 'f16' | 'f32';

/** How a page is stored: as elements, or `'int8'`: 8 bits an element, with the ranges that they span. */
export type KvFormat = KvElement | 'int8';

/** Tokens of one KV head in a page. */
export const pageTokens = 16;

/** The element type of what goes with pages of a format: tiles, summaries, the keys of an open page. */
export function elementOf(format: KvFormat): KvElement {
  return format === 'int8' ? 'f16' : format;
}

/** Bytes of one element. */
function kvElementBytes(element: KvElement): number {
  return element === 'f16' ? 2 : 4;
}

/**
 * Bytes of one page: K `[16, headDim]`, then V `[16, headDim]`. With 8 bits also the ranges: least and largest of each
 * channel of K and of each token of V, in f16.
 */
export function pageBytes(format: KvFormat, headDim: number): number {
  if (format === 'int8') return 2 * pageTokens * headDim + 4 * (headDim + pageTokens);
  return 2 * pageTokens * headDim * kvElementBytes(format);
}

/** Bytes of one page summary: per-channel minimum, then maximum, in the format's element type. */
export function summaryBytes(format: KvFormat, headDim: number): number {
  return 2 * headDim * kvElementBytes(elementOf(format));
}

/**
 * Summaries whose place the keys of one open page take, element for element: a page of 8 bits keeps its keys beside it
 * until it is full, since every new one may widen their range.
 */
export function summariesOfOpenPage(format: KvFormat): number {
  return format === 'int8' ? pageTokens / 2 : 0;
}
