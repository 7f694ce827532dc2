/** KV elements on the host, as the GPU stores them: f16 pairs in words, or f32. */
import { fromF16Bits, toF16Bits } from '../../util/f16';

/** Stored KV elements, addressed by element whatever their format. */
export type KvWords = Uint32Array<ArrayBuffer> | Float32Array<ArrayBuffer>;

/** Words for `length` elements, zero: f16 pairs (`length` even) or f32. */
export function createKvWords(format: 'f16' | 'f32', length: number): KvWords {
  return format === 'f16' ? new Uint32Array(length / 2) : new Float32Array(length);
}

/** Element `index` of stored words. */
export function loadKv(words: KvWords, index: number): number {
  if (words instanceof Float32Array) return words[index]!;
  return fromF16Bits((words[index >> 1]! >>> (16 * (index & 1))) & 0xffff);
}

/** Stores element `index`, rounded to the words' format; beyond f16's range its largest finite value. */
export function storeKv(words: KvWords, index: number, value: number): void {
  if (words instanceof Float32Array) {
    words[index] = value;
    return;
  }
  const bits = toF16Bits(Math.min(Math.max(value, -65504), 65504));
  const shift = 16 * (index & 1);
  words[index >> 1] = ((words[index >> 1]! & ~(0xffff << shift)) | (bits << shift)) >>> 0;
}

/** All elements of stored words as f32. */
export function unpackKv(words: KvWords): Float32Array<ArrayBuffer> {
  if (words instanceof Float32Array) return words;
  return Float32Array.from({ length: 2 * words.length }, (_, index) => loadKv(words, index));
}
