/** The library as the engine works with it: reads documents into it, opens them on the GPU, and makes prompts about them. */
import { wholePageTokens } from '../cache/page';
import type { DocumentCost, DocumentInfo, OpenedDocument, ReadingProgress } from './document-info';
import { checkDetails, type DocumentDetails } from '../prompt/places';
import { explainBadContents, samplePages } from './import-check';
import { isSamePage, pageValues } from './page-values';
import { recomputePage } from './recompute-page';
import { DocumentLibrary, type DocumentDraft, type LibraryOptions } from './library';
import { pagesPerRun } from './manifest';
import { storageQuota } from './storage-quota';
import { originOf, type StoredDocument } from './stored-document';
import type { ModelConfig } from '../config/model-config';
import { encodeChunks } from '../tokenizer/chunked-encoding';
import type { ChatInput, ChatTemplate } from '../tokenizer/chat-template';
import type { Tokenizer } from '../tokenizer/tokenizer';
import { asError, EngineError } from '../util/errors';
import { pause } from '../util/pause';
import { SingleFlight } from '../util/single-flight';
import type { DocumentDevice } from './document-device';
import { documentCost, type PrefillTime } from './document-cost';
import { encodeText } from '../prompt/encode-prompt';
import { measurePrefill } from './measure-prefill';
import type { MemoryPlan } from '../runner/memory-plan';
import { Reading } from './reading';
import { ReadingPace } from './reading-pace';
import type { EncodedPrompt } from '../prompt/sources';
import { storeReading } from './store-reading';
import { DocumentsTogether } from './together';
import type { DocumentSource } from '../loop/generation';

/** What documents are read and opened with. */
interface DocumentsContext {
  readonly library: LibraryOptions;
  readonly side: DocumentDevice;
  /** Called before the first pages of a document come to the GPU. */
  readonly beginDocument: () => Promise<void>;
  readonly tokenizer: Tokenizer;
  readonly template: ChatTemplate;
  readonly config: ModelConfig;
  readonly contextTokens: number;
  /** @throws EngineError when such a context does not fit */
  readonly planFor: (contextTokens: number) => MemoryPlan;
}

/** What `add` may bring. */
interface AddOptions extends DocumentDetails {
  readonly title?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: ReadingProgress) => void) | undefined;
}

/** How a document is read: its details are checked. */
interface ReadOptions extends Omit<AddOptions, keyof DocumentDetails> {
  readonly details: DocumentDetails;
  /** Whether what there is of it is not to be used. */
  readonly isAnew?: boolean;
}

/** What prompts need of a document whose pages are on the GPU, as far as they are read. */
interface KnownDocument {
  readonly head: string;
  readonly renderedAt: number;
  readonly ids: readonly number[];
  readonly numTokens: number;
  /** The import that its pages come from, as `LoopRequest.origin`. */
  readonly origin: string | undefined;
  numReadTokens: number;
  info: () => DocumentInfo;
  readonly places: DocumentDetails['places'];
  /** The text, while it is read: nobody else may look into the library then. */
  readonly text?: string;
  /** Ends the reading, while there is one. */
  readonly abort?: (reason: unknown) => void;
}

/** How often something is begun anew when the device is lost meanwhile. */
const maxAttempts = 4;

/** Documents of one engine. */
export class Documents {
  readonly library: DocumentLibrary;
  /** Those that are asked together. */
  readonly together: DocumentsTogether;
  readonly #context: DocumentsContext;
  /** Those that were read or opened here. */
  readonly #known = new Map<string, KnownDocument>();
  /** Those on their way to the GPU: who asks for one meanwhile waits for the same. */
  readonly #opening = new SingleFlight<string, OpenedDocument>();
  #time: Promise<PrefillTime> | undefined;

  constructor(context: DocumentsContext) {
    this.#context = context;
    this.library = new DocumentLibrary(context.library);
    this.together = new DocumentsTogether({
      ...context,
      library: this.library,
      open: (id, signal) => this.open(id, signal),
      textWhileRead: (id) => this.#known.get(id)?.text,
    });
  }

