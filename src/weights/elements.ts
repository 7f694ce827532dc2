/** Turns tensor rows as files hold them into matrix rows as the GPU holds them. Pure. */
import {
  encodeRows,
  matrixLayout,
  type EncodedRows,
  type WeightFormat,
} from '../kernels/linear/weight-format';
import { fromF16Bits, toF16Array, toF16Bits } from '../util/f16';
import type { LoadableType } from './safetensors';

/** Element bytes that begin at a multiple of 4 in their buffer. */
type Bytes = Uint8Array<ArrayBuffer>;

let f16Values: Float32Array | undefined;
let bf16AsF16: Uint16Array | undefined;

/** The value of every f16 bit pattern, made when first needed. */
function f16Table(): Float32Array {
  return (f16Values ??= Float32Array.from({ length: 2 ** 16 }, (_, pattern) => fromF16Bits(pattern)));
}

/** The f16 bit pattern of every bf16 bit pattern, made when first needed. */
function bf16Table(): Uint16Array {
  if (!bf16AsF16) {
    const bits = Uint32Array.from({ length: 2 ** 16 }, (_, pattern) => pattern << 16);
    bf16AsF16 = Uint16Array.from(new Float32Array(bits.buffer), toF16Bits);
  }
  return bf16AsF16;
}

/** The exponent bits of the elements in 32 bits, and what carries out of an exponent that has all of them. */
const exponentBits: Readonly<Record<LoadableType, readonly [bits: number, step: number]>> = {
  F32: [0x7f800000, 0x00800000],
  F16: [0x7c007c00, 0x04000400],
  BF16: [0x7f807f80, 0x00800080],
};

/** Whether no element is infinite or NaN. Without a branch, so that it costs little beside reading the bytes. */
export function areFinite(type: LoadableType, { buffer, byteOffset, byteLength }: Bytes): boolean {
  const [bits, step] = exponentBits[type];
  const words = new Int32Array(buffer, byteOffset, byteLength >> 2);
  let carries = 0;
  const { length } = words;
  for (let i = 0; i < length; i++) carries |= (words[i]! & bits) + step;
  if (byteLength & 2) {
    const [last] = new Uint16Array(buffer, byteOffset + byteLength - 2, 1);
    carries |= (last! & bits) + step;
  }
  return (carries & 0x80008000) === 0;
}

/** Elements of a file as f32; those of an F32 file are not copied. */
export function widenElements(type: LoadableType, bytes: Bytes): Float32Array<ArrayBuffer> {
  const { buffer, byteOffset, byteLength } = bytes;
  if (type === 'F32') return new Float32Array(buffer, byteOffset, byteLength / 4);
  const halves = new Uint16Array(buffer, byteOffset, byteLength / 2);
  const wide = new Float32Array(halves.length);
  if (type === 'BF16') {
    const bits = new Uint32Array(wide.buffer);
    for (let i = 0; i < halves.length; i++) bits[i] = halves[i]! << 16;
  } else {
    const table = f16Table();
    for (let i = 0; i < halves.length; i++) wide[i] = table[halves[i]!]!;
  }
  return wide;
}

/**
 * Rows of a file, `[rows, columns]` of `type`, in the GPU's layout of `format`. What needs no change is not copied:
 * the result may lie in `bytes`.
 */
export function encodeElements(
  type: LoadableType,
  format: WeightFormat,
  bytes: Bytes,
  columns: number,
): EncodedRows {
  const numRows = bytes.length / (columns * (type === 'F32' ? 4 : 2));
  const stride = matrixLayout(format, columns).valueBytesPerRow;
  if (format === 'f32' && type === 'F32' && stride === 4 * columns) return { values: bytes };
  if (format !== 'f16') return encodeRows(format, widenElements(type, bytes), numRows, columns);
  const halves = toHalves(type, bytes);
  const isPadded = stride !== 2 * columns;
  return {
    values: new Uint8Array(
      isPadded ? padRows(halves, numRows, columns, stride / 2) : halves.buffer,
      isPadded ? 0 : halves.byteOffset,
      numRows * stride,
    ),
  };
}

function toHalves(type: LoadableType, { buffer, byteOffset, byteLength }: Bytes): Uint16Array<ArrayBuffer> {
  if (type === 'F32') {
    const values = new Float32Array(buffer, byteOffset, byteLength / 4);
    const halves = new Uint16Array(values.length);
    toF16Array(values, halves);
    return halves;
  }
  const source = new Uint16Array(buffer, byteOffset, byteLength / 2);
  if (type === 'F16') return source;
  const table = bf16Table();
  const halves = new Uint16Array(source.length);
  for (let i = 0; i < source.length; i++) halves[i] = table[source[i]!]!;
  return halves;
}

function padRows(halves: Uint16Array, numRows: number, columns: number, stride: number): ArrayBuffer {
  const padded = new Uint16Array(numRows * stride);
  for (let row = 0; row < numRows; row++) {
    padded.set(halves.subarray(row * columns, (row + 1) * columns), row * stride);
  }
  return padded.buffer;
}
