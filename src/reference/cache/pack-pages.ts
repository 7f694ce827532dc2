/** CPU twins of cache/pack-pages and cache/unpack-pages, and of lib/kv-int8: pages of 8 bits an element. */
import { fromF16Bits, toF16Bits } from '../../util/f16';
import { loadKv, storeKv, type KvWords } from './kv-data';

const bitsOf = (value: number) => toF16Bits(Math.min(Math.max(value, -65504), 65504));

/** Pages of 8 bits an element, one after the other. */
export interface PackedPages {
  /** `[pages, packedPageWords(headDim)]`. */
  readonly words: Uint32Array;
  readonly headDim: number;
}

/** Words of a packed page: codes of K and V, ranges of K by channel, ranges of V by token. */
export function packedPageWords(headDim: number): number {
  return 9 * headDim + 16;
}

/** Where the range of an element lies: f16 indices of its least and its largest, within the page. */
function boundsAt(headDim: number, row: number, channel: number): [least: number, largest: number] {
  const unit = channel >> 3;
  const keys = 16 * headDim + 16 * unit + (channel & 7);
  if (row < 16) return [keys, keys + 8];
  const value = 18 * headDim + 2 * (row - 16);
  return [value, value + 1];
}

/** Element `channel` of row `row` of a packed page: rows 0…15 are keys, 16…31 values. */
export function loadPacked(packed: PackedPages, page: number, row: number, channel: number): number {
  const { words, headDim } = packed;
  const start = page * packedPageWords(headDim);
  const half = (index: number) => fromF16Bits((words[start + (index >> 1)]! >>> (16 * (index & 1))) & 0xffff);
  const [least, largest] = boundsAt(headDim, row, channel).map(half) as [number, number];
  return least + (codeAt(packed, page, row, channel) / 255) * (largest - least);
}

/** The code of an element of a packed page. */
export function codeAt({ words, headDim }: PackedPages, page: number, row: number, channel: number): number {
  const index = row * headDim + channel;
  return (words[page * packedPageWords(headDim) + (index >> 2)]! >>> (8 * (index & 3))) & 255;
}

/** Packs the keys of a page's first `numTokens` tokens: elements `load(token, channel)`. */
export function packKeys(
  packed: PackedPages,
  page: number,
  numTokens: number,
  load: (token: number, channel: number) => number,
): void {
  for (let channel = 0; channel < packed.headDim; channel++) {
    const elements = Array.from({ length: numTokens }, (_, row) => ({
      row,
      channel,
      value: load(row, channel),
    }));
    packRange(packed, page, elements);
  }
}

/** Packs the value of a page's token: elements `load(channel)`. */
export function packValue(
  packed: PackedPages,
  page: number,
  token: number,
  load: (channel: number) => number,
): void {
  const elements = Array.from({ length: packed.headDim }, (_, channel) => ({
    row: 16 + token,
    channel,
    value: load(channel),
  }));
  packRange(packed, page, elements);
}

interface Element {
  readonly row: number;
  readonly channel: number;
  readonly value: number;
}

/** Packs elements that share a range. */
function packRange({ words, headDim }: PackedPages, page: number, elements: readonly Element[]): void {
  const start = page * packedPageWords(headDim);
  const setBits = (word: number, shift: number, mask: number, bits: number) => {
    words[start + word] = ((words[start + word]! & ~(mask << shift)) | (bits << shift)) >>> 0;
  };
  const values = elements.map(({ value }) => value);
  const bounds = [Math.min(...values), Math.max(...values)].map(bitsOf);
  const [least, largest] = bounds.map(fromF16Bits) as [number, number];
  boundsAt(headDim, elements[0]!.row, elements[0]!.channel).forEach((index, i) =>
    setBits(index >> 1, 16 * (index & 1), 0xffff, bounds[i]!),
  );
  for (const { row, channel, value } of elements) {
    const share = largest === least ? 0 : (value - least) / (largest - least);
    const code = Math.round(255 * Math.min(Math.max(share, 0), 1));
    const index = row * headDim + channel;
    setBits(index >> 2, 8 * (index & 3), 0xff, code);
  }
}

/** Packs pages by `list` pairs (page, packed page); with all 16 tokens also rounds them in `pages`. */
export function packPages(pages: KvWords, packed: PackedPages, list: Uint32Array, numTokens: number): void {
  const { headDim } = packed;
  for (let i = 0; i < list.length; i += 2) {
    const [from, to] = [list[i]!, list[i + 1]!];
    const load = (row: number, channel: number) => loadKv(pages, (from * 32 + row) * headDim + channel);
    packKeys(packed, to, numTokens, load);
    for (let token = 0; token < numTokens; token++) {
      packValue(packed, to, token, (channel) => load(16 + token, channel));
    }
    if (numTokens === 16) unpackPages(packed, pages, Uint32Array.of(to, from));
  }
}

/** Unpacks pages by `list` pairs (packed page, page). */
export function unpackPages(packed: PackedPages, pages: KvWords, list: Uint32Array): void {
  const { headDim } = packed;
  for (let i = 0; i < list.length; i += 2) {
    const [from, to] = [list[i]!, list[i + 1]!];
    for (let index = 0; index < 32 * headDim; index++) {
      const value = loadPacked(packed, from, Math.floor(index / headDim), index % headDim);
      storeKv(pages, to * 32 * headDim + index, value);
    }
  }
}
