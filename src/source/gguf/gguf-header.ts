/**
 * The header of a GGUF file, version 2 or 3, checked in full before anything is made of it
 * (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md). Pure: bytes come in pieces, and nothing is allocated that the
 * pieces do not bear out.
 */
import { GgufBytes, NeedsMore, type GgufValue } from './gguf-bytes';
import { ggmlBlocks, ggmlTypeNames, isGgmlType, type GgmlType } from './ggml-types';

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

const maxDimensions = 4;
/** Least bytes of a metadata pair and of a tensor's entry: counts beyond the file's size are refused by them. */
const leastPairBytes = 13;
const leastTensorBytes = 24;

/** Reads one header from pieces of the file's beginning. */
export class GgufHeaderReader {
  readonly #bytes: GgufBytes;
  readonly #fileBytes: number | undefined;
  /** Bytes that are worth another try: twice as many each time, since an entry that is not whole is read anew. */
  #triedBytes = 0;
  #counts: { readonly tensors: number; readonly pairs: number } | undefined;
  #metadataBytes = 0;
  readonly #metadata = new Map<string, GgufValue>();
  readonly #entries: { name: string; shape: number[]; typeId: number; offset: number }[] = [];

  /** @param fileBytes size of the file where it is known */
  constructor(file: string, fileBytes?: number) {
    this.#bytes = new GgufBytes(file, fileBytes);
    this.#fileBytes = fileBytes;
  }

  /**
   * Takes the next bytes of the file.
   * @returns the header once it is whole, else undefined
   * @throws EngineError `weights-corrupt`, `model-unsupported`
   */
  push(piece: Uint8Array): GgufHeader | undefined {
    this.#bytes.push(piece);
    const isLast = this.#bytes.numBytes >= this.#bytes.limitBytes;
    if (isLast) return this.end();
    return this.#bytes.numBytes >= 2 * this.#triedBytes ? this.#tryToRead() : undefined;
  }

  /** The header of a file that has no further bytes. @throws EngineError `weights-corrupt`, `model-unsupported` */
  end(): GgufHeader {
    const header = this.#tryToRead();
    if (header) return header;
    throw this.#bytes.corrupt(`it ends after ${this.#bytes.numBytes} bytes, in the middle of its header`);
  }

  #tryToRead(): GgufHeader | undefined {
    try {
      return this.#read();
    } catch (error) {
      if (!(error instanceof NeedsMore)) throw error;
      this.#triedBytes = this.#bytes.numBytes;
      return undefined;
    }
  }

  /** Goes on where the last whole entry ended. */
  #read(): GgufHeader {
    this.#counts ??= this.#bytes.whole(() => this.#readCounts());
    while (this.#metadata.size < this.#counts.pairs) this.#bytes.whole(() => this.#readPair());
    if (this.#entries.length === 0) this.#metadataBytes = this.#bytes.at;
    while (this.#entries.length < this.#counts.tensors) this.#bytes.whole(() => this.#readTensor());
    return this.#finish();
  }

  #readCounts() {
    const magic = this.#bytes.letters(4);
    if (magic !== 'GGUF')
      throw this.#bytes.corrupt(`it does not begin with 'GGUF' but with ${JSON.stringify(magic)}`);
    const version = this.#bytes.u32();
    if (version !== 2 && version !== 3) {
      const swapped = version === 0x02000000 || version === 0x03000000;
      throw this.#bytes.unsupported(
        swapped
          ? 'is big-endian, this engine reads little-endian ones'
          : `has version ${version} of the format, this engine reads 2 and 3`,
      );
    }
    const tensors = this.#bytes.count('tensors', leastTensorBytes);
    const pairs = this.#bytes.count('metadata pairs', leastPairBytes);
    return { tensors, pairs };
  }

  #readPair(): void {
    const key = this.#bytes.string('a metadata key');
    if (this.#metadata.has(key)) throw this.#bytes.corrupt(`it has the key '${key}' twice`);
    this.#metadata.set(key, this.#bytes.value(key));
  }

  #readTensor(): void {
    const name = this.#bytes.string("a tensor's name");
    const numDimensions = this.#bytes.u32();
    if (numDimensions < 1 || numDimensions > maxDimensions)
      throw this.#bytes.corrupt(`tensor '${name}' has ${numDimensions} dimensions`);
    const shape = Array.from({ length: numDimensions }, () =>
      this.#bytes.u64(`a size of tensor '${name}'`),
    ).reverse();
    const typeId = this.#bytes.u32();
    const offset = this.#bytes.u64(`the offset of tensor '${name}'`);
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
      throw this.#bytes.corrupt(`its alignment is ${JSON.stringify(alignment)}, not a power of 2`);
    const dataBytes = Math.ceil(this.#bytes.at / alignment) * alignment;
    const names = new Set<string>();
    const tensors = this.#entries.map(({ name, shape, typeId, offset }): GgufTensor => {
      if (names.has(name)) throw this.#bytes.corrupt(`it has the tensor '${name}' twice`);
      names.add(name);
      if (offset % alignment !== 0)
        throw this.#bytes.corrupt(
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
        throw this.#bytes.corrupt(
          `tensor '${name}' has the shape [${shape.join(', ')}], which ${type} cannot have`,
        );
      return { name, type, shape, offsetBytes: dataBytes + offset, sizeBytes };
    });
    tensors.sort((a, b) => a.offsetBytes - b.offsetBytes || a.sizeBytes - b.sizeBytes);
    let end = dataBytes;
    for (const { name, offsetBytes, sizeBytes } of tensors) {
      if (offsetBytes < end) throw this.#bytes.corrupt(`tensor '${name}' overlaps the tensor before it`);
      end = offsetBytes + sizeBytes;
      if (this.#fileBytes !== undefined && end > this.#fileBytes) {
        throw this.#bytes.corrupt(
          `tensor '${name}' ends ${end - this.#fileBytes} bytes beyond its end, as after a download that broke off`,
        );
      }
    }
    return { metadata: this.#metadata, tensors, metadataBytes: this.#metadataBytes, dataBytes };
  }

  #typeOf(tensor: string, typeId: number): GgmlType {
    const name = ggmlTypeNames[typeId];
    if (name === undefined) throw this.#bytes.corrupt(`tensor '${tensor}' has the unknown type ${typeId}`);
    if (isGgmlType(name)) return name;
    throw this.#bytes.unsupported(
      `has tensors of ${name} ('${tensor}'), which this engine does not read; files of Q4_K_M, Q4_0, Q8_0, IQ4_XS and their like load`,
    );
  }
}
