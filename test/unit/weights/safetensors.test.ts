import { describe, expect, it } from 'vitest';
import { headerPrefixBytes, parseHeader, readHeaderLength } from '../../../src/weights/safetensors';
import { EngineError } from '../../../src/util/errors';
import { randomFloats, randomSource } from '../../../tools/util/random';
import { writeSafetensors } from '../../../tools/tiny-models/safetensors';

const encode = (text: string) => new TextEncoder().encode(text);

/** Header and data of a file, as the loader reads them. */
function parseFile(file: Uint8Array) {
  const length = readHeaderLength(file.subarray(0, headerPrefixBytes), 'f', file.length);
  const header = file.subarray(headerPrefixBytes, headerPrefixBytes + length);
  return parseHeader(header, 'f', file.length - headerPrefixBytes - length);
}

const file = writeSafetensors(
  new Map([
    ['a.weight', { shape: [3, 5], data: randomFloats(15, 1) }],
    ['b', { shape: [4], data: randomFloats(4, 2) }],
    ['empty', { shape: [0, 7], data: new Float32Array(0) }],
  ]),
  'F16',
);

describe('readHeaderLength', () => {
  const prefix = (length: bigint) => new Uint8Array(new BigUint64Array([length]).buffer);

  it.each([
    [0n, undefined],
    [100_000_001n, undefined],
    [2n ** 64n - 1n, undefined],
    [93n, 100],
  ])('refuses %s bytes in a file of %s', (length, fileBytes) => {
    expect(() => readHeaderLength(prefix(length), 'f', fileBytes)).toThrow(EngineError);
  });

  it('takes a header that fills the file', () => {
    expect(readHeaderLength(prefix(92n), 'f', 100)).toBe(92);
  });
});

describe('parseHeader', () => {
  it('lists tensors in order of their bytes', () => {
    expect(parseFile(file)).toEqual([
      { name: 'a.weight', elementType: 'F16', shape: [3, 5], offsetBytes: 0, sizeBytes: 30 },
      { name: 'b', elementType: 'F16', shape: [4], offsetBytes: 30, sizeBytes: 8 },
      { name: 'empty', elementType: 'F16', shape: [0, 7], offsetBytes: 38, sizeBytes: 0 },
    ]);
    const swapped =
      '{"y":{"dtype":"I64","shape":[],"data_offsets":[1,9]},"x":{"dtype":"BOOL","shape":[1],"data_offsets":[0,1]}}';
    expect(parseHeader(encode(swapped), 'f').map(({ name }) => name)).toEqual(['x', 'y']);
  });

  const tensor = (fields: string) => `{"t":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}${fields}}`;
  const cases: [what: string, header: string, named: string][] = [
    ['text that is not JSON', '{"t":', 'header'],
    ['a list', '[]', 'header'],
    ['a tensor that is no object', '{"t":3}', "'t'"],
    ['an unknown dtype', '{"t":{"dtype":"F33","shape":[2],"data_offsets":[0,8]}}', 'F33'],
    ['a dtype of the prototype', '{"t":{"dtype":"toString","shape":[2],"data_offsets":[0,8]}}', "'t'"],
    ['no dtype', '{"t":{"shape":[2],"data_offsets":[0,8]}}', 'dtype'],
    ['a negative size', '{"t":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}', 'shape'],
    ['a fractional size', '{"t":{"dtype":"F32","shape":[1.5],"data_offsets":[0,6]}}', 'shape'],
    ['a size as text', '{"t":{"dtype":"F32","shape":["2"],"data_offsets":[0,8]}}', 'shape'],
    ['sizes beyond counting', '{"t":{"dtype":"F32","shape":[1e9,1e9],"data_offsets":[0,4e18]}}', "'t'"],
    ['one offset', '{"t":{"dtype":"F32","shape":[2],"data_offsets":[0]}}', 'data_offsets'],
    ['offsets in reverse', '{"t":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}', 'data_offsets'],
    ['bytes that do not suit the shape', '{"t":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}', "'t'"],
    ['an overlap', tensor(',"u":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}'), "'u'"],
    ['a hole', tensor(',"u":{"dtype":"F32","shape":[1],"data_offsets":[12,16]}'), "'u'"],
    ['a tensor beyond the end', tensor(',"u":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}'), "'u'"],
    ['bytes of no tensor', '{"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 'no tensor'],
    ['a name twice', tensor(',"t":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}'), '"t" twice'],
    [
      'a name twice, once escaped',
      tensor(',"\\u0074":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}'),
      'twice',
    ],
  ];

  it.each(cases)('refuses %s', (_, header, named) => {
    let error: unknown;
    try {
      parseHeader(encode(header), 'f', 8);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({
      code: 'weights-corrupt',
      message: expect.stringContaining(named) as string,
    });
  });

  it('refuses a shape of lists in lists', () => {
    const shape = '['.repeat(1e5) + ']'.repeat(1e5);
    const header = `{"t":{"dtype":"F32","shape":${shape},"data_offsets":[0,0]}}`;
    expect(() => parseHeader(encode(header), 'f')).toThrow(/'t' has the shape a value too deep/);
  });

  it('reads names of any length', () => {
    const name = 'a'.repeat(9e6);
    const header = `{"${name}":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}`;
    expect(parseHeader(encode(header), 'f')[0]!.name).toHaveLength(9e6);
  });

  it('refuses what is not UTF-8', () => {
    expect(() => parseHeader(Uint8Array.of(0x7b, 0xff, 0x7d), 'f')).toThrow(EngineError);
  });

  it('does not take equal keys inside a tensor or its name in a string for a repeated name', () => {
    const header =
      '{"__metadata__":{"t":"t","u":"{\\"t\\":1}"},"t":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}';
    expect(parseHeader(encode(header), 'f', 8)).toHaveLength(1);
  });

  it('answers any damage with an EngineError or a consistent list', () => {
    const next = randomSource(42);
    let numRefused = 0;
    for (let round = 0; round < 3000; round++) {
      const damaged = file.slice(0, next() < 0.1 ? Math.floor(next() * file.length) + 8 : file.length);
      const numFlips = 1 + Math.floor(next() * 4);
      for (let i = 0; i < numFlips; i++)
        damaged[Math.floor(next() * damaged.length)]! ^= 1 << Math.floor(next() * 8);
      try {
        let end = 0;
        for (const { offsetBytes, sizeBytes } of parseFile(damaged)) {
          expect(offsetBytes).toBe(end);
          end += sizeBytes;
        }
      } catch (error) {
        expect(error).toBeInstanceOf(EngineError);
        numRefused++;
      }
    }
    expect(numRefused).toBeGreaterThan(1000);
  });
});
