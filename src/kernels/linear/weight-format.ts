/** Encoding of matrix rows on the host, and its inverse. Layouts are those of shaders/README.md; nothing here touches the GPU. */
import { fromF16Bits, toF16Bits } from '../../util/f16';
import { ceilDiv } from '../../util/math';
import {
  formatTraits,
  matrixLayout,
  superGroup,
  superWords,
  type MatrixFormat,
  type ScaleKind,
  type WeightFormat,
} from './matrix-format';

export {
  hasScales,
  matrixLayout,
  type MatrixFormat,
  type MatrixLayout,
  type WeightFormat,
} from './matrix-format';

/** Columns that share a scale and a bias in `q8` and `q4`. */
export const quantGroup = formatTraits.q4.group;

/** Encoded rows: `values` and, for affine groups, `scales`; whole rows, ready to be written to the GPU. */
export interface EncodedRows {
  readonly values: Uint8Array<ArrayBuffer>;
  readonly scales?: Uint8Array<ArrayBuffer>;
}

/**
 * Encodes `values [numRows, columns]`. A group's scale and bias are rounded to f16 first and its values chosen for the
 * rounded ones; a group of equal values that f16 can hold is exact. Columns beyond the last are zero in `f32` and `f16`;
 * in `q8` and `q4` they hold q = 0 and take no part in the group's range.
 */
export function encodeRows(
  format: WeightFormat,
  values: Float32Array,
  numRows: number,
  columns: number,
): EncodedRows {
  const { valueBytesPerRow, scaleBytesPerRow } = matrixLayout(format, columns);
  const target = new Uint8Array(numRows * valueBytesPerRow);
  if (format === 'f32') {
    const floats = new Float32Array(target.buffer);
    const stride = valueBytesPerRow / 4;
    for (let row = 0; row < numRows; row++) {
      floats.set(values.subarray(row * columns, (row + 1) * columns), row * stride);
    }
    return { values: target };
  }
  if (format === 'f16') {
    const halves = new Uint16Array(target.buffer);
    const stride = valueBytesPerRow / 2;
    for (let row = 0; row < numRows; row++) {
      for (let k = 0; k < columns; k++) halves[row * stride + k] = toF16Bits(values[row * columns + k]!);
    }
    return { values: target };
  }
  const scales = new Uint8Array(numRows * scaleBytesPerRow);
  const rows = { values: target, scales };
  quantizeRows(formatTraits[format].bits, values, columns, rows);
  return rows;
}

/** Decodes encoded rows to `[numRows, columns]`: the weights exactly as a kernel sees them, but for the rounding of its fma. */
export function decodeRows(
  format: MatrixFormat,
  encoded: EncodedRows,
  numRows: number,
  columns: number,
): Float32Array<ArrayBuffer> {
  const { valueBytesPerRow } = matrixLayout(format, columns);
  const { bits, scales: kind, group } = formatTraits[format];
  const { buffer, byteOffset } = encoded.values;
  const result = new Float32Array(numRows * columns);
  const view = new DataView(buffer, byteOffset);
  const affineAt = kind && affineReader(kind, group, columns, encoded.scales!);
  let affine: Affine = [1, 0];
  for (let row = 0; row < numRows; row++) {
    const start = row * valueBytesPerRow;
    for (let k = 0; k < columns; k++) {
      let value: number;
      if (bits === 32) value = view.getFloat32(start + 4 * k, true);
      else if (bits === 16) value = fromF16Bits(view.getUint16(start + 2 * k, true));
      else {
        const q =
          bits === 8 ? view.getUint8(start + k) : (view.getUint8(start + (k >> 1)) >> (4 * (k & 1))) & 15;
        if (k % group === 0) affine = affineAt!(row, k);
        value = affine[0] * q + affine[1];
      }
      result[row * columns + k] = value;
    }
  }
  return result;
}

/**
 * Rows for tests of kernels: `values` where weights can be converted to the format, else integers and scales of its own that are
 * about as large, scales of two levels included.
 */
export function sampleRows(
  format: MatrixFormat,
  values: Float32Array,
  numRows: number,
  columns: number,
): EncodedRows {
  if (format === 'f32' || format === 'f16' || format === 'q8' || format === 'q4')
    return encodeRows(format, values, numRows, columns);
  const { valueBytesPerRow, scaleBytesPerRow } = matrixLayout(format, columns);
  const { bits, scales: kind } = formatTraits[format];
  const integers = Uint8Array.from(
    { length: numRows * valueBytesPerRow },
    (_, i) => (i * 89 + (i >> 3)) % 256,
  );
  const words = new Uint32Array((numRows * scaleBytesPerRow) / 4);
  const scale = bits === 4 ? 1 / 8 : 1 / 128;
  const halves = (a: number, b: number) => toF16Bits(a) | (toF16Bits(b) << 16);
  for (let i = 0; i < words.length; i++) {
    const part = 1 + (i % 5) / 8;
    if (kind === 'f16') words[i] = halves(scale * part, -part);
    else if (kind === 'f32') new Float32Array(words.buffer)[i] = i % 2 === 0 ? scale * part : -part;
    else if (kind === 'bf16') words[i] = bf16Of(scale * part) | (bf16Of(-part) << 16);
    else if (i % superWords === 0) words[i] = halves(scale / 32, kind === 'k16' ? 128 : 1 / 32);
    else words[i] = (i * 0x01250917) | 0x10101010;
  }
  return { values: integers, scales: new Uint8Array(words.buffer) };
}

/** The bits of a number that bf16 can hold. */
function bf16Of(value: number): number {
  return new Uint32Array(Float32Array.of(value).buffer)[0]! >>> 16;
}

