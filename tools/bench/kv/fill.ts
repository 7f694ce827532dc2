/**
 * Puts a context into an engine without a prefill: seeded keys and values go to the host store, and the engine brings them back
 * as it does with a document that was read earlier. What remains is an idle sequence, as after an answer: a request that begins
 * with its tokens prefills what follows them, and decodes.
 */
import { pageTokens } from '../../../src/cache/page';
import type { EngineCore } from '../../../src/engine/engine';
import { toF16Array } from '../../../src/util/f16';
import { packedPageWords, packPages } from '../../../src/reference/cache/pack-pages';
import { randomFloats, randomSource } from '../../util/random';
import { promptIds } from '../prompt-ids';

/** Noise of a page's keys around their mean, whose root mean square is 1: a page is about something. */
const keyNoise = 0.2;

/** Numbers that are repeated as noise and as values: a prime. */
const poolLength = 65_537;

/** Bytes of different pages that are made of a context: those of a longer one come again. */
const mostDistinctBytes = 64 * 2 ** 20;

/**
 * Fills `numTokens` tokens, whole pages, of a new sequence.
 * @returns their ids: what a prompt must begin with
 */
export async function fillContext(core: EngineCore, numTokens: number, seed: number): Promise<number[]> {
  const { hostStore, cache } = core.runner;
  const { numLayers, numKvHeads } = cache.shape;
  const tokens = promptIds(core.config.vocabSize, numTokens, seed);
  await core.loop.restore(tokens, async (ids) => {
    const { pageBytes } = hostStore.shape;
    const numLists = numLayers * numKvHeads;
    const numDistinct = Math.min(numLists * ids.length, Math.floor(mostDistinctBytes / pageBytes));
    const distinct = makePages(core, numDistinct, seed);
    const pages = new Uint8Array(ids.length * pageBytes);
    for (let list = 0; list < numLists; list++) {
      for (let at = 0; at < ids.length;) {
        const first = (list * ids.length + at) % numDistinct;
        const length = Math.min(ids.length - at, numDistinct - first);
        pages.set(distinct.subarray(first * pageBytes, (first + length) * pageBytes), at * pageBytes);
        at += length;
      }
      await hostStore.write(Math.floor(list / numKvHeads), list % numKvHeads, ids, pages);
    }
  });
  return tokens;
}

/** Pages by a seed: keys near a random mean of their page, values at random. */
function makePages(core: EngineCore, numPages: number, seed: number): Uint8Array<ArrayBuffer> {
  const { headDim, hostFormat } = core.runner.cache.shape;
  const numElements = pageTokens * headDim;
  const noise = randomFloats(poolLength, 1, keyNoise * Math.sqrt(3));
  const values = randomFloats(poolLength, 2, Math.sqrt(3));
  const next = randomSource(1000 * seed);
  const means = new Float32Array(headDim);
  const pages = new Float32Array(numPages * 2 * numElements);
  for (let page = 0; page < numPages; page++) {
    for (let i = 0; i < headDim; i++) means[i] = (2 * next() - 1) * Math.sqrt(3);
    const start = page * 2 * numElements;
    let at = Math.floor(next() * poolLength);
    for (let i = 0; i < numElements; i++) {
      if (++at >= poolLength) at = 0;
      pages[start + i] = means[i % headDim]! + noise[at]!;
      pages[start + numElements + i] = values[at]!;
    }
  }
  return hostFormat === 'int8' ? packed(pages, headDim) : encode(pages, hostFormat);
}

/** Pages of 8 bits: one after the other through the CPU twin of the kernel that packs them. */
function packed(pages: Float32Array<ArrayBuffer>, headDim: number): Uint8Array<ArrayBuffer> {
  const numPages = pages.length / (2 * pageTokens * headDim);
  const words = new Uint32Array(numPages * packedPageWords(headDim));
  const list = Uint32Array.from({ length: 2 * numPages }, (_, i) => i >> 1);
  packPages(pages, { words, headDim }, list, pageTokens);
  return new Uint8Array(words.buffer);
}

function encode(values: Float32Array<ArrayBuffer>, format: 'f16' | 'f32'): Uint8Array<ArrayBuffer> {
  if (format === 'f32') return new Uint8Array(values.buffer);
  const patterns = new Uint16Array(values.length);
  toF16Array(values, patterns);
  return new Uint8Array(patterns.buffer);
}
