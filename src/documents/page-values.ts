/** Stored pages as numbers: what an import holds is looked at before it is believed. Pure. */
import { pageTokens, type KvFormat } from '../kernels/attention/kv-format';
import { digestBytes } from '../kernels/cache/page-digest';
import { fromF16Bits } from '../util/f16';

/** Rows of a page: its keys, then its values. */
const numRows = 2 * pageTokens;

/**
 * The elements of one page, `[32, headDim]`: keys, then values, as attention reads them. Of a page of 8 bits, what its codes
 * stand for.
 */
export function pageValues(page: Uint8Array, format: KvFormat, headDim: number): Float32Array {
  const aligned = page.byteOffset % 4 === 0 ? page : page.slice();
  const { buffer, byteOffset } = aligned;
  const length = numRows * headDim;
  if (format === 'f32') return new Float32Array(buffer, byteOffset, length);
  const halves = new Uint16Array(buffer, byteOffset, aligned.byteLength / 2);
  if (format === 'f16') return Float32Array.from(halves.subarray(0, length), fromF16Bits);
  return Float32Array.from({ length }, (_, i) => {
    const [row, channel] = [Math.floor(i / headDim), i % headDim];
    const [leastAt, largestAt] = rangeAt(headDim, row, channel);
    const [least, largest] = [fromF16Bits(halves[leastAt]!), fromF16Bits(halves[largestAt]!)];
    return least + (aligned[i]! / 255) * (largest - least);
  });
}

/** Where a page of 8 bits has the range of an element: of a key's channel (8 least, then 8 largest), of a value's token. */
function rangeAt(headDim: number, row: number, channel: number): readonly [least: number, largest: number] {
  const keys = pageTokens * headDim + 2 * (channel - (channel % 8)) + (channel % 8);
  if (row < pageTokens) return [keys, keys + 8];
  const value = (pageTokens + 2) * headDim + 2 * (row - pageTokens);
  return [value, value + 1];
}

/** Whether pages or summaries hold no infinity and nothing that is no number. Of digests only the scales could. */
export function areFiniteRecords(
  payload: Uint8Array,
  kind: 'pages' | 'summaries' | 'digests',
  { format, headDim }: { readonly format: KvFormat; readonly headDim: number },
): boolean {
  const aligned = payload.byteOffset % 4 === 0 ? payload : payload.slice();
  const { buffer, byteOffset, byteLength } = aligned;
  if (kind === 'digests') {
    const digests = new Uint16Array(buffer, byteOffset, byteLength / 2);
    const numHalves = digestBytes(headDim) / 2;
    return digests.every((half, i) => i % numHalves < 2 * headDim || (half & 0x7c00) !== 0x7c00);
  }
  if (format === 'f32') {
    const words = new Uint32Array(buffer, byteOffset, byteLength / 4);
    return words.every((word) => (word & 0x7f80_0000) !== 0x7f80_0000);
  }
  const halves = new Uint16Array(buffer, byteOffset, byteLength / 2);
  const isFinite = (half: number) => (half & 0x7c00) !== 0x7c00;
  if (format === 'f16' || kind === 'summaries') return halves.every(isFinite);
  // Of pages of 8 bits only the ranges are numbers that can be infinite.
  const perPage = pageTokens * headDim + 2 * (headDim + pageTokens);
  return halves.every((half, i) => i % perPage < pageTokens * headDim || isFinite(half));
}

/** How far a page may be from the same page computed on another GPU: of its own spread, and of each element. */
const tolerance = { ofSpread: 0.1, ofElement: 0.02 };
/** What the rounding to 8 bits adds: half a step of a range of about eight spreads, in both. */
const packedTolerance = 0.05;

/** Whether a stored page is the one that was computed, but for another GPU's order of sums and the format's rounding. */
export function isSamePage(stored: Float32Array, computed: Float32Array, format: KvFormat): boolean {
  const spread = Math.sqrt(computed.reduce((sum, x) => sum + x * x, 0) / computed.length);
  const ofSpread = tolerance.ofSpread + (format === 'int8' ? packedTolerance : 0);
  return stored.every((value, i) => {
    const wanted = computed[i]!;
    return Math.abs(value - wanted) <= ofSpread * spread + tolerance.ofElement * Math.abs(wanted);
  });
}
