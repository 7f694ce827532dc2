import { describe, expect, test } from 'vitest';
import { explainBadContents, numSampledPages, samplePages } from '../../../src/documents/import-check';
import { areFiniteRecords, isSamePage, pageValues } from '../../../src/documents/page-values';
import { loadPacked, packKeys, packedPageWords } from '../../../src/reference/cache/pack-pages';
import { toF16Bits } from '../../../src/util/f16';
import { randomFloats } from '../../../tools/util/random';

describe('contents of an import', () => {
  const good = { ids: [1, 2, 3], text: 'abc', head: '<s>' };
  const own = { ids: [1, 2, 3], prefix: '<s>abc', vocabSize: 4 };
  test.each([
    [{}, {}, undefined],
    [{ ids: [1, 4, 3] }, {}, /token 4, which the model does not know/],
    [{ head: '<t>' }, {}, /chat template/],
    [{ text: 'abd' }, {}, /chat template/],
    [{ ids: [1, 3, 2] }, {}, /from token 1 on/],
    [{ ids: [1, 2] }, {}, /from token 2 on/],
    [{ ids: [1, 2, 3, 3] }, {}, /from token 3 on/],
  ])('%j with %j: %s', (change, ownChange, wanted) => {
    const problem = explainBadContents({ ...good, ...change }, { ...own, ...ownChange });
    if (wanted) expect(problem).toMatch(wanted);
    else expect(problem).toBeUndefined();
  });
});

test('sampled pages are distinct, the last one first, and as many as there can be', () => {
  let calls = 0;
  const random = () => (calls++ * 0.37) % 1;
  for (const numPages of [0, 1, 3, 100]) {
    const pages = samplePages(numPages, random);
    expect(pages).toHaveLength(Math.min(numPages, numSampledPages));
    expect(new Set(pages).size).toBe(pages.length);
    if (numPages > 0) expect(pages[0]).toBe(numPages - 1);
    expect(pages).toEqual([...pages].sort((a, b) => b - a));
  }
});

test('of digests only scales are numbers', () => {
  const of = { format: 'f16', headDim: 8 } as const;
  const digests = new Uint32Array(2 * 16).fill(0xffffffff);
  for (const digest of [0, 1]) digests.fill(0x3c003c00, 16 * digest + 8, 16 * digest + 16);
  const bytes = new Uint8Array(digests.buffer);
  expect(areFiniteRecords(bytes, 'digests', of)).toBe(true);
  expect(areFiniteRecords(bytes, 'summaries', of)).toBe(false);
  digests[31] = 0x7c00;
  expect(areFiniteRecords(bytes, 'digests', of)).toBe(false);
});

describe.each([8, 24, 64])('pages of %d channels', (headDim) => {
  const values = randomFloats(32 * headDim, headDim, 3);
  const halves = Uint16Array.from(values, toF16Bits);
  const asHalves = new Uint8Array(halves.buffer);

  test('elements are read as they are', () => {
    expect(pageValues(new Uint8Array(values.buffer), 'f32', headDim)).toEqual(values);
    const read = pageValues(asHalves, 'f16', headDim);
    read.forEach((value, i) => expect(Math.abs(value - values[i]!)).toBeLessThan(0.002));
  });

  test('8 bits are read as their twin reads them', () => {
    const words = new Uint32Array(packedPageWords(headDim));
    const packed = { words, headDim };
    packKeys(packed, 0, 16, (token, channel) => values[token * headDim + channel]!);
    const read = pageValues(new Uint8Array(words.buffer), 'int8', headDim);
    for (let row = 0; row < 16; row++) {
      for (let channel = 0; channel < headDim; channel++) {
        const wanted = loadPacked(packed, 0, row, channel);
        expect(read[row * headDim + channel]).toBeCloseTo(wanted, 5);
      }
    }
  });

  test('one value of another sign is another page; another rounding is not', () => {
    const rounded = pageValues(asHalves, 'f16', headDim);
    expect(isSamePage(rounded, values, 'f16')).toBe(true);
    const largest = values.reduce((at, value, i) => (Math.abs(value) > Math.abs(values[at]!) ? i : at), 0);
    const flipped = rounded.slice();
    flipped[largest] = -flipped[largest]!;
    expect(isSamePage(flipped, values, 'f16')).toBe(false);
    expect(isSamePage(flipped, values, 'int8')).toBe(false);
    expect(isSamePage(Float32Array.of(NaN), Float32Array.of(1), 'f16')).toBe(false);
  });

  test('infinities and what is no number are found, wherever they count', () => {
    for (const bad of [0x7c00, 0xfc00, 0x7e01]) {
      const changed = halves.slice();
      changed[changed.length - 1] = bad;
      const bytes = new Uint8Array(changed.buffer);
      expect(areFiniteRecords(asHalves, 'pages', { format: 'f16', headDim })).toBe(true);
      expect(areFiniteRecords(bytes, 'pages', { format: 'f16', headDim })).toBe(false);
      expect(areFiniteRecords(bytes, 'summaries', { format: 'int8', headDim })).toBe(false);
    }
    const packed = new Uint16Array(2 * packedPageWords(headDim));
    packed[0] = 0x7c00;
    const form = { format: 'int8', headDim } as const;
    expect(areFiniteRecords(new Uint8Array(packed.buffer), 'pages', form)).toBe(true);
    packed[16 * headDim] = 0x7c00;
    expect(areFiniteRecords(new Uint8Array(packed.buffer), 'pages', form)).toBe(false);
    const floats = Float32Array.of(1, Infinity);
    expect(areFiniteRecords(new Uint8Array(floats.buffer), 'pages', { format: 'f32', headDim })).toBe(false);
  });
});
