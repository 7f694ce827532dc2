/**
 * The header of a GGUF file, version 2 or 3, checked in full before anything is made of it
 * (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md). Pure: bytes come in pieces, and nothing is allocated that the
 * pieces do not bear out.
 */
import { EngineError } from '../../util/errors';
import { ggmlBlocks, ggmlTypeNames, isGgmlType, type GgmlType } from './ggml-types';

/** A metadata value: numbers of 64 bits beyond 2^53 are rounded. */
export type GgufValue = number | boolean | string | readonly GgufValue[] | GgufNumbers;

/** A list of numbers. */
type GgufNumbers =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array;

/** A tensor as the header names it. */
export interface GgufTensor {
  readonly name: string;
  readonly type: GgmlType;
  /** Last index fastest, as elsewhere here: the file has it the other way round. */
  readonly shape: readonly number[];
  /** First byte in the file. */
  readonly offsetBytes: number;
  readonly sizeBytes: number;
}

/** What a header says. */
export interface GgufHeader {
  readonly metadata: ReadonlyMap<string, GgufValue>;
  /** In the order of their bytes. */
  readonly tensors: readonly GgufTensor[];
  /** First byte behind the metadata, where the list of tensors begins. */
  readonly metadataBytes: number;
  /** First byte behind the header, at a multiple of the alignment. */
  readonly dataBytes: number;
}

/** Types of a metadata value by number; `u64`, `i64` are read as numbers. */
const valueTypes = [
  'u8',
  'i8',
  'u16',
  'i16',
  'u32',
  'i32',
  'f32',
  'bool',
  'string',
  'array',
  'u64',
  'i64',
  'f64',
] as const;
type ValueType = (typeof valueTypes)[number];
const valueBytes: Readonly<Record<Exclude<ValueType, 'string' | 'array'>, number>> = {
  u8: 1,
  i8: 1,
  u16: 2,
  i16: 2,
  u32: 4,
  i32: 4,
  f32: 4,
  bool: 1,
  u64: 8,
  i64: 8,
  f64: 8,
};
/** The typed arrays of lists of numbers. */
const numberLists = {
  u8: Uint8Array,
  i8: Int8Array,
  u16: Uint16Array,
  i16: Int16Array,
  u32: Uint32Array,
  i32: Int32Array,
  f32: Float32Array,
  u64: Float64Array,
  i64: Float64Array,
  f64: Float64Array,
} as const;

/** Longest header that is read where a file's size is not known: vocabularies of a million tokens take 50 MB. */
const maxHeaderBytes = 2 ** 28;
const maxArrayDepth = 4;
const maxDimensions = 4;
/** Least bytes of a metadata pair and of a tensor's entry: counts beyond the file's size are refused by them. */
const leastPairBytes = 13;
const leastTensorBytes = 24;

/** Says that bytes are missing which the file may have. */
class NeedsMore extends Error {}

/** Reads one header from pieces of the file's beginning. */
export class GgufHeaderReader {
  readonly #file: string;
  readonly #fileBytes: number | undefined;
  #bytes = new Uint8Array(0);
  #view = new DataView(this.#bytes.buffer);
  /** Of what has been pushed. */
  #numBytes = 0;
  /** Bytes that are worth another try: twice as many each time, since an entry that is not whole is read anew. */
  #triedBytes = 0;
  #at = 0;
  #counts: { readonly tensors: number; readonly pairs: number } | undefined;
  #metadataBytes = 0;
  readonly #metadata = new Map<string, GgufValue>();
  readonly #entries: { name: string; shape: number[]; typeId: number; offset: number }[] = [];

  /** @param fileBytes size of the file where it is known */
  constructor(file: string, fileBytes?: number) {
    this.#file = file;
    this.#fileBytes = fileBytes;
  }

  /**
   * Takes the next bytes of the file.
   * @returns the header once it is whole, else undefined
   * @throws EngineError `weights-corrupt`, `model-unsupported`
   */
  push(piece: Uint8Array): GgufHeader | undefined {
    this.#append(piece);
    const isLast = this.#numBytes >= (this.#fileBytes ?? maxHeaderBytes);
    if (isLast) return this.end();
    return this.#numBytes >= 2 * this.#triedBytes ? this.#tryToRead() : undefined;
  }

  /** The header of a file that has no further bytes. @throws EngineError `weights-corrupt`, `model-unsupported` */
  end(): GgufHeader {
    const header = this.#tryToRead();
    if (header) return header;
    throw this.#corrupt(`it ends after ${this.#numBytes} bytes, in the middle of its header`);
  }

