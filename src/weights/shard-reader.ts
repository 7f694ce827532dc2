/** Reads a file front to back in pieces of the reader's choice, from a stream whose chunks have any size. */
import { EngineError } from '../util/errors';
import type { OpenedFile } from '../source/model-source';
import type { ContentDigest } from './content-digest';

/** One pass over one file. */
export class ShardReader {
  readonly name: string;
  /** Bytes of the whole file; undefined when its source does not know. */
  readonly sizeBytes: number | undefined;
  /** Where in the file the next byte is. */
  positionBytes: number;
  /** What is being read, for the error of a file that ends in it. */
  part = 'its header';
  readonly #reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;
  readonly #signal: AbortSignal | undefined;
  readonly #digest: ContentDigest | undefined;
  readonly #onAbort: () => void;
  #chunk: Uint8Array = new Uint8Array(0);

  /**
   * Aborting the signal cancels the stream at once, even while a read is waiting.
   * @param digest takes all bytes, those that are skipped too
   * @param startBytes where in the file the stream begins
   */
  constructor(
    name: string,
    { stream, sizeBytes }: OpenedFile,
    {
      signal,
      digest,
      startBytes = 0,
    }: {
      readonly signal?: AbortSignal | undefined;
      readonly digest?: ContentDigest | undefined;
      readonly startBytes?: number;
    } = {},
  ) {
    this.#digest = digest;
    this.name = name;
    this.positionBytes = startBytes;
    this.sizeBytes = sizeBytes;
    this.#reader = stream.getReader();
    this.#signal = signal;
    // A failure to cancel is of no interest: the read in progress ends either way.
    this.#onAbort = () => void this.#reader.cancel(signal?.reason).catch(() => undefined);
    signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  /**
   * Fills `target` with the next bytes.
   * @throws EngineError `weights-corrupt` when the file ends before; what the stream errors with; the signal's reason
   */
  async read(target: Uint8Array): Promise<void> {
    await this.#advance(target.length, (part, offset) => target.set(part, offset));
  }

  /** Passes over the next bytes; throws as `read` does. */
  async skip(numBytes: number): Promise<void> {
    await this.#advance(numBytes, () => undefined);
  }

  /** @throws EngineError `weights-corrupt` when there are bytes left */
  async requireEnd(): Promise<void> {
    if (this.#chunk.length === 0 && !(await this.#pull())) return;
    throw new EngineError(
      'weights-corrupt',
      `The weight file '${this.name}' is longer than its header says.`,
    );
  }

  /** Ends the pass, wherever it is, and lets go of the source. */
  async close(): Promise<void> {
    this.#signal?.removeEventListener('abort', this.#onAbort);
    // An errored stream rejects with the error that its reader has already met.
    await this.#reader.cancel().catch(() => undefined);
  }

  async #advance(numBytes: number, take: (part: Uint8Array, offset: number) => void): Promise<void> {
    for (let offset = 0; offset < numBytes;) {
      if (this.#chunk.length === 0 && !(await this.#pull())) {
        throw new EngineError(
          'weights-corrupt',
          `The weight file '${this.name}' ends after ${this.positionBytes} bytes, in the middle of ${this.part}. ` +
            'Fetch the file again.',
        );
      }
      const part = this.#chunk.subarray(0, numBytes - offset);
      take(part, offset);
      offset += part.length;
      this.positionBytes += part.length;
      this.#chunk = this.#chunk.subarray(part.length);
    }
  }

  /** Whether a chunk that is not empty came; false at the end. */
  async #pull(): Promise<boolean> {
    do {
      this.#signal?.throwIfAborted();
      const { done, value } = await this.#reader.read();
      this.#signal?.throwIfAborted();
      if (done) return false;
      this.#chunk = value;
      await this.#digest?.update(value);
    } while (this.#chunk.length === 0);
    return true;
  }
}