/** Rows of 8- or 4-bit affine groups of any kind as `q8-f32-16`, which can hold all of them as they are. */
export function widenRows(
  format: MatrixFormat,
  encoded: EncodedRows,
  numRows: number,
  columns: number,
): EncodedRows {
  const { bits, scales: kind, group } = formatTraits[format];
  const from = matrixLayout(format, columns).valueBytesPerRow;
  const to = matrixLayout('q8-f32-16', columns);
  const values = new Uint8Array(numRows * to.valueBytesPerRow);
  const scales = new Float32Array((numRows * to.scaleBytesPerRow) / 4);
  const affineAt = affineReader(kind!, group, columns, encoded.scales!);
  const groups = to.scaleBytesPerRow / 8;
  for (let row = 0; row < numRows; row++) {
    for (let k = 0; k < columns; k++) {
      const q =
        bits === 8
          ? encoded.values[row * from + k]!
          : (encoded.values[row * from + (k >> 1)]! >> (4 * (k & 1))) & 15;
      values[row * to.valueBytesPerRow + k] = q;
    }
    for (let g = 0; g < groups; g++) scales.set(affineAt(row, 16 * g), 2 * (row * groups + g));
  }
  return { values, scales: new Uint8Array(scales.buffer) };
}

type Affine = readonly [scale: number, bias: number];

/** Scale and bias of the group of a column, by the bytes of the scales' buffer: the twin of the shaders `affine-*.wgsl`. */
function affineReader(
  kind: ScaleKind,
  group: number,
  columns: number,
  { buffer, byteOffset }: Uint8Array<ArrayBuffer>,
): (row: number, column: number) => Affine {
  const view = new DataView(buffer, byteOffset);
  const half = (at: number) => fromF16Bits(view.getUint16(at, true));
  const float = (at: number) => view.getFloat32(at, true);
  const wide = (at: number) => new Float32Array(Uint32Array.of(view.getUint16(at, true) << 16).buffer)[0]!;
  const groups = ceilDiv(columns, group);
  const superGroups = ceilDiv(columns, superGroup);
  const groupOf = (row: number, column: number) => row * groups + Math.floor(column / group);
  /** First byte of the scales of two levels. */
  const superAt = (row: number, column: number) =>
    4 * superWords * (row * superGroups + Math.floor(column / superGroup));
  const inSuper = (column: number) => Math.floor((column % superGroup) / group);
  switch (kind) {
    case 'f16':
    case 'bf16': {
      const read = kind === 'f16' ? half : wide;
      return (row, column) => {
        const at = 4 * groupOf(row, column);
        return [read(at), read(at + 2)];
      };
    }
    case 'f32':
      return (row, column) => {
        const at = 8 * groupOf(row, column);
        return [float(at), float(at + 4)];
      };
    case 'k32':
      return (row, column) => {
        const at = superAt(row, column);
        const bytes = at + 4 + 2 * inSuper(column);
        return [
          Math.fround(half(at) * view.getUint8(bytes)),
          -Math.fround(half(at + 2) * view.getUint8(bytes + 1)),
        ];
      };
    case 'k16':
      return (row, column) => {
        const at = superAt(row, column);
        const scale = Math.fround(half(at) * view.getInt8(at + 4 + inSuper(column)));
        return [scale, -Math.fround(half(at + 2) * scale)];
      };
    case 'k16-min':
      return (row, column) => {
        const at = superAt(row, column);
        const byte = view.getUint8(at + 4 + inSuper(column));
        return [Math.fround(half(at) * (byte & 15)), -Math.fround(half(at + 2) * (byte >> 4))];
      };
  }
}

/** `target` is zero at the start; `scales` takes scale and bias of every (row, group), in f16. */
function quantizeRows(
  bits: number,
  values: Float32Array,
  columns: number,
  { values: target, scales }: { readonly values: Uint8Array; readonly scales: Uint8Array<ArrayBuffer> },
): void {
  const halves = new Uint16Array(scales.buffer);
  const groups = ceilDiv(columns, quantGroup);
  const maxQ = 2 ** bits - 1;
  const groupBytes = (quantGroup * bits) / 8;
  for (let row = 0; row < values.length / columns; row++) {
    for (let group = 0; group < groups; group++) {
      const start = row * columns + group * quantGroup;
      const end = Math.min(start + quantGroup, (row + 1) * columns);
      let min = values[start]!;
      let max = min;
      for (let i = start + 1; i < end; i++) {
        const value = values[i]!;
        if (value < min) min = value;
        else if (value > max) max = value;
      }
      const groupIndex = row * groups + group;
      const biasBits = toF16Bits(min);
      const bias = fromF16Bits(biasBits);
      // From the rounded bias, so that the largest value stays within reach whichever way the bias was rounded.
      const scaleBits = toF16Bits(Math.max(max - bias, 0) / maxQ);
      halves[2 * groupIndex] = scaleBits;
      halves[2 * groupIndex + 1] = biasBits;
      const scale = fromF16Bits(scaleBits);
      if (scale === 0) continue;
      const inverse = 1 / scale;
      const byte = groupIndex * groupBytes;
      for (let i = start; i < end; i++) {
        // Truncation after adding a half rounds; below zero it gives zero, which is the lower bound anyway.
        let q = ((values[i]! - bias) * inverse + 0.5) | 0;
        if (q > maxQ) q = maxQ;
        else if (q < 0) q = 0;
        const k = i - start;
        if (bits === 8) target[byte + k] = q;
        else target[byte + (k >> 1)]! |= q << (4 * (k & 1));
      }
    }
  }
}