  /**
   * Reads a document and stores it while it is read; goes on where an earlier reading of the same text was interrupted, and
   * rebuilds what is damaged or of other weights.
   * @throws TypeError or RangeError for details that are none; RangeError for a name that another text has; EngineError `context-too-long`, `storage-quota`, `document-busy`; the
   * signal's reason when aborted: then what was read stays
   */
  async add(id: string, text: string, options: AddOptions = {}): Promise<DocumentInfo> {
    const { library } = this;
    const details = checkDetails(options);
    await this.#context.side.ready();
    options.signal?.throwIfAborted();
    if (this.#known.get(id)?.abort) throw new EngineError('document-busy', `'${id}' is being read already.`);
    const found = await library.find(id);
    const isDone = found && library.describe(found).state === 'complete';
    if (isDone && (await library.text(id)) === text) return library.describe(found);
    return this.#readInto(id, text, { ...options, details });
  }

  async #readInto(id: string, text: string, options: ReadOptions): Promise<DocumentInfo> {
    const { library } = this;
    await this.#release(id);
    const draft = await library.draft(id, text);
    try {
      const { ids, head, renderedAt } = await this.#prepare(draft, id, text, options);
      await this.#onDevice(() => this.#read(draft, { ids, head, renderedAt, text }, options));
      return library.describe(draft.manifest);
    } finally {
      draft.lock.release();
    }
  }

  /**
   * Brings a document's first pages and all summaries back to the GPU, once for all who ask; does nothing when they are there.
   * @throws RangeError when there is none; EngineError `document-damaged`, `document-busy`, `context-too-long`, `storage-quota`; the
   * signal's reason when aborted
   */
  open(id: string, signal?: AbortSignal): Promise<OpenedDocument> {
    return this.#opening.run(id, (shared) => this.#onDevice(() => this.#open(id, shared)), signal);
  }

  async #open(id: string, signal: AbortSignal | undefined): Promise<OpenedDocument> {
    signal?.throwIfAborted();
    const startedAt = performance.now();
    const known = this.#known.get(id);
    if (known && (known.abort || this.#isThere(known))) {
      return { info: known.info(), bytesRead: 0, durationMs: performance.now() - startedAt };
    }
    await this.#context.beginDocument();
    const stored = await this.library.open(id);
    try {
      if (stored.manifest.imported === 'unchecked') await this.#checkImport(stored, signal);
      const bytesRead = await this.#bringBack(stored, { signal });
      const info = this.library.describe(stored.manifest);
      return { info, bytesRead, durationMs: performance.now() - startedAt };
    } catch (error) {
      stored.close();
      signal?.throwIfAborted();
      throw error;
    }
  }

  /**
   * Keeps a document that was exported. Where this model read it, its contents are checked at once, and a sample of its pages
   * when it is opened.
   * @throws EngineError `document-damaged` for what is no whole document, or not what its text gives; `storage-quota`
   */
  async import(blob: Blob): Promise<DocumentInfo> {
    const { library } = this;
    const info = await library.import(blob);
    if (info.state === 'foreign') return info;
    try {
      const stored = await library.open(info.id);
      try {
        await this.#checkContents(stored);
      } finally {
        stored.close();
      }
      return info;
    } catch (error) {
      await library.delete(info.id);
      throw error;
    }
  }

  /**
   * Reads an imported document anew from its text: its pages are this engine's own then. Does nothing to others.
   * @throws RangeError when there is none; and what `add` throws
   */
  async verify(id: string, options: Pick<AddOptions, 'signal' | 'onProgress'> = {}): Promise<DocumentInfo> {
    const { library } = this;
    const manifest = await library.find(id);
    const text = await library.text(id);
    if (manifest?.imported === undefined) return library.describe(manifest!);
    return this.#readInto(id, text, { ...options, title: manifest.title, details: {}, isAnew: true });
  }