  #tryToRead(): GgufHeader | undefined {
    try {
      return this.#read();
    } catch (error) {
      if (!(error instanceof NeedsMore)) throw error;
      this.#triedBytes = this.#numBytes;
      return undefined;
    }
  }

  #append(piece: Uint8Array): void {
    const needed = this.#numBytes + piece.length;
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(
        Math.max(needed, Math.min(2 * this.#bytes.length, this.#fileBytes ?? Infinity)),
      );
      grown.set(this.#bytes.subarray(0, this.#numBytes));
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    this.#bytes.set(piece, this.#numBytes);
    this.#numBytes = needed;
  }

  /** Goes on where the last whole entry ended. */
  #read(): GgufHeader {
    this.#counts ??= this.#entry(() => this.#readCounts());
    while (this.#metadata.size < this.#counts.pairs) this.#entry(() => this.#readPair());
    if (this.#entries.length === 0) this.#metadataBytes = this.#at;
    while (this.#entries.length < this.#counts.tensors) this.#entry(() => this.#readTensor());
    return this.#finish();
  }

  #entry<T>(read: () => T): T {
    const start = this.#at;
    try {
      return read();
    } catch (error) {
      if (error instanceof NeedsMore) this.#at = start;
      throw error;
    }
  }

  #readCounts() {
    const magic = String.fromCharCode(...this.#bytes.subarray(this.#take(4), this.#at));
    if (magic !== 'GGUF')
      throw this.#corrupt(`it does not begin with 'GGUF' but with ${JSON.stringify(magic)}`);
    const version = this.#u32();
    if (version !== 2 && version !== 3) {
      const swapped = version === 0x02000000 || version === 0x03000000;
      throw this.#unsupported(
        swapped
          ? 'is big-endian, this engine reads little-endian ones'
          : `has version ${version} of the format, this engine reads 2 and 3`,
      );
    }
    const tensors = this.#count('tensors', leastTensorBytes);
    const pairs = this.#count('metadata pairs', leastPairBytes);
    return { tensors, pairs };
  }

  #readPair(): void {
    const key = this.#string('a metadata key');
    if (this.#metadata.has(key)) throw this.#corrupt(`it has the key '${key}' twice`);
    const value = this.#value(this.#valueType(key), key, 0);
    this.#metadata.set(key, value);
  }

  #readTensor(): void {
    const name = this.#string("a tensor's name");
    const numDimensions = this.#u32();
    if (numDimensions < 1 || numDimensions > maxDimensions)
      throw this.#corrupt(`tensor '${name}' has ${numDimensions} dimensions`);
    const shape = Array.from({ length: numDimensions }, () =>
      this.#u64(`a size of tensor '${name}'`),
    ).reverse();
    const typeId = this.#u32();
    const offset = this.#u64(`the offset of tensor '${name}'`);
    this.#entries.push({ name, shape, typeId, offset });
  }

  #finish(): GgufHeader {
    const alignment = this.#metadata.get('general.alignment') ?? 32;
    if (
      typeof alignment !== 'number' ||
      alignment < 1 ||
      alignment > 2 ** 20 ||
      !Number.isInteger(Math.log2(alignment))
    )
      throw this.#corrupt(`its alignment is ${JSON.stringify(alignment)}, not a power of 2`);
    const dataBytes = Math.ceil(this.#at / alignment) * alignment;
    const names = new Set<string>();
    const tensors = this.#entries.map(({ name, shape, typeId, offset }): GgufTensor => {
      if (names.has(name)) throw this.#corrupt(`it has the tensor '${name}' twice`);
      names.add(name);
      if (offset % alignment !== 0)
        throw this.#corrupt(
          `tensor '${name}' begins at ${offset}, no multiple of the alignment ${alignment}`,
        );
      const type = this.#typeOf(name, typeId);
      const { elements, bytes } = ggmlBlocks[type];
      const numElements = shape.reduce((product, size) => product * size, 1);
      const sizeBytes = (numElements / elements) * bytes;
      if (
        !Number.isSafeInteger(numElements) ||
        !Number.isSafeInteger(sizeBytes) ||
        shape.at(-1)! % elements !== 0
      )
        throw this.#corrupt(
          `tensor '${name}' has the shape [${shape.join(', ')}], which ${type} cannot have`,
        );
      return { name, type, shape, offsetBytes: dataBytes + offset, sizeBytes };
    });
    tensors.sort((a, b) => a.offsetBytes - b.offsetBytes || a.sizeBytes - b.sizeBytes);
    let end = dataBytes;
    for (const { name, offsetBytes, sizeBytes } of tensors) {
      if (offsetBytes < end) throw this.#corrupt(`tensor '${name}' overlaps the tensor before it`);
      end = offsetBytes + sizeBytes;
      if (this.#fileBytes !== undefined && end > this.#fileBytes) {
        throw this.#corrupt(
          `tensor '${name}' ends ${end - this.#fileBytes} bytes beyond its end, as after a download that broke off`,
        );
      }
    }
    return { metadata: this.#metadata, tensors, metadataBytes: this.#metadataBytes, dataBytes };
  }

  #typeOf(tensor: string, typeId: number): GgmlType {
    const name = ggmlTypeNames[typeId];
    if (name === undefined) throw this.#corrupt(`tensor '${tensor}' has the unknown type ${typeId}`);
    if (isGgmlType(name)) return name;
    throw this.#unsupported(
      `has tensors of ${name} ('${tensor}'), which this engine does not read; files of Q4_K_M, Q4_0, Q8_0, IQ4_XS and their like load`,
    );
  }

  #valueType(key: string): ValueType {
    const id = this.#u32();
    const type = valueTypes[id];
    if (!type) throw this.#corrupt(`the value of '${key}' has the unknown type ${id}`);
    return type;
  }

  #value(type: ValueType, key: string, depth: number): GgufValue {
    switch (type) {
      case 'string':
        return this.#string(`the value of '${key}'`);
      case 'array':
        return this.#array(key, depth + 1);
      case 'bool':
        return this.#view.getUint8(this.#take(1)) !== 0;
      default:
        return this.#number(type);
    }
  }

  #array(key: string, depth: number): GgufValue {
    if (depth > maxArrayDepth) throw this.#corrupt(`the value of '${key}' has lists in lists in lists`);
    const type = this.#valueType(key);
    const least = type === 'string' ? 8 : type === 'array' ? 12 : valueBytes[type];
    const length = this.#count(`entries of '${key}'`, least);
    if (type === 'string' || type === 'array' || type === 'bool') {
      const values: GgufValue[] = [];
      for (let i = 0; i < length; i++) values.push(this.#value(type, key, depth));
      return values;
    }
    // Nothing is allocated for bytes that have not come.
    this.#need(length * valueBytes[type]);
    const numbers = new numberLists[type](length);
    for (let i = 0; i < length; i++) numbers[i] = this.#number(type);
    return numbers;
  }

  #number(type: Exclude<ValueType, 'string' | 'array' | 'bool'>): number {
    const at = this.#take(valueBytes[type]);
    const view = this.#view;
    switch (type) {
      case 'u8':
        return view.getUint8(at);
      case 'i8':
        return view.getInt8(at);
      case 'u16':
        return view.getUint16(at, true);
      case 'i16':
        return view.getInt16(at, true);
      case 'u32':
        return view.getUint32(at, true);
      case 'i32':
        return view.getInt32(at, true);
      case 'f32':
        return view.getFloat32(at, true);
      case 'u64':
        return Number(view.getBigUint64(at, true));
      case 'i64':
        return Number(view.getBigInt64(at, true));
      case 'f64':
        return view.getFloat64(at, true);
    }
  }

  #string(what: string): string {
    const length = this.#u64(`the length of ${what}`);
    const start = this.#take(length);
    return decoder.decode(this.#bytes.subarray(start, start + length));
  }

  /** A number of things of at least so many bytes each, which must fit the file. */
  #count(what: string, leastBytes: number): number {
    const count = this.#u64(`the number of ${what}`);
    const room = (this.#fileBytes ?? maxHeaderBytes) - this.#at;
    if (count * leastBytes > room)
      throw this.#corrupt(`it claims ${count} ${what}, more than the file has room for`);
    return count;
  }

  #u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  #u64(what: string): number {
    const value = this.#view.getBigUint64(this.#take(8), true);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw this.#corrupt(`${what} is ${value}`);
    return Number(value);
  }

  /** Passes over bytes, and returns where they begin. */
  #take(numBytes: number): number {
    this.#need(numBytes);
    const start = this.#at;
    this.#at += numBytes;
    return start;
  }

  #need(numBytes: number): void {
    if (this.#at + numBytes <= this.#numBytes) return;
    const limit = this.#fileBytes ?? maxHeaderBytes;
    if (this.#at + numBytes > limit) {
      throw this.#corrupt(`its header needs ${numBytes} bytes at ${this.#at}, beyond its ${limit} bytes`);
    }
    throw new NeedsMore();
  }

  #corrupt(why: string): EngineError {
    return new EngineError('weights-corrupt', `The GGUF file '${this.#file}' is damaged: ${why}.`);
  }

  #unsupported(why: string): EngineError {
    return new EngineError('model-unsupported', `The GGUF file '${this.#file}' ${why}.`);
  }
}

const decoder = new TextDecoder();
