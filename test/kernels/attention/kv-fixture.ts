/** Seeded KV data for tests: pages, tables, RoPE tables. */
import type { KvElement } from '../../../src/kernels/attention/kv-format';
import { createKvWords, storeKv, type KvWords } from '../../../src/reference/cache/kv-data';
import { packedPageWords, packPages } from '../../../src/reference/cache/pack-pages';
import { randomFloats, randomSource } from '../../../tools/util/random';

/** `length` random elements in [-scale, scale), stored in `format`. */
export function randomKv(format: KvElement, length: number, seed: number, scale = 1): KvWords {
  const words = createKvWords(format, length);
  randomFloats(length, seed, scale).forEach((value, index) => storeKv(words, index, value));
  return words;
}

/** `numPages` pages of 8 bits, of random elements in [-scale, scale). */
export function randomPacked(numPages: number, headDim: number, seed: number, scale = 1) {
  const packed = new Uint32Array(numPages * packedPageWords(headDim));
  const list = Uint32Array.from({ length: 2 * numPages }, (_, i) => i >> 1);
  packPages(randomKv('f16', numPages * 32 * headDim, seed, scale), { words: packed, headDim }, list, 16);
  return packed;
}

/** The numbers 0…length-1 in a seeded random order. */
export function shuffled(length: number, seed: number): Uint32Array<ArrayBuffer> {
  const next = randomSource(seed);
  const order = Uint32Array.from({ length }, (_, i) => i);
  for (let i = length - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

/** The two-level table `[256 + ceil(maxContext / 256), rotaryDim / 2]` of (cos, sin), at least one pair. */
export function ropeTable(rotaryDim: number, maxContext: number, theta = 10_000): Float32Array<ArrayBuffer> {
  const half = rotaryDim / 2;
  const numRows = 256 + Math.ceil(maxContext / 256);
  const table = new Float32Array(Math.max(2 * half * numRows, 4));
  for (let row = 0; row < numRows; row++) {
    const position = row < 256 ? row : 256 * (row - 256);
    for (let i = 0; i < half; i++) {
      const angle = position * theta ** (-i / half);
      table[2 * (row * half + i)] = Math.cos(angle);
      table[2 * (row * half + i) + 1] = Math.sin(angle);
    }
  }
  return table;
}
