/** The library: which documents there are, who may touch them, and what is written of them, in order. No GPU, no model. */
import { EngineError } from '../util/errors';
import { exportArchive, importArchive } from './archive';
import { closedLibraryError, DocumentDatabase, type NewRecord } from './document-database';
import type { DocumentInfo, DocumentState } from './document-info';
import { DocumentLocks, type DocumentLock } from './document-locks';
import type { DocumentDetails, DocumentPlace } from '../prompt/places';
import { isWhole, type Manifest, type PageLayout } from './manifest';
import { recordOverheadBytes } from './record';
import { damagedError, StoredDocument, type PageForm } from './stored-document';

/** What documents are made for. */
export interface LibraryOptions {
  /** Names the weights and formats of this engine: pages of another fingerprint are never attended. */
  readonly fingerprint: string;
  readonly layout: PageLayout;
  /** What stored pages hold: those of an import are looked at before they are believed. */
  readonly pages: PageForm;
  /** The browser's; undefined where there is none. */
  readonly locks: LockManager | undefined;
}

/** What a new document begins with. */
interface NewDocument {
  readonly id: string;
  readonly title: string;
  readonly text: string;
  readonly head: string;
  readonly renderedAt: number;
  readonly ids: readonly number[];
  /** Where there are none, those of what it takes the place of stay. */
  readonly details: DocumentDetails;
}

/** A document that is being written: its lock is held until `close`. */
export interface DocumentDraft {
  manifest: Manifest;
  readonly lock: DocumentLock;
}

/** Documents of one browser profile, as an engine with one fingerprint sees them. */
export class DocumentLibrary {
  readonly #options: LibraryOptions;
  readonly #locks: DocumentLocks;
  #database: Promise<DocumentDatabase> | undefined;
  #isClosed = false;

  constructor(options: LibraryOptions) {
    this.#options = options;
    this.#locks = new DocumentLocks(options.locks);
  }

