/**
 * Rows of GGML's quantised blocks as affine groups, each in the format that holds its integers and scales as they are
 * (blocks: `ggml-common.h`, their arithmetic: `dequantize_row_*` in `ggml-quants.c` of github.com/ggml-org/ggml). Pure.
 */
import { matrixLayout, type EncodedRows, type MatrixFormat } from '../kernels/linear/weight-format';
import { superWords } from '../kernels/linear/matrix-format';
import { ggmlBlocks, type GgmlType } from '../source/gguf/ggml-types';
import { toF16Bits } from '../util/f16';

/** Quantised types. */
export type GgmlQuant = Exclude<GgmlType, 'F32' | 'F16' | 'BF16'>;

/** The format of each type: of as few bits a value as a kernel has without loss. */
export const ggmlFormats: Readonly<Record<GgmlQuant, MatrixFormat>> = {
  Q4_0: 'q4',
  Q4_1: 'q4',
  Q5_0: 'q8',
  Q5_1: 'q8',
  Q8_0: 'q8',
  IQ4_NL: 'q8',
  Q2_K: 'q8-k16-min',
  Q3_K: 'q8-k16',
  Q4_K: 'q4-k32',
  Q5_K: 'q8-k32',
  Q6_K: 'q8-k16',
  IQ4_XS: 'q8-k16',
};

/** What the 4 bits of IQ4_NL and IQ4_XS mean, plus 128. */
const nonLinear = Uint8Array.of(1, 24, 45, 63, 79, 93, 106, 118, 129, 141, 153, 166, 181, 197, 217, 241);

/** Where a block's parts are read from and written to. */
interface Cursor {
  readonly source: Uint8Array;
  /** First byte of the block. */
  at: number;
  readonly values: Uint8Array;
  /** First byte of the block's values. */
  valueAt: number;
  /** f16 bits of pairs, or of the first words of scales of two levels. */
  readonly halves: Uint16Array;
  readonly scaleBytes: Uint8Array;
  /** First word of the block's scales. */
  scaleAt: number;
}

const u16 = (bytes: Uint8Array, at: number) => bytes[at]! | (bytes[at + 1]! << 8);

/** `factor * -value` for a power of two, exact in f16 but where it overflows. */
function negated(bits: number, exponent: number): number {
  const magnitude = bits & 0x7fff;
  if (magnitude === 0) return 0;
  const field = magnitude >> 10;
  const scaled =
    field > 0
      ? field + exponent < 31
        ? magnitude + (exponent << 10)
        : 0x7c00
      : toF16Bits((magnitude / 2 ** 24) * 2 ** exponent);
  return (bits & 0x8000) ^ 0x8000 ^ scaled;
}

function pair(c: Cursor, scale: number, bias: number): void {
  c.halves[2 * c.scaleAt] = scale;
  c.halves[2 * c.scaleAt + 1] = bias;
}

/** 32 values of 4 bits: GGML has the first 16 in the low halves of 16 bytes, the kernels neighbours in one byte. */
function copyNibbles(c: Cursor, from: number): void {
  const { source, values, valueAt } = c;
  for (let i = 0; i < 8; i++) {
    const [a, b] = [source[from + 2 * i]!, source[from + 2 * i + 1]!];
    values[valueAt + i] = (a & 15) | ((b & 15) << 4);
    values[valueAt + 8 + i] = (a >> 4) | (b & 0xf0);
  }
}

/** The same with a fifth bit from `high`, as bytes. */
function copyFives(c: Cursor, from: number, high: number): void {
  const { source, values, valueAt } = c;
  for (let i = 0; i < 16; i++) {
    const byte = source[from + i]!;
    values[valueAt + i] = (byte & 15) | (((high >>> i) & 1) << 4);
    values[valueAt + 16 + i] = (byte >> 4) | (((high >>> (i + 16)) & 1) << 4);
  }
}

