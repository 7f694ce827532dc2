/**
 * The bytes of a GGUF file's beginning, as they come, and what is read from them: numbers, texts, metadata values. Nothing is
 * allocated that the bytes do not bear out.
 */
import { EngineError } from '../../util/errors';

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

/** Says that bytes are missing which the file may have. */
export class NeedsMore extends Error {}

/** A place in bytes that come in pieces; `take` and all that reads throw `NeedsMore` behind the last byte that has come. */
export class GgufBytes {
  readonly #file: string;
  /** Bytes that there may be: the file's, where they are known. */
  readonly limitBytes: number;
  #bytes = new Uint8Array(0);
  #view = new DataView(this.#bytes.buffer);
  #numBytes = 0;
  #at = 0;

  /** @param fileBytes size of the file where it is known */
  constructor(file: string, fileBytes = maxHeaderBytes) {
    this.#file = file;
    this.limitBytes = fileBytes;
  }

  /** Of what has been pushed. */
  get numBytes(): number {
    return this.#numBytes;
  }

  /** Bytes that have been passed over. */
  get at(): number {
    return this.#at;
  }

  /** Adds the next bytes of the file. */
  push(piece: Uint8Array): void {
    const needed = this.#numBytes + piece.length;
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(needed, Math.min(2 * this.#bytes.length, this.limitBytes)));
      grown.set(this.#bytes.subarray(0, this.#numBytes));
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    this.#bytes.set(piece, this.#numBytes);
    this.#numBytes = needed;
  }

  /** What `read` gives; where bytes are missing for it, the next one begins where this one began. */
  whole<T>(read: () => T): T {
    const start = this.#at;
    try {
      return read();
    } catch (error) {
      if (error instanceof NeedsMore) this.#at = start;
      throw error;
    }
  }

  #valueType(key: string): ValueType {
    const id = this.u32();
    const type = valueTypes[id];
    if (!type) throw this.corrupt(`the value of '${key}' has the unknown type ${id}`);
    return type;
  }

  /** The metadata value of `key`, its type before it. */
  value(key: string): GgufValue {
    return this.#valueOf(this.#valueType(key), key, 0);
  }

  #valueOf(type: ValueType, key: string, depth: number): GgufValue {
    switch (type) {
      case 'string':
        return this.string(`the value of '${key}'`);
      case 'array':
        return this.#array(key, depth + 1);
      case 'bool':
        return this.#view.getUint8(this.take(1)) !== 0;
      default:
        return this.#number(type);
    }
  }

  #array(key: string, depth: number): GgufValue {
    if (depth > maxArrayDepth) throw this.corrupt(`the value of '${key}' has lists in lists in lists`);
    const type = this.#valueType(key);
    const least = type === 'string' ? 8 : type === 'array' ? 12 : valueBytes[type];
    const length = this.count(`entries of '${key}'`, least);
    if (type === 'string' || type === 'array' || type === 'bool') {
      const values: GgufValue[] = [];
      for (let i = 0; i < length; i++) values.push(this.#valueOf(type, key, depth));
      return values;
    }
    // Nothing is allocated for bytes that have not come.
    this.#need(length * valueBytes[type]);
    const numbers = new numberLists[type](length);
    for (let i = 0; i < length; i++) numbers[i] = this.#number(type);
    return numbers;
  }

  #number(type: Exclude<ValueType, 'string' | 'array' | 'bool'>): number {
    const at = this.take(valueBytes[type]);
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

  /** A text. `what` names it in errors. */
  string(what: string): string {
    const length = this.u64(`the length of ${what}`);
    const start = this.take(length);
    return decoder.decode(this.#bytes.subarray(start, start + length));
  }

  /** A number of things of at least so many bytes each, which must fit the file. */
  count(what: string, leastBytes: number): number {
    const count = this.u64(`the number of ${what}`);
    const room = this.limitBytes - this.#at;
    if (count * leastBytes > room)
      throw this.corrupt(`it claims ${count} ${what}, more than the file has room for`);
    return count;
  }

  /** Characters of a byte each. */
  letters(length: number): string {
    const start = this.take(length);
    return String.fromCharCode(...this.#bytes.subarray(start, start + length));
  }

  /** A number of 32 bits. */
  u32(): number {
    return this.#view.getUint32(this.take(4), true);
  }

  /** A whole number of 64 bits, up to 2^53. @throws EngineError `weights-corrupt` beyond that */
  u64(what: string): number {
    const value = this.#view.getBigUint64(this.take(8), true);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw this.corrupt(`${what} is ${value}`);
    return Number(value);
  }

  /** Passes over bytes, and returns where they begin. */
  take(numBytes: number): number {
    this.#need(numBytes);
    const start = this.#at;
    this.#at += numBytes;
    return start;
  }

  #need(numBytes: number): void {
    if (this.#at + numBytes <= this.#numBytes) return;
    const limit = this.limitBytes;
    if (this.#at + numBytes > limit) {
      throw this.corrupt(`its header needs ${numBytes} bytes at ${this.#at}, beyond its ${limit} bytes`);
    }
    throw new NeedsMore();
  }

  /** The error for a damaged file; `why` goes on "it …". */
  corrupt(why: string): EngineError {
    return new EngineError('weights-corrupt', `The GGUF file '${this.#file}' is damaged: ${why}.`);
  }

  /** The error for a sound file that is not read; `why` goes on the file's name. */
  unsupported(why: string): EngineError {
    return new EngineError('model-unsupported', `The GGUF file '${this.#file}' ${why}.`);
  }
}

const decoder = new TextDecoder();
