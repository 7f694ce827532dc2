/**
 * The GGUF container (version 3): a little-endian writer and a file's header. What goes into it is the callers' business.
 * Format: the GGUF specification in the ggml repository (docs/gguf.md).
 */

/** Tensors begin at multiples of this many bytes. */
export const alignment = 32;
/** Element types of tensors: quantised ones are blocks of 32 or, the `k` ones, 256 values. */
export const tensorTypes = { f32: 0, q4_0: 2, q4_1: 3, q8_0: 8, q4_k: 12, q6_k: 14 } as const;
const valueTypes = { uint32: 4, int32: 5, float32: 6, bool: 7, string: 8, array: 9 } as const;
/** A growing little-endian buffer. */
export class ByteWriter {
  private readonly parts: Uint8Array[] = [];
  sizeBytes = 0;

  bytes(part: Uint8Array): void {
    this.parts.push(part);
    this.sizeBytes += part.length;
  }

  number(size: 1 | 4 | 8, write: (view: DataView) => void): void {
    const part = new Uint8Array(size);
    write(new DataView(part.buffer));
    this.bytes(part);
  }

  u32(value: number): void {
    this.number(4, (view) => view.setUint32(0, value, true));
  }

  u64(value: number): void {
    this.number(8, (view) => view.setBigUint64(0, BigInt(value), true));
  }

  string(text: string): void {
    const encoded = new TextEncoder().encode(text);
    this.u64(encoded.length);
    this.bytes(encoded);
  }

  align(): void {
    this.bytes(new Uint8Array((alignment - (this.sizeBytes % alignment)) % alignment));
  }

  concat(): Uint8Array<ArrayBuffer> {
    const all = new Uint8Array(this.sizeBytes);
    let offset = 0;
    for (const part of this.parts) {
      all.set(part, offset);
      offset += part.length;
    }
    return all;
  }
}

/** A value of the header, by its type. */
export type MetadataValue =
  | { readonly uint32: number }
  | { readonly float32: number }
  | { readonly bool: boolean }
  | { readonly string: string }
  | { readonly strings: readonly string[] }
  | { readonly int32s: readonly number[] }
  | { readonly float32s: readonly number[] };

function writeValue(out: ByteWriter, value: MetadataValue): void {
  if ('uint32' in value) {
    out.u32(valueTypes.uint32);
    out.u32(value.uint32);
  } else if ('float32' in value) {
    out.u32(valueTypes.float32);
    out.number(4, (view) => view.setFloat32(0, value.float32, true));
  } else if ('bool' in value) {
    out.u32(valueTypes.bool);
    out.number(1, (view) => view.setUint8(0, value.bool ? 1 : 0));
  } else if ('string' in value) {
    out.u32(valueTypes.string);
    out.string(value.string);
  } else if ('strings' in value) {
    out.u32(valueTypes.array);
    out.u32(valueTypes.string);
    out.u64(value.strings.length);
    for (const text of value.strings) out.string(text);
  } else if ('float32s' in value) {
    out.u32(valueTypes.array);
    out.u32(valueTypes.float32);
    out.u64(value.float32s.length);
    for (const number of value.float32s) out.number(4, (view) => view.setFloat32(0, number, true));
  } else {
    out.u32(valueTypes.array);
    out.u32(valueTypes.int32);
    out.u64(value.int32s.length);
    for (const number of value.int32s) out.number(4, (view) => view.setInt32(0, number, true));
  }
}

/** A tensor as the header names it: `shape` as Hugging Face has it, last index fastest. */
export interface GgufTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: (typeof tensorTypes)[keyof typeof tensorTypes];
  readonly sizeBytes: number;
}

/** Everything before the tensors' data, which follows in their order, each padded to `alignment`. */
export function ggufHeader(
  metadata: Readonly<Record<string, MetadataValue>>,
  tensors: readonly GgufTensor[],
): Uint8Array<ArrayBuffer> {
  const pairs = Object.entries(metadata);
  const out = new ByteWriter();
  out.bytes(new TextEncoder().encode('GGUF'));
  out.u32(3);
  out.u64(tensors.length);
  out.u64(pairs.length);
  for (const [key, value] of pairs) {
    out.string(key);
    writeValue(out, value);
  }
  let offset = 0;
  for (const { name, shape, type, sizeBytes } of tensors) {
    out.string(name);
    out.u32(shape.length);
    for (const size of [...shape].reverse()) out.u64(size);
    out.u32(type);
    out.u64(offset);
    offset += Math.ceil(sizeBytes / alignment) * alignment;
  }
  out.align();
  return out.concat();
}