function copyNonLinear(c: Cursor, from: number, to: number): void {
  for (let i = 0; i < 16; i++) {
    const byte = c.source[from + i]!;
    c.values[to + i] = nonLinear[byte & 15]!;
    c.values[to + 16 + i] = nonLinear[byte >> 4]!;
  }
}

const u32 = (bytes: Uint8Array, at: number) => u16(bytes, at) | (u16(bytes, at + 2) << 16);

/** The 6-bit scales and minima of Q4_K and Q5_K as pairs of bytes. */
function copyPackedScales({ source, scaleBytes, scaleAt }: Cursor, from: number): void {
  const s = (i: number) => source[from + i]!;
  for (let i = 0; i < 8; i++) {
    const to = 4 * scaleAt + 4 + 2 * i;
    scaleBytes[to] = i < 4 ? s(i) & 63 : (s(i + 4) & 15) | ((s(i - 4) >> 6) << 4);
    scaleBytes[to + 1] = i < 4 ? s(i + 4) & 63 : (s(i + 4) >> 4) | ((s(i) >> 6) << 4);
  }
}

/** f16 bits of the zero points of Q3_K, Q6_K and IQ4_XS. */
const zeroOf = { Q3_K: toF16Bits(4), Q6_K: toF16Bits(32), IQ4_XS: toF16Bits(128) };

/** Each takes one block. */
const blockReaders: Readonly<Record<GgmlQuant, (c: Cursor) => void>> = {
  Q4_0(c) {
    const d = u16(c.source, c.at);
    pair(c, d, negated(d, 3));
    copyNibbles(c, c.at + 2);
  },
  Q4_1(c) {
    pair(c, u16(c.source, c.at), u16(c.source, c.at + 2));
    copyNibbles(c, c.at + 4);
  },
  Q5_0(c) {
    const d = u16(c.source, c.at);
    pair(c, d, negated(d, 4));
    copyFives(c, c.at + 6, u32(c.source, c.at + 2));
  },
  Q5_1(c) {
    pair(c, u16(c.source, c.at), u16(c.source, c.at + 2));
    copyFives(c, c.at + 8, u32(c.source, c.at + 4));
  },
  Q8_0(c) {
    const d = u16(c.source, c.at);
    pair(c, d, negated(d, 7));
    for (let i = 0; i < 32; i++) c.values[c.valueAt + i] = c.source[c.at + 2 + i]! ^ 0x80;
  },
  IQ4_NL(c) {
    const d = u16(c.source, c.at);
    pair(c, d, negated(d, 7));
    copyNonLinear(c, c.at + 2, c.valueAt);
  },
  Q2_K(c) {
    const { source, at, values, valueAt, scaleBytes, scaleAt } = c;
    pair(c, u16(source, at + 80), u16(source, at + 82));
    scaleBytes.set(source.subarray(at, at + 16), 4 * scaleAt + 4);
    for (let i = 0; i < 256; i++) {
      const byte = source[at + 16 + (i >> 7) * 32 + (i & 31)]!;
      values[valueAt + i] = (byte >> (2 * ((i >> 5) & 3))) & 3;
    }
  },
  Q3_K(c) {
    const { source, at, values, valueAt, scaleBytes, scaleAt } = c;
    pair(c, u16(source, at + 108), zeroOf.Q3_K);
    for (let i = 0; i < 16; i++) {
      const low = i < 8 ? source[at + 96 + i]! & 15 : source[at + 88 + i]! >> 4;
      const high = (source[at + 104 + (i & 3)]! >> (2 * (i >> 2))) & 3;
      scaleBytes[4 * scaleAt + 4 + i] = (low | (high << 4)) - 32;
    }
    for (let i = 0; i < 256; i++) {
      const low = (source[at + 32 + (i >> 7) * 32 + (i & 31)]! >> (2 * ((i >> 5) & 3))) & 3;
      values[valueAt + i] = low | (((source[at + (i & 31)]! >> (i >> 5)) & 1) << 2);
    }
  },
  Q4_K(c) {
    const { source, at, values, valueAt } = c;
    pair(c, u16(source, at), u16(source, at + 2));
    copyPackedScales(c, at + 4);
    for (let j = 0; j < 4; j++) {
      const from = at + 16 + 32 * j;
      const to = valueAt + 32 * j;
      for (let i = 0; i < 16; i++) {
        const [a, b] = [source[from + 2 * i]!, source[from + 2 * i + 1]!];
        values[to + i] = (a & 15) | ((b & 15) << 4);
        values[to + 16 + i] = (a >> 4) | (b & 0xf0);
      }
    }
  },
  Q5_K(c) {
    const { source, at, values, valueAt } = c;
    pair(c, u16(source, at), u16(source, at + 2));
    copyPackedScales(c, at + 4);
    for (let i = 0; i < 256; i++) {
      const j = i >> 5;
      const byte = source[at + 48 + 32 * (j >> 1) + (i & 31)]!;
      const high = (source[at + 16 + (i & 31)]! >> j) & 1;
      values[valueAt + i] = ((j & 1) === 0 ? byte & 15 : byte >> 4) | (high << 4);
    }
  },
  Q6_K(c) {
    const { source, at, values, valueAt, scaleBytes, scaleAt } = c;
    pair(c, u16(source, at + 208), zeroOf.Q6_K);
    scaleBytes.set(source.subarray(at + 192, at + 208), 4 * scaleAt + 4);
    for (let i = 0; i < 256; i++) {
      const half = i >> 7;
      const quarter = (i >> 5) & 3;
      const low = source[at + 64 * half + 32 * (quarter & 1) + (i & 31)]!;
      const high = (source[at + 128 + 32 * half + (i & 31)]! >> (2 * quarter)) & 3;
      values[valueAt + i] = (quarter < 2 ? low & 15 : low >> 4) | (high << 4);
    }
  },
  IQ4_XS(c) {
    const { source, at, valueAt, scaleBytes, scaleAt } = c;
    pair(c, u16(source, at), zeroOf.IQ4_XS);
    const highs = u16(source, at + 2);
    for (let j = 0; j < 8; j++) {
      const low = (source[at + 4 + (j >> 1)]! >> (4 * (j & 1))) & 15;
      const scale = (low | (((highs >> (2 * j)) & 3) << 4)) - 32;
      scaleBytes.fill(scale, 4 * scaleAt + 4 + 2 * j, 4 * scaleAt + 6 + 2 * j);
      copyNonLinear(c, at + 8 + 16 * j, valueAt + 32 * j);
    }
  },
};

