/** `engine.documents`: the library, as an application holds it. Checks what it is given; the worker does the rest. */
import type {
  DocumentCost,
  DocumentInfo,
  OpenedDocument,
  ReadingProgress,
  StorageQuota,
  TogetherPlan,
} from '../documents/document-info';
import type { DocumentDetails, DocumentPlace } from '../prompt/places';
import { storageQuota } from '../documents/storage-quota';
import { checkDocumentIds } from '../api/document-ids';
import type { Connection } from './connection';

/** What reading a document may bring. */
export interface AddDocumentOptions extends DocumentDetails {
  /** Shown to people; default: the id. */
  readonly title?: string;
  readonly onProgress?: (progress: ReadingProgress) => void;
  /** Stops the reading, which then rejects with the signal's reason; what was read stays. */
  readonly signal?: AbortSignal;
}

/** How to read an import anew. */
export type VerifyOptions = Pick<AddDocumentOptions, 'signal' | 'onProgress'>;

/** Documents that were read once and are kept in this browser. */
export class EngineDocuments {
  readonly #connection: Connection;

  /** @internal */
  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /**
   * Reads a document and keeps it. With the same id and text it goes on where an earlier reading was interrupted, and rebuilds a
   * document that is damaged or was read with other weights.
   * @throws TypeError, or RangeError for an id that another text has; EngineError `context-too-long`, `storage-quota`,
   * `host-memory`, `document-busy`, `device-lost`; the signal's reason when aborted
   */
  async add(id: string, text: string, options: AddDocumentOptions = {}): Promise<DocumentInfo> {
    const { title, places, notes, signal, onProgress } = options;
    checkText("A document's id", id);
    checkText("A document's text", text);
    if (title !== undefined) checkText("A document's title", title);
    const document = { id, text, title, places, notes };
    return this.#connection.call('addDocument', document, { signal, onProgress });
  }

  /** All documents, the one used last first. */
  list(): Promise<DocumentInfo[]> {
    return this.#connection.call('listDocuments', undefined);
  }

  /**
   * Makes a document ready for a question, as a question on it does by itself, and says how many bytes that read.
   * @throws RangeError when there is none; EngineError `document-damaged`, `document-busy`, `context-too-long`
   */
  async open(id: string, { signal }: { readonly signal?: AbortSignal } = {}): Promise<OpenedDocument> {
    checkText("A document's id", id);
    return this.#connection.call('openDocument', id, { signal });
  }

  /** The text as it was given. @throws RangeError when there is none; EngineError `document-damaged` */
  async text(id: string): Promise<string> {
    checkText("A document's id", id);
    return this.#connection.call('documentText', id);
  }

  /** Where the text stands, as `add` was told; empty where it was not. @throws RangeError when there is no such document */
  async places(id: string): Promise<readonly DocumentPlace[]> {
    checkText("A document's id", id);
    return this.#connection.call('documentPlaces', id);
  }

  /** @throws RangeError when there is none */
  async rename(id: string, title: string): Promise<void> {
    checkText("A document's id", id);
    checkText("A document's title", title);
    await this.#connection.call('renameDocument', { id, title });
  }

  /** Deletes a document; none is no error. @throws EngineError `document-busy` while another tab has it open */
  async delete(id: string): Promise<void> {
    checkText("A document's id", id);
    await this.#connection.call('deleteDocument', id);
  }

  /** A document as one file, pages included. @throws RangeError when there is none; EngineError `document-damaged` */
  async export(id: string): Promise<Blob> {
    checkText("A document's id", id);
    return this.#connection.call('exportDocument', id);
  }

  /**
   * Keeps a document that was exported, under a further id where its own is taken. Its pages answer about this document alone.
   * Where this model read it, its text, tokens and template are compared with what this engine makes of them, now, and a random
   * sample of its pages when it is first opened: four of them, the last one among them, of every layer and head. So one altered
   * page of N is found with odds of about 4 : N; `verify` leaves none.
   * @throws EngineError `document-damaged` for what is no whole document or not what its text gives, `storage-quota`
   */
  async import(blob: Blob): Promise<DocumentInfo> {
    if (!(blob instanceof Blob)) throw new TypeError('An exported document is a Blob or a File.');
    return this.#connection.call('importDocument', blob);
  }

  /**
   * Reads an imported document anew from its text: its pages are this engine's own then. Does nothing to others.
   * @throws RangeError when there is none; and what `add` throws
   */
  async verify(id: string, { signal, onProgress }: VerifyOptions = {}): Promise<DocumentInfo> {
    checkText("A document's id", id);
    return this.#connection.call('verifyDocument', id, { signal, onProgress });
  }

  /** What reading a text would cost; the first time it runs two short prefills to know this machine's speed. */
  async estimate(text: string, { signal }: { readonly signal?: AbortSignal } = {}): Promise<DocumentCost> {
    checkText("A document's text", text);
    return this.#connection.call('estimateDocument', text, { signal });
  }

  /**
   * Whether documents fit together into one question (the request's `documents`), before anything is read.
   * @throws TypeError, RangeError for what are no documents; EngineError `document-damaged`, `document-busy`
   */
  async planTogether(
    ids: readonly string[],
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<TogetherPlan> {
    return this.#connection.call('planTogether', checkDocumentIds(ids, 'The ids'), { signal });
  }

  /**
   * Reads documents behind each other, as the first question on them does by itself. What is read stays while the cache has room for
   * it; only the first document's own pages are kept beyond that.
   * @throws what `planTogether` does; EngineError `context-too-long`; the signal's reason when aborted
   */
  async readTogether(
    ids: readonly string[],
    { signal, onProgress }: VerifyOptions = {},
  ): Promise<TogetherPlan> {
    return this.#connection.call('readTogether', checkDocumentIds(ids, 'The ids'), { signal, onProgress });
  }

  /** What the browser says of this site's storage; zeros where it says nothing. */
  async quota(): Promise<StorageQuota> {
    return (await storageQuota()) ?? { usedBytes: 0, quotaBytes: 0, isPersisted: false };
  }

  /** Asks the browser never to clear this site's storage by itself; best on a gesture. Resolves to its answer. */
  async persist(): Promise<boolean> {
    const storage = (globalThis as { navigator?: { storage?: StorageManager } }).navigator?.storage;
    return (await storage?.persist?.()) ?? false;
  }
}

function checkText(name: string, value: unknown): void {
  if (typeof value !== 'string') throw new TypeError(`${name} must be a string, not ${typeof value}.`);
  if (value === '') throw new RangeError(`${name} must not be empty.`);
}
