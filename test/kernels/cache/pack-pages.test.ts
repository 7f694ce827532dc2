/** Pages of 8 bits: every code is the nearest, ranges come back, and a whole page is rounded to what it unpacks to. */
import { describe, expect, test } from 'vitest';
import { pageBytes, type KvElement } from '../../../src/kernels/attention/kv-format';
import {
  packPages,
  packPagesGrid,
  unpackPages,
  unpackPagesGrid,
} from '../../../src/kernels/cache/pack-pages';
import { loadKv, storeKv, unpackKv, type KvWords } from '../../../src/reference/cache/kv-data';
import * as reference from '../../../src/reference/cache/pack-pages';
import { expectClose } from '../../support/compare';
import { randomKv, randomPacked, shuffled } from '../attention/kv-fixture';
import { runKernel } from '../harness';
import { useDevice } from '../use-device';

const gpu = useDevice();

interface Shape {
  readonly element?: KvElement;
  readonly headDim: number;
  readonly numPages: number;
  readonly numTokens?: number;
  readonly scale?: number;
}

const shapes: Shape[] = [
  { headDim: 8, numPages: 1 },
  { headDim: 8, numPages: 3, numTokens: 1 },
  { headDim: 32, numPages: 5, scale: 1000 },
  { headDim: 64, numPages: 7, numTokens: 15 },
  { headDim: 80, numPages: 4, scale: 1e-4 },
  { headDim: 128, numPages: 9 },
  { headDim: 256, numPages: 2 },
  { headDim: 96, numPages: 3, element: 'f32' },
];

/** Pairs (source page, destination page) in no order, among `numAll` pages each. */
function pairsOf(numPages: number, numAll: number): Uint32Array {
  const [from, to] = [shuffled(numAll, 3), shuffled(numAll, 4)];
  return Uint32Array.from({ length: 2 * numPages }, (_, i) => (i % 2 === 0 ? from : to)[i >> 1]!);
}

const asWords = (element: KvElement, bytes: ArrayBuffer): KvWords =>
  element === 'f16' ? new Uint32Array(bytes) : new Float32Array(bytes);

/** Random pages whose first channel of keys, and second token's value, have no range at all. */
function pagesOf({ element = 'f16', headDim, numPages, scale = 1 }: Shape): KvWords {
  const pages = randomKv(element, (numPages + 2) * 32 * headDim, headDim, scale);
  for (let page = 0; page < numPages + 2; page++) {
    for (let token = 0; token < 16; token++) storeKv(pages, (page * 32 + token) * headDim, 0.25);
    for (let i = 0; i < headDim; i++) storeKv(pages, (page * 32 + 17) * headDim + i, -3);
  }
  return pages;
}

const titled = shapes.map((shape) => [JSON.stringify(shape), shape] as const);

describe('pack-pages', () => {
  test.each(titled)('%s', async (_title, shape) => {
    const { element = 'f16', headDim, numPages, numTokens = 16 } = shape;
    const pages = pagesOf(shape);
    const list = pairsOf(numPages, numPages + 2);
    const packed = randomPacked(numPages + 2, headDim, 1);
    expect(packed.byteLength).toBe((numPages + 2) * pageBytes('int8', headDim));
    const results = await runKernel(gpu.compiler, {
      spec: packPages(element),
      constants: { HEAD_DIM: headDim },
      buffers: { pages, packed },
      params: { numPages, numTokens },
      grid: packPagesGrid(numPages, headDim),
      list,
    });
    const [wantedPages, wanted] = [pages.slice(), packed.slice()];
    reference.packPages(wantedPages, { words: wanted, headDim }, list, numTokens);
    const actual = new Uint32Array(results['packed']!);
    const rounded = asWords(element, results['pages']!);

    // Ranges, and all pages and tokens that are not named, to the bit; codes may differ where two are equally near.
    const words = reference.packedPageWords(headDim);
    for (let page = 0; page < numPages + 2; page++) {
      const ranges = [page * words + 8 * headDim, (page + 1) * words] as const;
      expect(actual.slice(...ranges)).toEqual(wanted.slice(...ranges));
      const from = list.findIndex((entry, i) => i % 2 === 1 && entry === page) - 1;
      for (let row = 0; row < 32; row++) {
        for (let channel = 0; channel < headDim; channel++) {
          const [code, wantedCode] = [actual, wanted].map((words) =>
            reference.codeAt({ words, headDim }, page, row, channel),
          ) as [number, number];
          if (code === wantedCode) continue;
          expect(from).toBeGreaterThanOrEqual(0);
          const exact = loadKv(pages, (list[from]! * 32 + row) * headDim + channel);
          const at = reference.loadPacked({ words: actual, headDim }, page, row, channel);
          const other = reference.loadPacked({ words: wanted, headDim }, page, row, channel);
          expect(Math.abs(at - exact)).toBeLessThanOrEqual(1.001 * Math.abs(other - exact));
        }
      }
    }
    if (numTokens < 16) {
      expect(rounded).toEqual(pages);
      return;
    }
    // What stands there now is what comes back, by this adapter's own arithmetic.
    const back = await runKernel(gpu.compiler, {
      spec: unpackPages(element),
      constants: { HEAD_DIM: headDim },
      buffers: { packed: actual, pages },
      params: { numPages },
      grid: unpackPagesGrid(numPages, headDim),
      list: Uint32Array.from(list, (_, i) => list[i ^ 1]!),
    });
    expect(rounded).toEqual(asWords(element, back['pages']!));
  });
});

describe('unpack-pages', () => {
  test.each(titled)('%s', async (_title, shape) => {
    const { element = 'f16', headDim, numPages, scale = 1 } = shape;
    const packed = randomPacked(numPages + 2, headDim, 7, scale);
    const pages = pagesOf(shape);
    const list = pairsOf(numPages, numPages + 2);
    const results = await runKernel(gpu.compiler, {
      spec: unpackPages(element),
      constants: { HEAD_DIM: headDim },
      buffers: { packed, pages },
      params: { numPages },
      grid: unpackPagesGrid(numPages, headDim),
      list,
    });
    const wanted = pages.slice();
    reference.unpackPages({ words: packed, headDim }, wanted, list);
    const tolerance = { absolute: scale * 2 ** -20, relative: 2 ** -10 };
    expectClose(unpackKv(asWords(element, results['pages']!)), unpackKv(wanted), tolerance);
  });
});