/**
 * Rows `[numRows, columns]` of a quantised type in the format that `ggmlFormats` names.
 * @returns undefined where a scale is infinite, no number, or too large for the format
 */
export function repackRows(
  type: GgmlQuant,
  source: Uint8Array,
  numRows: number,
  columns: number,
): EncodedRows | undefined {
  const format = ggmlFormats[type];
  const { elements, bytes } = ggmlBlocks[type];
  const layout = matrixLayout(format, columns);
  const values = new Uint8Array(numRows * layout.valueBytesPerRow);
  const scaleBytes = new Uint8Array(numRows * layout.scaleBytesPerRow);
  const halves = new Uint16Array(scaleBytes.buffer);
  const cursor: Cursor = { source, at: 0, values, valueAt: 0, halves, scaleBytes, scaleAt: 0 };
  const read = blockReaders[type];
  const valueStep = (elements * layout.valueBytesPerRow) / columns;
  const scaleStep = elements === 32 ? 1 : superWords;
  let finite = true;
  for (let block = (numRows * columns) / elements; block > 0; block--) {
    read(cursor);
    const first = halves[2 * cursor.scaleAt]!;
    const second = halves[2 * cursor.scaleAt + 1]!;
    if ((first & 0x7c00) === 0x7c00 || (second & 0x7c00) === 0x7c00) finite = false;
    cursor.at += bytes;
    cursor.valueAt += valueStep;
    cursor.scaleAt += scaleStep;
  }
  return finite ? { values, scales: scaleBytes } : undefined;
}
