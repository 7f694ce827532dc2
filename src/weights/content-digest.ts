/**
 * What the weights of a model are, by every byte of their files: taken while they stream, so that it costs no second read.
 * Stored pages are bound to it; where a model lies decides nothing.
 */
import { sha256Hex } from '../util/sha256';

/** Bytes that are hashed at once. */
const blockBytes = 2 ** 20;
/** Blocks that the browser may be hashing: more of them would only hold memory. */
const maxUnderWay = 4;

/** SHA-256 over the SHA-256 of each block of 1 MiB, and the length: the way in which bytes arrive does not matter. */
export class ContentDigest {
  readonly #block = new Uint8Array(blockBytes);
  readonly #blocks: Promise<ArrayBuffer>[] = [];
  #numBytes = 0;

  /** Takes the next bytes of the files. Resolves when more may come. */
  async update(bytes: Uint8Array): Promise<void> {
    for (let offset = 0; offset < bytes.length;) {
      const start = this.#numBytes % blockBytes;
      const part = bytes.subarray(offset, offset + blockBytes - start);
      this.#block.set(part, start);
      offset += part.length;
      this.#numBytes += part.length;
      if (this.#numBytes % blockBytes === 0) this.#hash(this.#block);
    }
    await this.#blocks.at(-maxUnderWay);
  }

  /** `sha256:` and 64 hexadecimal digits; nothing may be taken after it. */
  async finish(): Promise<string> {
    this.#hash(this.#block.subarray(0, this.#numBytes % blockBytes));
    const digests = await Promise.all(this.#blocks);
    return digestOf([`${this.#numBytes}\n`, ...digests]);
  }

  /** The bytes are copied at the call: the block is free again when it returns. */
  #hash(bytes: Uint8Array<ArrayBuffer>): void {
    this.#blocks.push(crypto.subtle.digest('SHA-256', bytes));
  }
}

/** `sha256:` and 64 hexadecimal digits of texts and bytes, one after the other. */
export async function digestOf(parts: readonly BlobPart[]): Promise<string> {
  return `sha256:${await sha256Hex(parts)}`;
}