  /** All documents, the one used last first. */
  async list(): Promise<DocumentInfo[]> {
    const manifests = await (await this.#open()).manifests();
    return manifests.sort((a, b) => b.lastUsedAt - a.lastUsedAt).map((manifest) => this.describe(manifest));
  }

  /** A document's manifest, or undefined. */
  async find(id: string): Promise<Manifest | undefined> {
    return (await this.#open()).manifest(id);
  }

  describe(manifest: Manifest): DocumentInfo {
    const { id, title, numTokens, numReadTokens, storedBytes, createdAt, lastUsedAt } = manifest;
    const { state, problem } = this.#judge(manifest);
    return {
      id,
      title,
      numTokens,
      numReadTokens: isWhole(manifest) ? numTokens : numReadTokens,
      state,
      ...(problem !== undefined && { problem: `${problem[0]!.toUpperCase()}${problem.slice(1)}.` }),
      notes: manifest.notes ?? [],
      isImported: manifest.imported !== undefined,
      storedBytes,
      createdAt,
      lastUsedAt,
    };
  }

  /**
   * Opens a document whose pages may be attended, for reading; its lock is held until it is closed.
   * @throws RangeError when there is none; EngineError `document-damaged` when it must not be attended, `document-busy`
   */
  async open(id: string): Promise<StoredDocument> {
    const lock = await this.#locks.shared(id);
    try {
      const manifest = await this.required(id);
      const { problem } = this.#judge(manifest);
      if (problem !== undefined) throw damagedError(id, problem);
      const used = { ...manifest, lastUsedAt: Date.now() };
      await this.#note(id, (now) => ({ ...now, lastUsedAt: used.lastUsedAt }));
      return this.#stored(used, await this.#open(), lock);
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /** The text of any document, damaged and foreign ones too. @throws RangeError; EngineError `document-damaged`, `document-busy` */
  async text(id: string): Promise<string> {
    return this.#reading(id, (stored) => stored.text());
  }

  /** Where its text stands, as `add` was told. @throws RangeError when there is no such document */
  async places(id: string): Promise<readonly DocumentPlace[]> {
    return (await this.required(id)).places ?? [];
  }

  /** @throws RangeError when there is none */
  async rename(id: string, title: string): Promise<void> {
    await this.required(id);
    await (await this.#open()).update(id, (manifest) => ({ ...manifest, title }));
  }

  /** Deletes a document; one that is not there is no error. @throws EngineError `document-busy` while another tab has it open */
  async delete(id: string): Promise<void> {
    const lock = await this.#locks.exclusive(id);
    try {
      await (await this.#open()).replace(await this.find(id), undefined);
    } finally {
      lock.release();
    }
  }

  /** The document as one file. @throws RangeError; EngineError `document-damaged`, `document-busy` */
  async export(id: string): Promise<Blob> {
    return this.#reading(id, exportArchive);
  }

  /**
   * Stores a document that was exported; under a further name where its own is taken.
   * @throws EngineError `document-damaged` for anything that is no whole archive, `storage-quota`
   */
  async import(blob: Blob): Promise<DocumentInfo> {
    const archive = await importArchive(blob);
    const id = await this.#freeId(archive.manifest.id);
    const lock = await this.#locks.exclusive(id);
    const draft: { manifest: Manifest; readonly lock: DocumentLock } = { manifest: blank, lock };
    try {
      const { contents, runs } = archive;
      draft.manifest = {
        ...archive.manifest,
        id,
        key: newKey(),
        lastUsedAt: Date.now(),
        numReadTokens: 0,
        imported: 'unchecked',
        storedBytes: sizeOf(contents),
      };
      await (await this.#open()).replace(undefined, { manifest: draft.manifest, records: contents });
      // Until its end it is a document of which a part is read.
      for await (const { records, numReadTokens } of runs()) await this.append(draft, records, numReadTokens);
      return this.describe(draft.manifest);
    } catch (error) {
      if (draft.manifest !== blank) await (await this.#open()).replace(draft.manifest, undefined);
      throw error;
    } finally {
      lock.release();
    }
  }

  /**
   * Takes a document for writing. `known` is what there is of it, if its text is the same and its pages may be attended; without
   * it `begin` must follow.
   * @throws RangeError when another text has this name; EngineError `document-busy`, `storage-quota`
   */
  async draft(
    id: string,
    text: string,
  ): Promise<DocumentDraft & { readonly known: StoredDocument | undefined }> {
    const lock = await this.#locks.exclusive(id);
    try {
      const manifest = await this.find(id);
      if (!manifest) return { manifest: blank, lock, known: undefined };
      const stored = this.#stored(manifest, await this.#open(), lock);
      if (!(await this.#hasText(stored, text))) {
        throw new RangeError(
          `There is a document '${id}' with another text; delete it first, or give a new name.`,
        );
      }
      const { problem } = this.#judge(manifest);
      return { manifest, lock, known: problem === undefined ? stored : undefined };
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /** Stores text and token ids of a document of which nothing is read yet, in the place of what was there. */
  async begin(
    draft: DocumentDraft,
    { id, title, text, head, renderedAt, ids, details }: NewDocument,
  ): Promise<void> {
    const database = await this.#open();
    const now = Date.now();
    const records: NewRecord[] = [
      { place: { kind: 'text', list: 0, run: 0 }, payload: new TextEncoder().encode(text) },
      { place: { kind: 'ids', list: 0, run: 0 }, payload: bytesOf(Uint32Array.from(ids)) },
    ];
    const isKnown = draft.manifest !== blank;
    const { places, notes } = draft.manifest;
    const manifest: Manifest = {
      ...(places && { places }),
      ...(notes && { notes }),
      ...details,
      id,
      title: isKnown ? draft.manifest.title : title,
      key: newKey(),
      createdAt: isKnown ? draft.manifest.createdAt : now,
      lastUsedAt: now,
      fingerprint: this.#options.fingerprint,
      layout: this.#options.layout,
      renderedAt,
      head,
      numTokens: ids.length,
      numReadTokens: 0,
      storedBytes: sizeOf(records),
    };
    await database.replace(isKnown ? draft.manifest : undefined, { manifest, records });
    draft.manifest = manifest;
  }

  /** Stores what was read since the last time, up to `numReadTokens`. @throws EngineError `storage-quota` */
  async append(draft: DocumentDraft, records: readonly NewRecord[], numReadTokens: number): Promise<void> {
    // It may have been renamed meanwhile.
    const title = (await this.find(draft.manifest.id))?.title ?? draft.manifest.title;
    const manifest = {
      ...draft.manifest,
      title,
      numReadTokens,
      lastUsedAt: Date.now(),
      storedBytes: draft.manifest.storedBytes + sizeOf(records),
    };
    await (await this.#open()).write(records, manifest);
    draft.manifest = manifest;
  }

  /** Takes note that an import was found to be what its text gives. */
  async markChecked(id: string, key: number): Promise<void> {
    await this.#note(id, (now) => (now.key === key ? { ...now, imported: 'checked' } : undefined));
  }

  /** Marks a document as one that is never attended until it is rebuilt. */
  async markDamaged(id: string, key: number, problem: string): Promise<void> {
    await this.#note(id, (now) => (now.key === key ? { ...now, problem } : undefined));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const database = await this.#database?.catch(() => undefined);
    database?.close();
    this.#database = undefined;
  }

  async #open(): Promise<DocumentDatabase> {
    const known = this.#database;
    // One that could not be opened, or that the browser closed, is tried again.
    const isUsable = known && (await known.catch(() => undefined))?.isLost === false;
    if (this.#isClosed) throw closedLibraryError();
    if (!isUsable && this.#database === known) this.#database = DocumentDatabase.open();
    return this.#database!;
  }

  /** Takes note of what can be found out again: a full disk keeps nobody from reading what is on it. */
  async #note(id: string, change: (manifest: Manifest) => Manifest | undefined): Promise<void> {
    try {
      await (await this.#open()).update(id, change);
    } catch (error) {
      if (!(error instanceof EngineError) || error.code !== 'storage-quota') throw error;
    }
  }

  /** @throws RangeError when there is none */
  async required(id: string): Promise<Manifest> {
    const manifest = await this.find(id);
    if (!manifest) throw new RangeError(`There is no document '${id}' in the library.`);
    return manifest;
  }

  #stored(manifest: Manifest, database: DocumentDatabase, lock: DocumentLock): StoredDocument {
    const { id, key } = manifest;
    const onDamage = (problem: string) => this.markDamaged(id, key, problem);
    return new StoredDocument(manifest, { database, lock, pages: this.#options.pages, onDamage });
  }

  async #reading<T>(id: string, use: (stored: StoredDocument) => Promise<T>): Promise<T> {
    const lock = await this.#locks.shared(id);
    try {
      const manifest = await this.required(id);
      return await use(this.#stored(manifest, await this.#open(), lock));
    } finally {
      lock.release();
    }
  }

  /** A text that cannot be read any more is no other text: the caller's takes its place. */
  async #hasText(stored: StoredDocument, text: string): Promise<boolean> {
    try {
      return (await stored.text()) === text;
    } catch (error) {
      if (error instanceof EngineError && error.code === 'document-damaged') return true;
      throw error;
    }
  }

  #judge(manifest: Manifest): { readonly state: DocumentState; readonly problem?: string } {
    const { fingerprint, layout } = this.#options;
    const isAlike = (['numLayers', 'numKvHeads', 'pageBytes'] as const).every(
      (name) => layout[name] === manifest.layout[name],
    );
    if (manifest.fingerprint !== fingerprint || !isAlike) {
      return { state: 'foreign', problem: 'it was read with other weights or in another format' };
    }
    if (manifest.problem !== undefined) return { state: 'damaged', problem: manifest.problem };
    if (isWhole(manifest)) return { state: 'complete' };
    if (this.hasOwnSummaries(manifest)) return { state: 'partial' };
    return { state: 'foreign', problem: 'its reading was begun with another kv.selection' };
  }

  /** Whether its summaries are what this engine chooses pages by; else they are made anew from its pages when it is opened. */
  hasOwnSummaries({ layout: { summaries, summaryBytes } }: Manifest): boolean {
    const { layout } = this.#options;
    return layout.summaries === summaries && layout.summaryBytes === summaryBytes;
  }

  async #freeId(id: string): Promise<string> {
    for (let number = 1; ; number++) {
      const candidate = number === 1 ? id : `${id}-${number}`;
      if (!(await this.find(candidate))) return candidate;
    }
  }
}

/** In the place of a manifest that is not there yet. */
const blank: Manifest = {
  id: '',
  title: '',
  key: 0,
  createdAt: 0,
  lastUsedAt: 0,
  fingerprint: '',
  layout: { numLayers: 0, numKvHeads: 0, pageBytes: 0, summaryBytes: 0 },
  renderedAt: 0,
  head: '',
  numTokens: 0,
  numReadTokens: 0,
  storedBytes: 0,
};

/** Unlike that of any other document, for all practical purposes. */
function newKey(): number {
  const [high, low] = crypto.getRandomValues(new Uint32Array(2));
  return (high! % 2 ** 20) * 2 ** 32 + low! + 1;
}

function sizeOf(records: readonly NewRecord[]): number {
  return records.reduce((sum, { payload }) => sum + payload.byteLength + recordOverheadBytes, 0);
}

function bytesOf({ buffer, byteOffset, byteLength }: Uint32Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
