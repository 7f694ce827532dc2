/**
 * Reads ZIP archives, whose entries may lie about themselves: the browser inflates them, and what comes out is counted.
 * An archive has its directory at its end: the end record points to it, its records to the entries' own headers.
 */
import { ImportError } from '../import-error';

/** Bytes that all entries read from one archive may have together. */
const maxUnpackedBytes = 100_000_000;

/** Entries that an archive may have: books have hundreds. */
const maxEntries = 20_000;

const endSignature = 0x06054b50;
const recordSignature = 0x02014b50;
const headerSignature = 0x04034b50;
const locator64Signature = 0x07064b50;
const end64Signature = 0x06064b50;
/** What 32-bit fields hold whose values stand in 64-bit ones elsewhere. */
const zip64Mark = 0xffffffff;

interface Entry {
  readonly offsetBytes: number;
  readonly packedBytes: number;
  readonly unpackedBytes: number;
  readonly method: number;
  readonly isEncrypted: boolean;
  /** CRC-32 of what is unpacked. */
  readonly checksum: number;
}

function damaged(cause?: unknown): ImportError {
  return new ImportError(
    'damaged',
    'This file is damaged or incomplete.',
    'Download or copy it again, then choose it again.',
    { cause },
  );
}

function tooLarge(): ImportError {
  return new ImportError(
    'too-large',
    `This file unpacks to more than ${maxUnpackedBytes / 1e6} MB.`,
    'If it is meant to be that large, split it; otherwise do not trust it.',
  );
}

/** An archive in memory. */
export class ZipArchive {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  readonly #entries = new Map<string, Entry>();
  #numUnpackedBytes = 0;

  /** @throws ImportError `damaged` when there is no directory, or one that leads out of the file */
  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    try {
      this.#readDirectory();
    } catch (cause) {
      if (cause instanceof RangeError) throw damaged(cause);
      throw cause;
    }
  }

  /** Names of all entries, with slashes. */
  get names(): Iterable<string> {
    return this.#entries.keys();
  }

  has(name: string): boolean {
    return this.#entries.has(name);
  }

  /**
   * An entry's bytes, or undefined when there is none of that name.
   * @throws ImportError `damaged`, `encrypted`, `too-large`; the signal's reason when aborted
   */
  async read(name: string, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer> | undefined> {
    signal?.throwIfAborted();
    const entry = this.#entries.get(name);
    if (!entry) return undefined;
    if (entry.isEncrypted) {
      throw new ImportError(
        'encrypted',
        'This file is protected with a password.',
        'Save it without one, then choose it again.',
      );
    }
    // A claim that is too large is not tried; one that is too small does not help.
    if (this.#numUnpackedBytes + entry.unpackedBytes > maxUnpackedBytes) throw tooLarge();
    const packed = this.#packedBytes(entry);
    if (entry.method === 0) return checked(this.#count(packed), entry);
    if (entry.method !== 8) throw damaged();
    const parts: Uint8Array<ArrayBuffer>[] = [];
    const inflated = new Blob([packed]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
    try {
      for await (const part of inflated) {
        signal?.throwIfAborted();
        parts.push(this.#count(part));
      }
    } catch (cause) {
      signal?.throwIfAborted();
      throw cause instanceof ImportError ? cause : damaged(cause);
    }
    return checked(new Uint8Array(await new Blob(parts).arrayBuffer()), entry);
  }

  #count(part: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    this.#numUnpackedBytes += part.length;
    if (this.#numUnpackedBytes > maxUnpackedBytes) throw tooLarge();
    return part;
  }

  #packedBytes({ offsetBytes, packedBytes }: Entry): Uint8Array<ArrayBuffer> {
    const view = this.#view;
    if (offsetBytes + 30 > view.byteLength || view.getUint32(offsetBytes, true) !== headerSignature)
      throw damaged();
    const start =
      offsetBytes + 30 + view.getUint16(offsetBytes + 26, true) + view.getUint16(offsetBytes + 28, true);
    if (start + packedBytes > view.byteLength) throw damaged();
    return this.#bytes.subarray(start, start + packedBytes);
  }

  #readDirectory(): void {
    const view = this.#view;
    const end = this.#findEnd();
    let numEntries = view.getUint16(end + 10, true);
    let at = view.getUint32(end + 16, true);
    if (at === zip64Mark || numEntries === 0xffff) [numEntries, at] = this.#findDirectory64(end);
    if (numEntries > maxEntries) throw damaged();
    for (let index = 0; index < numEntries; index++) {
      if (view.getUint32(at, true) !== recordSignature) throw damaged();
      const flags = view.getUint16(at + 8, true);
      const nameBytes = view.getUint16(at + 28, true);
      const name = new TextDecoder().decode(this.#bytes.subarray(at + 46, at + 46 + nameBytes));
      this.#entries.set(name.replaceAll('\\', '/').replace(/^\/+/, ''), {
        isEncrypted: (flags & 1) !== 0,
        method: view.getUint16(at + 10, true),
        checksum: view.getUint32(at + 16, true),
        ...this.#sizes(at, nameBytes),
      });
      at += 46 + nameBytes + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
    }
  }

  /** Sizes and place of a record, from its 64-bit field where they are too large for its own. */
  #sizes(at: number, nameBytes: number): Pick<Entry, 'packedBytes' | 'unpackedBytes' | 'offsetBytes'> {
    const view = this.#view;
    const sizes = {
      unpackedBytes: view.getUint32(at + 24, true),
      packedBytes: view.getUint32(at + 20, true),
      offsetBytes: view.getUint32(at + 42, true),
    };
    const start = at + 46 + nameBytes;
    const end = start + view.getUint16(at + 30, true);
    for (let field = start; field + 4 <= end; field += 4 + view.getUint16(field + 2, true)) {
      if (view.getUint16(field, true) !== 1) continue;
      let value = field + 4;
      for (const name of ['unpackedBytes', 'packedBytes', 'offsetBytes'] as const) {
        if (sizes[name] !== zip64Mark) continue;
        sizes[name] = this.#number64(value);
        value += 8;
      }
    }
    return sizes;
  }

  #number64(at: number): number {
    return this.#view.getUint32(at + 4, true) * 2 ** 32 + this.#view.getUint32(at, true);
  }

  /** Number of entries and place of the directory, by the 64-bit end record. */
  #findDirectory64(end: number): [numEntries: number, at: number] {
    const view = this.#view;
    if (view.getUint32(end - 20, true) !== locator64Signature) throw damaged();
    const record = this.#number64(end - 20 + 8);
    if (view.getUint32(record, true) !== end64Signature) throw damaged();
    return [this.#number64(record + 32), this.#number64(record + 48)];
  }

  /** The end record, behind which only a comment of up to 64 kB may stand. */
  #findEnd(): number {
    const last = this.#view.byteLength - 22;
    for (let at = last; at >= Math.max(0, last - 0xffff); at--) {
      if (this.#view.getUint32(at, true) === endSignature) return at;
    }
    throw damaged();
  }
}

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** The bytes of an entry if they are those that were packed. @throws ImportError `damaged` */
function checked(bytes: Uint8Array<ArrayBuffer>, { checksum }: Entry): Uint8Array<ArrayBuffer> {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = crcTable[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  if ((crc ^ 0xffffffff) >>> 0 !== checksum) throw damaged();
  return bytes;
}
