/** Random matrices of one format for the cases of the linear kernels. */
import {
  decodeRows,
  encodeRows,
  sampleRows,
  type EncodedRows,
  type MatrixFormat,
  type WeightFormat,
} from '../../../src/kernels/linear/weight-format';
import { randomFloats } from '../../../tools/util/random';

export const formats: readonly WeightFormat[] = ['f32', 'f16', 'q8', 'q4'];

/** Formats that quantised files bring: of each kind of scales one, where every format has a case elsewhere. */
export const fileFormats: readonly MatrixFormat[] = ['q4-k32', 'q8-k16', 'q8-f32-16', 'q4-bf16-64'];

/** A matrix slab as buffers for a kernel, and its weights as that kernel sees them. */
export interface TestMatrix {
  readonly buffers: { readonly values: Uint32Array<ArrayBuffer>; readonly scales?: Uint32Array<ArrayBuffer> };
  readonly weights: Float32Array<ArrayBuffer>;
}

export function randomMatrix(format: MatrixFormat, rows: number, columns: number, seed: number): TestMatrix {
  return testMatrix(
    format,
    sampleRows(format, randomFloats(rows * columns, seed), rows, columns),
    rows,
    columns,
  );
}

export function matrixOf(
  format: WeightFormat,
  source: Float32Array,
  rows: number,
  columns: number,
): TestMatrix {
  return testMatrix(format, encodeRows(format, source, rows, columns), rows, columns);
}

/** Encoded rows as a kernel's buffers, and what they decode to. */
export function testMatrix(
  format: MatrixFormat,
  encoded: EncodedRows,
  rows: number,
  columns: number,
): TestMatrix {
  return {
    buffers: {
      values: new Uint32Array(encoded.values.buffer),
      ...(encoded.scales && { scales: new Uint32Array(encoded.scales.buffer) }),
    },
    weights: decodeRows(format, encoded, rows, columns),
  };
}

/**
 * The least workgroup memory for matvec of so many rows: a software adapter compiles in proportion to it, and shapes of
 * a thousand columns then take more than one pass.
 */
export function stagedFor(rows: number): number {
  return Math.max(256, 128 * rows);
}

/** `part [rows, width]` written over columns [first, first + width) of a copy of `whole [rows, stride]`. */
export function overlay(
  whole: Float32Array,
  part: Float32Array,
  { width, stride, first }: { width: number; stride: number; first: number },
): Float32Array<ArrayBuffer> {
  const result = new Float32Array(whole);
  for (let r = 0; r * width < part.length; r++) {
    result.set(part.subarray(r * width, (r + 1) * width), r * stride + first);
  }
  return result;
}

/** Columns [first, first + width) of `whole [rows, stride]`. */
export function columnsOf(
  whole: Float32Array,
  { width, stride, first }: { width: number; stride: number; first: number },
): Float32Array<ArrayBuffer> {
  const rows = Math.floor(whole.length / stride);
  return Float32Array.from(
    { length: rows * width },
    (_, i) => whole[Math.floor(i / width) * stride + first + (i % width)]!,
  );
}
