/** One document of the library, open for reading: checked records, and how many bytes they took. */
import { EngineError } from '../util/errors';
import type { DocumentDatabase } from './document-database';
import type { DocumentLock } from './document-locks';
import { numRuns, pagesOfRun, payloadBytes, tokensPerPage, type Manifest } from './manifest';
import { decodeRecord, RecordDamage, recordOverheadBytes, type RecordPlace } from './record';

/** Reads the records of a document for as long as its lock is held. */
export class StoredDocument {
  readonly manifest: Manifest;
  readonly #database: DocumentDatabase;
  readonly #lock: DocumentLock;
  readonly #onDamage: (problem: string) => Promise<void>;
  #bytesRead = 0;
  #summaries: Promise<Uint8Array<ArrayBuffer>[]> | undefined;

  /** @param onDamage told why a record cannot be used, before the reader is */
  constructor(
    manifest: Manifest,
    database: DocumentDatabase,
    lock: DocumentLock,
    onDamage: (problem: string) => Promise<void>,
  ) {
    this.manifest = manifest;
    this.#database = database;
    this.#lock = lock;
    this.#onDamage = onDamage;
  }

  /** Bytes of all records that were read so far. */
  get bytesRead(): number {
    return this.#bytesRead;
  }

  /** Pages that are stored. */
  get numPages(): number {
    return this.manifest.numReadTokens / tokensPerPage;
  }

  /** Nobody reads it any more. */
  close(): void {
    this.#lock.release();
  }

  /** Token ids of the whole document, head included. @throws EngineError `document-damaged` */
  async ids(): Promise<number[]> {
    const { numTokens } = this.manifest;
    const payload = await this.#read({ kind: 'ids', list: 0, run: 0 }, 4 * numTokens);
    return Array.from(new Uint32Array(payload.buffer, payload.byteOffset, numTokens));
  }

  /** @throws EngineError `document-damaged` */
  async text(): Promise<string> {
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(
      await this.#read({ kind: 'text', list: 0, run: 0 }),
    );
  }

  /**
   * What is stored at a place: pages `[pages of the run, page]` of the list `layer · numKvHeads + kvHead`, or summaries
   * `[lists, pages of the run, summary]`.
   * @throws EngineError `document-damaged`
   */
  payload(place: RecordPlace): Promise<Uint8Array<ArrayBuffer>> {
    return this.#read(place, payloadBytes(this.manifest, place));
  }

  /** Summaries `[numPages, summary]` of one list. The first call reads those of all lists. @throws EngineError `document-damaged` */
  async summaries(list: number): Promise<Uint8Array<ArrayBuffer>> {
    const { summaryBytes } = this.manifest.layout;
    this.#summaries ??= Promise.all(
      Array.from({ length: numRuns(this.numPages) }, (_, run) =>
        this.payload({ kind: 'summaries', list: 0, run }),
      ),
    );
    const runs = await this.#summaries;
    const bytes = new Uint8Array(this.numPages * summaryBytes);
    let at = 0;
    runs.forEach((summaries, run) => {
      const perList = pagesOfRun(run, this.numPages) * summaryBytes;
      bytes.set(summaries.subarray(list * perList, (list + 1) * perList), at);
      at += perList;
    });
    return bytes;
  }

  /** Summaries are read once, when the document is opened: nobody needs them on the host afterwards. */
  forgetSummaries(): void {
    this.#summaries = undefined;
  }

  async #read(place: RecordPlace, payloadBytes?: number): Promise<Uint8Array<ArrayBuffer>> {
    const value = await this.#database.record(this.manifest.key, place);
    try {
      const payload = decodeRecord(place, value, payloadBytes);
      this.#bytesRead += payload.byteLength + recordOverheadBytes;
      return payload;
    } catch (error) {
      if (!(error instanceof RecordDamage)) throw error;
      await this.#onDamage(error.message);
      throw damagedError(this.manifest.id, error.message, error);
    }
  }
}

/** The error of a document that must not be attended. */
export function damagedError(id: string, problem: string, cause?: unknown): EngineError {
  return new EngineError(
    'document-damaged',
    `'${id}' cannot be used: ${problem}. Add its text again under the same name, and it is rebuilt.`,
    { cause },
  );
}
