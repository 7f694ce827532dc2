import { flatGrid } from '../../../src/gpu/recorder';
import { pageDigest } from '../../../src/kernels/cache/page-digest';
import { loadKv } from '../../../src/reference/cache/kv-data';
import { loadPacked } from '../../../src/reference/cache/pack-pages';
import { pageDigest as reference } from '../../../src/reference/cache/page-digest';
import { fromF16Bits, toF16Bits } from '../../../src/util/f16';
import { randomKv, randomPacked, shuffled } from '../attention/kv-fixture';
import type { KernelCase } from '../harness';

const shapes = [
  { format: 'f16', headDim: 8, numPages: 1 },
  { format: 'f16', headDim: 32, numPages: 9 },
  { format: 'f16', headDim: 64, numPages: 5 },
  { format: 'f16', headDim: 80, numPages: 3 },
  { format: 'f32', headDim: 96, numPages: 4 },
  { format: 'f16', headDim: 128, numPages: 5 },
  { format: 'f16', headDim: 256, numPages: 3 },
  { format: 'f16', headDim: 512, numPages: 2 },
  { format: 'int8', headDim: 64, numPages: 4, rounds: true },
  { format: 'int8', headDim: 96, numPages: 3 },
] as const;

export const cases = shapes.map((shape): KernelCase => {
  const { format, headDim, numPages } = shape;
  const rounds = 'rounds' in shape;
  // Small multiples of 1/8, whose sums are exact in every order, and one page of zeros: codes do not hang on rounding.
  const pool =
    format === 'int8'
      ? randomPacked(numPages, headDim, headDim)
      : format === 'f32'
        ? Float32Array.from({ length: numPages * 32 * headDim }, (_, i) => ((i * 7919) % 61) / 8 - 3)
        : randomKv('f16', numPages * 32 * headDim, headDim).map((_, i) => {
            const half = (n: number) =>
              i < 16 * headDim && numPages > 4 ? 0 : toF16Bits(((n * 7919) % 61) / 8 - 3);
            return half(2 * i) | (half(2 * i + 1) << 16);
          });
  const slots = shuffled(numPages + 3, 4);
  const list = Uint32Array.from({ length: 2 * numPages }, (_, i) => (i % 2 === 0 ? i / 2 : slots[i >> 1]!));
  const digests = new Uint32Array((numPages + 3) * (headDim + 8)).fill(7);
  const load = (page: number, token: number) => (_: unknown, channel: number) => {
    if (format !== 'int8') return loadKv(pool, (page * 32 + token) * headDim + channel);
    const value = loadPacked({ words: pool as Uint32Array, headDim }, page, token, channel);
    return rounds ? fromF16Bits(toF16Bits(value)) : value;
  };
  return {
    title: `${numPages} pages of heads of ${headDim}, ${format}${rounds ? ', rounded' : ''}`,
    spec: pageDigest(format),
    constants: { HEAD_DIM: headDim, ROUND: Number(rounds) },
    buffers: { pool, digests },
    params: { numEntries: numPages },
    grid: flatGrid(numPages),
    list,
    expected: () => {
      const wanted = digests.slice();
      for (let page = 0; page < numPages; page++) {
        const key = (token: number) => Float32Array.from({ length: headDim }, load(page, token));
        reference(key, wanted, slots[page]!, headDim);
      }
      return { digests: wanted };
    },
    tolerance: { absolute: 0 },
  };
});
