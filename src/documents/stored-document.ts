/** One document of the library, open for reading: checked records, and how many bytes they took. */
import { pageTokens } from '../cache/page';
import { EngineError } from '../util/errors';
import type { DocumentDatabase } from './document-database';
import type { DocumentLock } from './document-locks';
import type { KvFormat } from '../kernels/attention/kv-format';
import { numRuns, pagesOfRun, payloadBytes, type Manifest } from './manifest';
import { areFiniteRecords } from './page-values';
import { decodeRecord, RecordDamage, recordOverheadBytes, type RecordPlace } from './record';

/** What is in a stored page. */
export interface PageForm {
  readonly format: KvFormat;
  readonly headDim: number;
}

/** Where a document lies, and who is told of it. */
interface StoredIn {
  readonly database: DocumentDatabase;
  readonly lock: DocumentLock;
  readonly pages: PageForm;
  /** Told why a record cannot be used, before the reader is. */
  readonly onDamage: (problem: string) => Promise<void>;
}

/** Reads the records of a document for as long as its lock is held. */
export class StoredDocument {
  readonly manifest: Manifest;
  readonly #in: StoredIn;
  #bytesRead = 0;
  #summaries: Promise<Uint8Array<ArrayBuffer>[]> | undefined;

  constructor(manifest: Manifest, where: StoredIn) {
    this.manifest = manifest;
    this.#in = where;
  }

  /** The import that its pages come from, as `LoopRequest.origin`; undefined where this browser's engines computed them. */
  get origin(): string | undefined {
    return originOf(this.manifest);
  }

  /** Bytes of all records that were read so far. */
  get bytesRead(): number {
    return this.#bytesRead;
  }

  /** Pages that are stored. */
  get numPages(): number {
    return this.manifest.numReadTokens / pageTokens;
  }

  /** Nobody reads it any more. */
  close(): void {
    this.#in.lock.release();
  }

  /** Token ids of the whole document, head included. @throws EngineError `document-damaged` */
  async ids(): Promise<number[]> {
    const { numTokens } = this.manifest;
    const payload = await this.#read({ kind: 'ids', list: 0, run: 0 }, 4 * numTokens);
    return Array.from(new Uint32Array(payload.buffer, payload.byteOffset, numTokens));
  }

  /** @throws EngineError `document-damaged` */
  async text(): Promise<string> {
    const bytes = await this.#read({ kind: 'text', list: 0, run: 0 });
    try {
      return new TextDecoder('utf-8', { ignoreBOM: true, fatal: true }).decode(bytes);
    } catch (error) {
      throw await this.damage('its text is no UTF-8', error);
    }
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
    ).catch((error: unknown) => {
      // Who asks again reads again.
      this.#summaries = undefined;
      throw error;
    });
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
    const value = await this.#in.database.record(this.manifest.key, place);
    try {
      const payload = decodeRecord(place, value, payloadBytes);
      this.#requireFinite(place, payload);
      this.#bytesRead += payload.byteLength + recordOverheadBytes;
      return payload;
    } catch (error) {
      if (!(error instanceof RecordDamage)) throw error;
      throw await this.damage(error.message, error);
    }
  }

  /** Marks it as one that must not be attended; resolves to the error that says so. */
  async damage(problem: string, cause?: unknown): Promise<EngineError> {
    await this.#in.onDamage(problem);
    return damagedError(this.manifest.id, problem, cause);
  }

  /** What this engine stored is finite; a file may hold anything. */
  #requireFinite({ kind, list, run }: RecordPlace, payload: Uint8Array): void {
    if (this.origin === undefined || (kind !== 'pages' && kind !== 'summaries')) return;
    const isDigest = kind === 'summaries' && this.manifest.layout.summaries === 'digest';
    if (areFiniteRecords(payload, isDigest ? 'digests' : kind, this.#in.pages)) return;
    throw new RecordDamage(`the record of ${kind} ${list}:${run} holds what is no finite number`);
  }
}

/** Whose pages a document's are: nobody's in particular, or those of one import. */
export function originOf({ imported, key }: Manifest): string | undefined {
  return imported === undefined ? undefined : `import ${key}`;
}

/** The error of a document that must not be attended. */
export function damagedError(id: string, problem: string, cause?: unknown): EngineError {
  return new EngineError(
    'document-damaged',
    `'${id}' cannot be used: ${problem}. Add its text again under the same name, and it is rebuilt.`,
    { cause },
  );
}
