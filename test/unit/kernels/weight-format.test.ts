import { describe, expect, test } from 'vitest';
import {
  decodeRows,
  encodeRows,
  hasScales,
  matrixLayout,
  quantGroup,
  type WeightFormat,
} from '../../../src/kernels/linear/weight-format';
import { roundToF16 } from '../../../src/util/f16';
import { randomFloats } from '../../../tools/util/random';

function roundTrip(format: WeightFormat, source: Float32Array, rows: number, columns: number) {
  return decodeRows(format, encodeRows(format, source, rows, columns), rows, columns);
}

test.each([
  ['f32', 33, 36 * 4, 0],
  ['f16', 33, 40 * 2, 0],
  ['q8', 33, 64, 8],
  ['q4', 33, 32, 8],
  ['f32', 8, 32, 0],
  ['f16', 8, 16, 0],
  ['q8', 32, 32, 4],
  ['q4', 172, 96, 24],
] as const)('%s rows of %i columns take %i and %i bytes', (format, columns, valueBytes, scaleBytes) => {
  expect(matrixLayout(format, columns)).toEqual({
    valueBytesPerRow: valueBytes,
    scaleBytesPerRow: scaleBytes,
  });
  const encoded = encodeRows(format, randomFloats(3 * columns, 1), 3, columns);
  expect(encoded.values.byteLength).toBe(3 * valueBytes);
  expect(encoded.scales?.byteLength ?? 0).toBe(3 * scaleBytes);
  expect(encoded.scales !== undefined).toBe(hasScales(format));
});

test('f32 is exact and f16 rounds to nearest', () => {
  const source = randomFloats(5 * 33, 2);
  expect(roundTrip('f32', source, 5, 33)).toEqual(source);
  expect(roundTrip('f16', source, 5, 33)).toEqual(source.map(roundToF16));
});

describe.each([
  ['q8', 255],
  ['q4', 15],
] as const)('%s', (format, maxQ) => {
  test.each([8, 32, 33, 64, 172, 577])('stays within half a step of every weight, %i columns', (columns) => {
    const rows = 4;
    const source = randomFloats(rows * columns, columns, 0.05);
    const decoded = roundTrip(format, source, rows, columns);
    for (let row = 0; row < rows; row++) {
      for (let k = 0; k < columns; k += quantGroup) {
        const at = row * columns + k;
        const group = source.subarray(at, at + Math.min(quantGroup, columns - k));
        const min = Math.min(...group);
        const range = Math.max(...group) - min;
        // Half a step, plus what rounding the bias and the scale to 11 bits can move the ends of the range.
        const bound = range / maxQ / 2 + (Math.abs(min) + range) * 2 ** -10;
        group.forEach((value, i) => expect(Math.abs(decoded[at + i]! - value)).toBeLessThanOrEqual(bound));
      }
    }
  });

  test('a group of equal values that f16 can hold is exact', () => {
    for (const value of [0, 0.5, -3, 0.0999755859375]) {
      expect(roundTrip(format, new Float32Array(40).fill(value), 1, 40)).toEqual(
        new Float32Array(40).fill(value),
      );
    }
  });

  test('values already on a grid of f16 scale and bias come back exactly', () => {
    const source = Float32Array.from(
      { length: 64 },
      (_, i) => -1 + 0.0078125 * (i < 32 ? (i * 9) % 16 : i % 16),
    );
    if (format === 'q4') expect(roundTrip(format, source, 1, 64)).toEqual(source);
    else
      roundTrip(format, source, 1, 64).forEach((w, i) => expect(Math.abs(w - source[i]!)).toBeLessThan(3e-4));
  });

  test('a weight does not depend on its row’s neighbours', () => {
    const source = randomFloats(3 * 33, 9);
    const alone = roundTrip(format, source.subarray(33, 66), 1, 33);
    expect(roundTrip(format, source, 3, 33).subarray(33, 66)).toEqual(alone);
  });
});

test('q4 packs the lower column into the lower half of a byte', () => {
  const source = Float32Array.from({ length: 32 }, (_, i) => i % 16);
  const { values, scales } = encodeRows('q4', source, 1, 32);
  expect([...values.subarray(0, 8)]).toEqual([0x10, 0x32, 0x54, 0x76, 0x98, 0xba, 0xdc, 0xfe]);
  // Scale 1, then bias 0, as f16.
  expect([...scales!]).toEqual([0x00, 0x3c, 0, 0]);
});
