/**
 * A safetensors writer and a plain whole-file reader for tests and golden scripts. Not the engine's parser: that one is
 * tested against files made here, so the two share no code.
 */
import { fromF16Bits, toF16Bits } from '../../src/util/f16';

/** The element types that these helpers write and read. */
export type FloatType = 'F32' | 'F16' | 'BF16';

/** A tensor in f32, last index fastest. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float32Array<ArrayBuffer>;
}

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** The bf16 bit pattern nearest to a finite `value`, ties to even. */
function toBf16Bits(value: number): number {
  float[0] = value;
  const pattern = bits[0]!;
  return ((pattern + 0x7fff + ((pattern >>> 16) & 1)) >>> 16) & 0xffff;
}

function fromBf16Bits(pattern: number): number {
  bits[0] = (pattern << 16) >>> 0;
  return float[0]!;
}

/** The value that remains after storing `value` in `type`. */
export function roundTo(type: FloatType, value: number): number {
  if (type === 'F16') return fromF16Bits(toF16Bits(value));
  if (type === 'BF16') return fromBf16Bits(toBf16Bits(value));
  return Math.fround(value);
}

function encode(type: FloatType, data: Float32Array<ArrayBuffer>): Uint8Array {
  if (type === 'F32') return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const convert = type === 'F16' ? toF16Bits : toBf16Bits;
  return new Uint8Array(Uint16Array.from(data, convert).buffer);
}

/** A whole safetensors file with the tensors in the map's order, all stored as `type`. */
export function writeSafetensors(
  tensors: ReadonlyMap<string, Tensor>,
  type: FloatType,
): Uint8Array<ArrayBuffer> {
  return writeRawSafetensors(
    new Map(
      [...tensors].map(([name, { shape, data }]) => [name, { type, shape, bytes: encode(type, data) }]),
    ),
  );
}

/** A tensor as its bytes. */
export interface RawTensor {
  readonly type: string;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** A whole safetensors file with tensors of any types. */
export function writeRawSafetensors(tensors: ReadonlyMap<string, RawTensor>): Uint8Array<ArrayBuffer> {
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const [name, { type, shape, bytes }] of tensors) {
    header[name] = { dtype: type, shape, data_offsets: [offset, offset + bytes.length] };
    offset += bytes.length;
    parts.push(bytes);
  }
  const text = JSON.stringify(header);
  const json = new TextEncoder().encode(text.padEnd(Math.ceil(text.length / 8) * 8));
  const file = new Uint8Array(8 + json.length + offset);
  new DataView(file.buffer).setUint32(0, json.length, true);
  file.set(json, 8);
  let position = 8 + json.length;
  for (const part of parts) {
    file.set(part, position);
    position += part.length;
  }
  return file;
}

/** All tensors of a safetensors file, widened to f32. @throws Error for an element type that is not a float type. */
export function readSafetensors(file: Uint8Array): Map<string, Tensor> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const headerBytes = view.getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + headerBytes))) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  const tensors = new Map<string, Tensor>();
  for (const [name, { dtype, shape, data_offsets }] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    // A copy, so that the typed array below is aligned.
    const bytes = file.slice(8 + headerBytes + data_offsets[0], 8 + headerBytes + data_offsets[1]);
    if (dtype === 'F32') tensors.set(name, { shape, data: new Float32Array(bytes.buffer) });
    else if (dtype === 'F16' || dtype === 'BF16') {
      const widen = dtype === 'F16' ? fromF16Bits : fromBf16Bits;
      tensors.set(name, { shape, data: Float32Array.from(new Uint16Array(bytes.buffer), widen) });
    } else throw new Error(`tensor '${name}' has element type ${dtype}`);
  }
  return tensors;
}
