import { expect, test } from 'vitest';
import { SpareBuffers } from '../../../src/offload/spare-buffers';

test('fresh memory is a power of two, and enough', () => {
  const spares = new SpareBuffers();
  expect([0, 1, 1000, 1024, 1025].map((size) => spares.take(size).byteLength)).toEqual([
    1, 1, 1024, 1024, 2048,
  ]);
});

test('the smallest spare that is large enough is used again, and by one at a time', () => {
  const spares = new SpareBuffers();
  const [small, middle, large] = [100, 1000, 10_000].map((size) => spares.take(size));
  for (const buffer of [large!, small!, middle!]) spares.giveBack(buffer);
  expect(spares.take(900)).toBe(middle);
  expect(spares.take(900)).toBe(large);
  expect(spares.take(900)).not.toBe(large);
  expect(spares.take(128)).toBe(small);
});

test('as many as a batch has sequences are kept, the largest', () => {
  const spares = new SpareBuffers();
  const buffers = Array.from({ length: 9 }, (_, i) => new ArrayBuffer(16 * (i + 1)));
  for (const buffer of buffers) spares.giveBack(buffer);
  const taken = buffers.map(() => spares.take(1));
  expect(taken.slice(0, 8)).toEqual(buffers.slice(1));
  expect(buffers).not.toContain(taken[8]);
});
