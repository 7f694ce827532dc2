/** How keys and values are stored in pages, and what a page takes: numbers only, no GPU. */

/** Element type of KV pages, tiles and page summaries. */
export type KvFormat = 'f16' | 'f32';

/** Tokens of one KV head in a page. */
export const pageTokens = 16;

/** Bytes of one stored element. */
export function kvElementBytes(format: KvFormat): number {
  return format === 'f16' ? 2 : 4;
}

/** Bytes of one page: K `[16, headDim]`, then V `[16, headDim]`. */
export function pageBytes(format: KvFormat, headDim: number): number {
  return 2 * pageTokens * headDim * kvElementBytes(format);
}

/** Bytes of one page summary: per-channel minimum, then maximum, in the keys' own format. */
export function summaryBytes(format: KvFormat, headDim: number): number {
  return 2 * headDim * kvElementBytes(format);
}