  /** @throws EngineError `document-damaged` when ids, text and head are not what this model makes of the text */
  async #checkContents(stored: StoredDocument, signal?: AbortSignal): Promise<void> {
    const { head, renderedAt } = stored.manifest;
    const text = await stored.text();
    const prefix = this.#context.template.documentPrefix(text, new Date(renderedAt));
    const own = {
      ids: await this.encode(prefix, { signal }),
      prefix,
      vocabSize: this.#context.config.vocabSize,
    };
    const problem = explainBadContents({ ids: await stored.ids(), text, head }, own);
    if (problem !== undefined) throw await stored.damage(problem);
  }

  /** Before an import is attended for the first time. @throws EngineError `document-damaged` when it is not what its text gives */
  async #checkImport(stored: StoredDocument, signal: AbortSignal | undefined): Promise<void> {
    await this.#checkContents(stored, signal);
    const { side, library: form } = this.#context;
    const { numPages, origin, manifest } = stored;
    const ids = await stored.ids();
    if (numPages > 0) await this.#bringBack(stored, { closesItself: false, signal });
    try {
      for (const page of samplePages(numPages, randomFraction)) {
        signal?.throwIfAborted();
        const computed = await recomputePage(side, { ids, origin }, page);
        for (const [list, bytes] of computed.entries()) {
          const [run, place] = [Math.floor(page / pagesPerRun), page % pagesPerRun];
          const { pageBytes } = manifest.layout;
          const payload = await stored.payload({ kind: 'pages', list, run });
          const valuesOf = (of: Uint8Array) => pageValues(of, form.pages.format, form.pages.headDim);
          const kept = valuesOf(payload.subarray(place * pageBytes, (place + 1) * pageBytes));
          if (!isSamePage(kept, valuesOf(bytes), form.pages.format))
            throw await stored.damage(`page ${page} of it is not what this model computes from its text`);
        }
      }
    } finally {
      side.loop.drop(ids, origin);
      this.#known.delete(manifest.id);
    }
    await this.library.markChecked(manifest.id, manifest.key);
  }

  /** Does `work`, again when the device is lost meanwhile and another one can be had. */
  async #onDevice<T>(work: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      await this.#context.side.ready();
      try {
        return await work();
      } catch (error) {
        if (!isDeviceLost(error) || attempt === maxAttempts) throw error;
        // An operation may learn of the loss before the engine does, which another attempt must not outrun.
        await this.#context.side.device.isLost();
      }
    }
  }

  /**
   * The token ids of a conversation on a document, as far as that is read, or on several; opens what it can use. Texts only where
   * `hasText`.
   */
  async prompt(
    document: Exclude<DocumentSource, { text: string }>,
    input: Pick<ChatInput, 'messages' | 'variables'>,
    options: { readonly hasText: boolean; readonly signal?: AbortSignal | undefined },
  ): Promise<EncodedPrompt> {
    if ('id' in document) return this.#promptOn(document.id, input, options.hasText);
    return this.#onDevice(() => this.together.prompt(document.ids, input, options));
  }

  async #promptOn(
    id: string,
    { messages, variables }: Pick<ChatInput, 'messages' | 'variables'>,
    hasText: boolean,
  ): Promise<EncodedPrompt> {
    const { library } = this;
    const { template, tokenizer } = this.#context;
    await this.open(id);
    const known = this.#known.get(id)!;
    if (known.numReadTokens === 0 && wholePageTokens(known.numTokens) > 0) {
      throw new EngineError('document-unread', `Nothing of '${id}' is read yet. Ask when its first part is.`);
    }
    const now = new Date(known.renderedAt);
    const { documentPrefix: head, rest } = template.render({ messages, document: '', now, variables });
    const isAllRead = known.numReadTokens === wholePageTokens(known.numTokens);
    // A template may write something about this conversation before the document: its prefix is another one then.
    const isKnown = head === known.head;
    const prefix = hasText || !isKnown ? head + (known.text ?? (await library.text(id))) : '';
    const all = isKnown ? known.ids : [...encodeChunks(tokenizer, prefix)].flat();
    const own = isAllRead ? all : all.slice(0, known.numReadTokens);
    const places = hasText ? known.places : undefined;
    const subject = hasText
      ? { numTokens: own.length, prefix, textStart: head.length, ...(places && { places }) }
      : undefined;
    const { contextTokens } = this.#context;
    const origin = isKnown ? known.origin : undefined;
    return {
      ids: [...own, ...(await encodeText(rest, true, { tokenizer, contextTokens }))],
      origin,
      subject,
    };
  }

  /** Stops a reading of it, and deletes it. @throws EngineError `document-busy` while another tab has it open */
  async delete(id: string): Promise<void> {
    await this.#context.side.ready();
    this.#known.get(id)?.abort?.(new DOMException(`'${id}' was deleted.`, 'AbortError'));
    await this.#release(id);
    await this.library.delete(id);
    this.#known.delete(id);
  }

  /**
   * What a document would cost. The first time two short prefills are timed on this machine.
   * @throws EngineError `model-unsupported`; the signal's reason when aborted
   */
  async estimate(text: string, signal?: AbortSignal): Promise<DocumentCost> {
    const { template, planFor } = this.#context;
    const ids = await this.encode(template.documentPrefix(text), { signal });
    const time = await (this.#time ??= measurePrefill(this.#context).catch((error: unknown) => {
      this.#time = undefined;
      throw error;
    }));
    signal?.throwIfAborted();
    const { runner } = this.#context.side;
    return documentCost({
      numTokens: ids.length,
      textBytes: new TextEncoder().encode(text).byteLength,
      plan: runner.plan,
      summaryBytes: runner.cache.layout.summaryBytes,
      hostPageBytes: runner.cache.layout.hostPageBytes,
      time,
      quota: await storageQuota(),
      planFor,
    });
  }

  async close(): Promise<void> {
    await this.library.close();
  }

  #isThere({ ids, origin, numReadTokens }: KnownDocument): boolean {
    return numReadTokens === 0 || this.#context.side.loop.covers(ids.slice(0, numReadTokens), origin);
  }

  /** Lets go of the lock on a document that is open here. */
  async #release(id: string): Promise<void> {
    const known = this.#known.get(id);
    if (!known) return;
    known.abort?.(new DOMException(`'${id}' is used for something else.`, 'AbortError'));
    this.#context.side.loop.drop(known.ids, known.origin);
    this.#known.delete(id);
  }

  /** Token ids, stored: those of before, or new ones. */
  async #prepare(
    draft: DocumentDraft & { readonly known: StoredDocument | undefined },
    id: string,
    text: string,
    options: ReadOptions,
  ): Promise<{ ids: readonly number[]; head: string; renderedAt: number }> {
    const { library } = this;
    const { template } = this.#context;
    if (draft.known && !options.isAnew) {
      const { head, renderedAt } = draft.manifest;
      return { ids: await draft.known.ids(), head, renderedAt };
    }
    const renderedAt = Date.now();
    const prefix = template.documentPrefix(text, new Date(renderedAt));
    const ids = await this.encode(prefix, options);
    this.#checkLength(ids.length);
    const head = prefix.slice(0, prefix.length - text.length);
    const { title = id, details } = options;
    await library.begin(draft, { id, title, text, head, renderedAt, ids, details });
    return { ids, head, renderedAt };
  }

  /** Ids of a long text; others are served meanwhile. */
  async encode(
    text: string,
    { signal, onProgress }: Pick<AddOptions, 'signal' | 'onProgress'> = {},
  ): Promise<number[]> {
    const ids: number[] = [];
    for (const part of encodeChunks(this.#context.tokenizer, text)) {
      for (const id of part) ids.push(id);
      const rates = { numReadTokens: 0, tokensPerSecond: 0, secondsLeft: undefined };
      onProgress?.({ phase: 'tokenizing', numTokens: ids.length, ...rates });
      await pause();
      signal?.throwIfAborted();
    }
    return ids;
  }

  #checkLength(numTokens: number): void {
    const { contextTokens } = this.#context;
    if (numTokens < contextTokens) return;
    throw new EngineError(
      'context-too-long',
      `The document has ${numTokens} tokens; this engine holds ${contextTokens}, question and answer included.`,
    );
  }

  async #read(
    draft: DocumentDraft & { readonly known: StoredDocument | undefined },
    { ids, head, renderedAt, text }: Pick<KnownDocument, 'ids' | 'head' | 'renderedAt'> & { text: string },
    { signal, onProgress }: ReadOptions,
  ): Promise<void> {
    const { library } = this;
    const { side, config } = this.#context;
    const { id } = draft.manifest;
    this.#checkLength(ids.length);
    await this.#context.beginDocument();
    const numReadable = wholePageTokens(ids.length);
    const origin = originOf(draft.manifest);
    if (draft.known && draft.manifest.numReadTokens > 0) {
      if (!side.loop.covers(ids.slice(0, draft.manifest.numReadTokens), origin))
        await this.#bringBack(draft.known, { closesItself: false });
    }
    const pace = new ReadingPace(config, ids.length);
    let failure: Error | undefined;
    let loss: unknown;
    let storing = Promise.resolve();
    const report = (phase: ReadingProgress['phase'], numReadTokens: number) => {
      onProgress?.({ phase, numTokens: ids.length, numReadTokens, ...pace.at(numReadTokens) });
    };
    const reading = new Reading(
      { ids: ids.slice(0, numReadable), origin },
      (sequence, numTokens) => {
        known.numReadTokens = numTokens;
        report('reading', numTokens);
        const { runner } = side;
        storing = storing
          .then(() => storeReading({ library, runner, draft, sequence: sequence.index, numTokens }))
          .catch((error: unknown) => {
            // The reading goes on with another device, and stores what is missing then, or it fails with this one.
            if (isDeviceLost(error)) return void (loss ??= error);
            failure ??= asError(reading.failure ?? error);
            abort(failure);
          });
      },
      () => storing,
    );
    const abort = (reason: unknown) => side.loop.abort(reading, reason);
    const onAbort = () => abort(signal!.reason);
    const known: KnownDocument = {
      head,
      renderedAt,
      ids,
      origin,
      numTokens: ids.length,
      numReadTokens: draft.manifest.numReadTokens,
      info: () => library.describe(draft.manifest),
      places: draft.manifest.places,
      text,
      abort,
    };
    this.#known.set(id, known);
    signal?.addEventListener('abort', onAbort);
    try {
      if (numReadable > draft.manifest.numReadTokens) {
        await this.#context.side.ready();
        signal?.throwIfAborted();
        side.add(reading);
        await reading.done;
        report('storing', numReadable);
      }
      await storing;
      if (failure) throw failure;
      // Lost at the very end: all was read, and not all of it is stored.
      if (draft.manifest.numReadTokens < numReadable) throw asError(loss);
    } finally {
      signal?.removeEventListener('abort', onAbort);
      await storing;
      const { abort: _, text: __, ...rest } = known;
      this.#known.set(id, { ...rest, numReadTokens: draft.manifest.numReadTokens });
    }
  }

  /**
   * Restores the stored part as a sequence; pages that no unstable head has stay on the disk until they are needed.
   * @returns the bytes read
   */
  async #bringBack(
    stored: StoredDocument,
    { closesItself = true, signal }: { closesItself?: boolean; signal?: AbortSignal | undefined } = {},
  ): Promise<number> {
    const { manifest } = stored;
    const ids = await stored.ids();
    const { library } = this;
    const { loop, runner } = this.#context.side;
    const { numKvHeads } = manifest.layout;
    const { numReadTokens } = manifest;
    // Later the same pages are read for questions, which have signals of their own.
    let isOpening = true;
    const goOn = () => {
      if (isOpening) signal?.throwIfAborted();
    };
    if (numReadTokens > 0) {
      await loop.restore(
        ids.slice(0, numReadTokens),
        (pages) => {
          goOn();
          runner.hostStore.adopt(pages, {
            pagesPerRun,
            read: async (list, run) => {
              goOn();
              return stored.payload({ kind: 'pages', list, run });
            },
            close: () => (closesItself ? stored.close() : undefined),
          });
        },
        {
          origin: stored.origin,
          ...(library.hasOwnSummaries(manifest) && {
            summaries: (layer: number, kvHead: number) => {
              goOn();
              return stored.summaries(layer * numKvHeads + kvHead);
            },
          }),
        },
      );
      isOpening = false;
      stored.forgetSummaries();
    } else if (closesItself) stored.close();
    this.#known.set(manifest.id, {
      head: manifest.head,
      renderedAt: manifest.renderedAt,
      ids,
      origin: stored.origin,
      numTokens: manifest.numTokens,
      numReadTokens,
      info: () => library.describe(manifest),
      places: manifest.places,
    });
    return stored.bytesRead;
  }
}

/** Uniform in [0, 1), and not to be foreseen. */
function randomFraction(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]! / 2 ** 32;
}

function isDeviceLost(error: unknown): boolean {
  return error instanceof EngineError && error.code === 'device-lost';
}
