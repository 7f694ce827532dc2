import { describe, expect, it } from 'vitest';
import { decodeRows, encodeRows, matrixLayout } from '../../../src/kernels/linear/weight-format';
import { areFinite, encodeElements, widenElements } from '../../../src/weights/elements';
import { fromF16Bits, toF16Array, toF16Bits } from '../../../src/util/f16';
import { randomFloats } from '../../../tools/util/random';
import { roundTo, writeSafetensors, type FloatType } from '../../../tools/tiny-models/safetensors';

const types = ['F32', 'F16', 'BF16'] as const;

/** Values as a file of that type holds them. */
function bytesOf(type: FloatType, data: Float32Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const file = writeSafetensors(new Map([['t', { shape: [data.length], data }]]), type);
  return file.slice(file.length - data.length * (type === 'F32' ? 4 : 2));
}

const special = Float32Array.of(0, -0, 1, -1, 65_504, 6e-8, -3e-5, 0.1, 1e-30, 2 ** -14, 3.5e38);

describe('widenElements', () => {
  it.each(types)('gives the values of %s exactly', (type) => {
    const values = Float32Array.from([...special, ...randomFloats(1000, 3)], (value) => roundTo(type, value));
    expect(widenElements(type, bytesOf(type, values))).toEqual(values);
  });
});

describe('areFinite', () => {
  it.each(['F16', 'BF16'] as const)(
    'tells every pattern of %s, at either place of a word and behind the last',
    (type) => {
      const one = new Uint16Array(1);
      for (let pattern = 0; pattern < 2 ** 16; pattern++) {
        one[0] = pattern;
        const expected = Number.isFinite(widenElements(type, new Uint8Array(one.buffer))[0]);
        for (const at of [0, 1, 2]) {
          const halves = new Uint16Array(3).fill(0x3b7f);
          halves[at] = pattern;
          if (areFinite(type, new Uint8Array(halves.buffer)) !== expected)
            throw new Error(`${pattern} at ${at}`);
        }
      }
    },
  );

  it('tells values of F32', () => {
    for (const value of [...special, -3.4028234e38, 1e-45]) {
      const data = Float32Array.of(1, value, -1);
      expect(areFinite('F32', bytesOf('F32', data))).toBe(Number.isFinite(data[1]));
    }
    for (const value of [NaN, -Infinity]) {
      expect(areFinite('F32', bytesOf('F32', Float32Array.of(value)))).toBe(false);
    }
  });
});

describe('encodeElements', () => {
  const numRows = 5;
  for (const type of types) {
    it.each(['f32', 'f16', 'q8', 'q4'] as const)(`encodes ${type} to %s as encodeRows does`, (format) => {
      for (const columns of [8, 32, 43, 172]) {
        const values = randomFloats(numRows * columns, columns).map((value) => roundTo(type, value));
        const encoded = encodeElements(type, format, bytesOf(type, values), columns);
        const expected = encodeRows(format, values, numRows, columns);
        expect(encoded.values).toEqual(expected.values);
        expect(encoded.scales).toEqual(expected.scales);
        expect(encoded.values).toHaveLength(numRows * matrixLayout(format, columns).valueBytesPerRow);
        if (format === 'f32') expect(decodeRows(format, encoded, numRows, columns)).toEqual(values);
      }
    });
  }

  it('reads bytes that lie in the middle of a buffer', () => {
    const values = randomFloats(64, 9);
    const buffer = new Uint8Array(4 + 256);
    buffer.set(bytesOf('F32', values), 4);
    for (const format of ['f32', 'f16'] as const) {
      const encoded = encodeElements('F32', format, buffer.subarray(4), 32);
      expect(encoded.values).toEqual(encodeRows(format, values, 2, 32).values);
    }
  });
});

describe('toF16Array', () => {
  it('agrees with toF16Bits on every f16 value, on the middle of each two, and next to those', () => {
    const values: number[] = [NaN, Infinity, -Infinity, 1e30, -1e-30];
    for (let pattern = 0; pattern < 0x7c00; pattern++) {
      const low = fromF16Bits(pattern);
      const middle = pattern === 0x7bff ? 65_520 : (low + fromF16Bits(pattern + 1)) / 2;
      for (const value of [low, middle, middle * (1 - 2 ** -24), middle * (1 + 2 ** -23)])
        values.push(value, -value);
    }
    const source = Float32Array.from(values);
    const target = new Uint16Array(source.length);
    toF16Array(source, target);
    expect(target).toEqual(Uint16Array.from(source, toF16Bits));
  });
});
