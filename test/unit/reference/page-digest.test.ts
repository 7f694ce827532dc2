/** What digests are for: products of queries and keys, estimated from two bits a channel. */
import { expect, test } from 'vitest';
import { hadamard, loadDigest, pageDigest, rotatedBlock } from '../../../src/reference/cache/page-digest';
import { loadQuery, rotateQuery } from '../../../src/reference/select/rotate-queries';
import { randomSource } from '../../../tools/util/random';

const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, x, i) => sum + x * b[i]!, 0);

/** Normally distributed, with one channel far beyond the others, as keys of real models have. */
function vectors(headDim: number, count: number, seed: number): Float32Array<ArrayBuffer>[] {
  const next = randomSource(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  return Array.from({ length: count }, () =>
    Float32Array.from({ length: headDim }, (_, i) => normal() * (i === 3 ? 8 : 1)),
  );
}

test.each([
  [32, 32],
  [80, 16],
  [96, 32],
  [128, 128],
])('the transform of %i channels is that of blocks of %i, and keeps products', (headDim, block) => {
  expect(rotatedBlock(headDim)).toBe(block);
  const [a, b] = vectors(headDim, 2, headDim) as [Float32Array<ArrayBuffer>, Float32Array<ArrayBuffer>];
  expect(dot(hadamard(a), hadamard(b)) / block).toBeCloseTo(dot(a, b), 3);
  // Twice is the vector again.
  expect(hadamard(hadamard(a))[3]! / block).toBeCloseTo(a[3]!, 4);
});

test.each([32, 80, 128])(
  'products of %i channels come out of a digest within a few tenths of their spread',
  (headDim) => {
    const keys = vectors(headDim, 16, 5);
    const queries = vectors(headDim, 40, 6);
    const digests = new Uint32Array(headDim + 8);
    pageDigest((token) => keys[token]!, digests, 0, headDim);
    const rotated = new Uint32Array(headDim / 4 + 2);
    let [errors, spread] = [0, 0];
    for (const query of queries) {
      rotateQuery(query, 1, rotated, 0);
      const asked = loadQuery(rotated, 0, headDim);
      keys.forEach((key, token) => {
        const exact = dot(query, key);
        errors += (dot(asked, loadDigest(digests, 0, token, headDim)) - exact) ** 2;
        spread += exact ** 2;
      });
    }
    // Four levels leave 0.34 of a channel's deviation as error; it does not add up as products do.
    expect(Math.sqrt(errors / spread)).toBeLessThan(0.36);
    expect(Math.sqrt(errors / spread)).toBeGreaterThan(0.05);
  },
);

test('keys of nought have a digest of nought', () => {
  const digests = new Uint32Array(40);
  pageDigest(() => new Float32Array(32), digests, 0, 32);
  expect([...loadDigest(digests, 0, 7, 32)].every((x) => x === 0)).toBe(true);
});
