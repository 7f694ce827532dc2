/**
 * How a matrix lies on the GPU: f32, f16, or affine groups of 8 or 4 bits; encoding on the host and its inverse.
 * Layouts are those of shaders/README.md; nothing here touches the GPU.
 */
import { fromF16Bits, toF16Bits } from '../../util/f16';
import { ceilDiv, roundUp } from '../../util/math';

/** Number format of a matrix: `q8` and `q4` are unsigned affine groups, `w = scale * q + bias`. */
export type WeightFormat = 'f32' | 'f16' | 'q8' | 'q4';

/** Columns that share a scale and a bias in `q8` and `q4`. */
export const quantGroup = 32;

/** Bits of one value. */
const bitsOf: Readonly<Record<WeightFormat, number>> = { f32: 32, f16: 16, q8: 8, q4: 4 };

/** Bytes of one matrix row in its two buffers; `scaleBytesPerRow` is 0 for formats without scales. */
export interface MatrixLayout {
  readonly valueBytesPerRow: number;
  readonly scaleBytesPerRow: number;
}

/** Encoded rows: `values` and, for `q8` and `q4`, `scales`; whole rows, ready to be written to the GPU. */
export interface EncodedRows {
  readonly values: Uint8Array<ArrayBuffer>;
  readonly scales?: Uint8Array<ArrayBuffer>;
}

/** Whether matrices of this format have a buffer of scales. */
export function hasScales(format: WeightFormat): boolean {
  return format === 'q8' || format === 'q4';
}

/** Row sizes of a matrix with `columns` columns. */
export function matrixLayout(format: WeightFormat, columns: number): MatrixLayout {
  if (hasScales(format)) {
    const groups = ceilDiv(columns, quantGroup);
    return { valueBytesPerRow: (groups * quantGroup * bitsOf[format]) / 8, scaleBytesPerRow: groups * 4 };
  }
  return { valueBytesPerRow: roundUp((columns * bitsOf[format]) / 8, 16), scaleBytesPerRow: 0 };
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
  quantizeRows(bitsOf[format], values, numRows, columns, target, new Uint16Array(scales.buffer));
  return { values: target, scales };
}

/** Decodes what `encodeRows` gave to `[numRows, columns]`: the weights exactly as a kernel sees them. */
export function decodeRows(
  format: WeightFormat,
  encoded: { readonly values: Uint8Array<ArrayBuffer>; readonly scales?: Uint8Array<ArrayBuffer> },
  numRows: number,
  columns: number,
): Float32Array<ArrayBuffer> {
  const { valueBytesPerRow } = matrixLayout(format, columns);
  const { buffer, byteOffset } = encoded.values;
  const result = new Float32Array(numRows * columns);
  const scales = encoded.scales && new DataView(encoded.scales.buffer, encoded.scales.byteOffset);
  const view = new DataView(buffer, byteOffset);
  const groups = ceilDiv(columns, quantGroup);
  for (let row = 0; row < numRows; row++) {
    const start = row * valueBytesPerRow;
    for (let k = 0; k < columns; k++) {
      let value: number;
      if (format === 'f32') value = view.getFloat32(start + 4 * k, true);
      else if (format === 'f16') value = fromF16Bits(view.getUint16(start + 2 * k, true));
      else {
        const q =
          format === 'q8'
            ? view.getUint8(start + k)
            : (view.getUint8(start + (k >> 1)) >> (4 * (k & 1))) & 15;
        const scaleAt = 4 * (row * groups + Math.floor(k / quantGroup));
        const scale = fromF16Bits(scales!.getUint16(scaleAt, true));
        const bias = fromF16Bits(scales!.getUint16(scaleAt + 2, true));
        value = scale * q + bias;
      }
      result[row * columns + k] = value;
    }
  }
  return result;
}

/** `target` is zero at the start; `halves` takes scale and bias of every (row, group). */
function quantizeRows(
  bits: number,
  values: Float32Array,
  numRows: number,
  columns: number,
  target: Uint8Array,
  halves: Uint16Array,
): void {
  const groups = ceilDiv(columns, quantGroup);
  const maxQ = 2 ** bits - 1;
  const groupBytes = (quantGroup * bits) / 8;
  for (let row = 0; row < numRows; row++) {
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
