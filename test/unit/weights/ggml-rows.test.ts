/** GGML's blocks as the kernels have them, against what the package gguf makes of the same bytes. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { decodeRows, widenRows } from '../../../src/kernels/linear/weight-format';
import { ggmlRowBytes } from '../../../src/source/gguf/ggml-types';
import { ggmlFormats, repackRows, type GgmlQuant } from '../../../src/weights/ggml-rows';
import { expectClose } from '../../support/compare';

interface Goldens {
  readonly numRows: number;
  readonly columns: number;
  readonly cases: readonly { readonly type: GgmlQuant; readonly blocks: string; readonly values: string }[];
}

const path = new URL('../../fixtures/goldens/ggml-rows.json', import.meta.url);
const { numRows, columns, cases } = JSON.parse(readFileSync(path, 'utf8')) as Goldens;
const bytesOf = (text: string) => new Uint8Array(Buffer.from(text, 'base64'));

test('there is a golden for every type', () => {
  expect(cases.map(({ type }) => type).sort()).toEqual(Object.keys(ggmlFormats).sort());
});

describe.each(cases)('$type', ({ type, blocks, values }) => {
  const source = bytesOf(blocks);
  const expected = new Float32Array(bytesOf(values).buffer);
  const format = ggmlFormats[type];

  test('holds the same weights', () => {
    expect(source.length).toBe(numRows * ggmlRowBytes(type, columns));
    const rows = repackRows(type, source, numRows, columns)!;
    // Scale times integer plus bias rounds once more than GGML's own order.
    expectClose(decodeRows(format, rows, numRows, columns), expected, { absolute: 1e-6, relative: 1e-6 });
  });

  test('holds them in the format for all types too', () => {
    const rows = repackRows(type, source, numRows, columns)!;
    const wide = decodeRows('q8-f32-16', widenRows(format, rows, numRows, columns), numRows, columns);
    expect(wide).toEqual(decodeRows(format, rows, numRows, columns));
  });

  test('finds a scale that is infinite or no number', () => {
    const clean = source.slice();
    const damaged = source.slice();
    const rowBytes = source.length / numRows;
    // The last block's first scale is where the blocks of this type have it.
    for (let at = rowBytes; at < damaged.length; at++) damaged[at] = 0xff;
    expect(repackRows(type, damaged, numRows, columns)).toBeUndefined();
    expect(repackRows(type, clean, numRows, columns)).toBeDefined();
  });
});
