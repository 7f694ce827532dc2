/**
 * The header of a safetensors file, checked in full before a byte of it is believed
 * (https://github.com/huggingface/safetensors#format). Pure: reading the file is the loader's.
 */
import { EngineError } from '../util/errors';
import { quote } from '../util/config-fields';
import { isJsonObject } from '../util/json';

/** Bytes before the header: its length as a little-endian u64. */
export const headerPrefixBytes = 8;
/** Longest header that the format allows. */
export const maxHeaderBytes = 100_000_000;

/** Element types that can be loaded. */
export type LoadableType = 'F32' | 'F16' | 'BF16';

/** One tensor of a file, last index fastest. */
export interface TensorHeader {
  readonly name: string;
  /** As the format names it: one that can be loaded, or one that this engine does not read. */
  readonly elementType: string;
  readonly shape: readonly number[];
  /** First byte, counted from the end of the header. */
  readonly offsetBytes: number;
  readonly sizeBytes: number;
  /** Rows of a head, where its two halves alternate: row 2i belongs at i, row 2i + 1 at i plus half the rows. */
  readonly interleavedRows?: number;
}

/** Bits of an element by type, for all types of the format. */
const elementBits: Readonly<Record<string, number>> = {
  F64: 64,
  F32: 32,
  F16: 16,
  BF16: 16,
  I64: 64,
  I32: 32,
  I16: 16,
  I8: 8,
  U64: 64,
  U32: 32,
  U16: 16,
  U8: 8,
  BOOL: 8,
  C64: 64,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  F6_E2M3: 6,
  F6_E3M2: 6,
  F4: 4,
};

/** Whether elements of a type are floating-point numbers that can be loaded. */
export function isFloatType(elementType: string): elementType is LoadableType {
  return elementType === 'F32' || elementType === 'F16' || elementType === 'BF16';
}

/**
 * Length of the header in bytes, from the file's first eight.
 * @param fileBytes size of the file where it is known
 * @throws EngineError `weights-corrupt`
 */
export function readHeaderLength(prefix: Uint8Array, file: string, fileBytes?: number): number {
  const length = Number(
    new DataView(prefix.buffer, prefix.byteOffset, headerPrefixBytes).getBigUint64(0, true),
  );
  if (length > maxHeaderBytes)
    throw corrupt(file, `its header claims ${length} bytes, more than the format allows`);
  if (length < 2) throw corrupt(file, `its header claims ${length} bytes`);
  if (fileBytes !== undefined && headerPrefixBytes + length > fileBytes) {
    throw corrupt(file, `its header claims ${length} bytes, the whole file has ${fileBytes}`);
  }
  return length;
}

/**
 * The tensors of a file in order of their bytes, which they cover without holes or overlaps.
 * @param dataBytes bytes after the header where the file's size is known
 * @throws EngineError `weights-corrupt` naming the tensor or field
 */
export function parseHeader(json: Uint8Array, file: string, dataBytes?: number): TensorHeader[] {
  const entries = parseEntries(json, file);
  const tensors = entries.map(([name, entry]) => parseTensor(name, entry, file));
  tensors.sort((a, b) => a.offsetBytes - b.offsetBytes || a.sizeBytes - b.sizeBytes);
  let end = 0;
  for (const { name, offsetBytes, sizeBytes } of tensors) {
    if (offsetBytes < end) throw corrupt(file, `tensor '${name}' overlaps the tensor before it`);
    if (offsetBytes > end)
      throw corrupt(file, `tensor '${name}' leaves ${offsetBytes - end} bytes unused before it`);
    end = offsetBytes + sizeBytes;
    if (dataBytes !== undefined && end > dataBytes) {
      throw corrupt(file, `tensor '${name}' ends ${end - dataBytes} bytes beyond the end of the file`);
    }
  }
  if (dataBytes !== undefined && end < dataBytes) {
    throw corrupt(file, `${dataBytes - end} bytes at its end belong to no tensor`);
  }
  return tensors;
}

function parseEntries(json: Uint8Array, file: string): [name: string, entry: unknown][] {
  let header: unknown;
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(json);
    header = JSON.parse(text);
  } catch (cause) {
    throw corrupt(file, 'its header is not JSON', cause);
  }
  if (!isJsonObject(header)) throw corrupt(file, 'its header is not an object');
  const repeated = findRepeatedKey(text);
  if (repeated !== undefined) throw corrupt(file, `it names ${repeated} twice`);
  return Object.entries(header).filter(([name]) => name !== '__metadata__');
}

/** `JSON.parse` keeps the last of equal keys in silence. Expects valid JSON; returns the key as written. */
function findRepeatedKey(text: string): string | undefined {
  const seen = new Set<string>();
  let depth = 0;
  let isKey = false;
  // Not by a regular expression, whose stack a long enough name exhausts.
  for (let i = 0; i < text.length; i++) {
    const mark = text[i]!;
    if (mark === '"') {
      const start = i++;
      while (text[i] !== '"') i += text[i] === '\\' ? 2 : 1;
      const name = text.slice(start, i + 1);
      const key = isKey ? (JSON.parse(name) as string) : undefined;
      if (key !== undefined && seen.has(key)) return name;
      if (key !== undefined) seen.add(key);
      isKey = false;
    } else if ('{[}],:'.includes(mark)) {
      if (mark === '{' || mark === '[') depth++;
      else if (mark === '}' || mark === ']') depth--;
      isKey = depth === 1 && (mark === '{' || mark === ',');
    }
  }
  return undefined;
}

function parseTensor(name: string, entry: unknown, file: string): TensorHeader {
  const refuse = (why: string) => corrupt(file, `tensor '${name}' ${why}`);
  if (!isJsonObject(entry)) throw refuse(`is described by ${quote(entry)}`);
  const { dtype, shape, data_offsets: offsets } = entry;
  const bits =
    typeof dtype === 'string' && Object.hasOwn(elementBits, dtype) ? elementBits[dtype] : undefined;
  if (typeof dtype !== 'string' || bits === undefined) throw refuse(`has the unknown dtype ${quote(dtype)}`);
  if (!isSizes(shape)) throw refuse(`has the shape ${quote(shape)}`);
  if (!isSizes(offsets) || offsets.length !== 2 || offsets[0]! > offsets[1]!) {
    throw refuse(`has the data_offsets ${quote(offsets)}`);
  }
  const [begin, end] = offsets as [number, number];
  const numElements = shape.reduce((product, size) => product * size, 1);
  const sizeBytes = (numElements * bits) / 8;
  if (!Number.isSafeInteger(numElements * bits) || sizeBytes !== end - begin) {
    throw refuse(`has ${end - begin} bytes, its shape ${quote(shape)} in ${dtype} needs ${sizeBytes}`);
  }
  return { name, elementType: dtype, shape, offsetBytes: begin, sizeBytes };
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && (size as number) >= 0);
}

/** The error for a weight file that contradicts itself. */
export function corrupt(file: string, why: string, cause?: unknown): EngineError {
  return new EngineError('weights-corrupt', `The weight file '${file}' is damaged: ${why}.`, { cause });
}
