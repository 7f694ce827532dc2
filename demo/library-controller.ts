/** The documents of this device: which there are, the one that is open, the one that is read, and what the next would cost. */
import type { ReactiveController, ReactiveControllerHost } from 'lit';
import {
  EngineError,
  type DocumentCost,
  type DocumentInfo,
  type DocumentPlace,
  type EngineDocuments,
  type OpenedDocument,
  type ReadingProgress,
  type StorageQuota,
} from '../src/index';
import type { ConversationStore } from './conversation-store';
import type { EngineController } from './engine-controller';
import type { DocumentPart } from './conversation';
import { firstPart, mostDocumentTokens } from './fit';
import { newId } from './ids';
import { nextTask } from './next-task';
import { OfferStore, type KeptOffer } from './offer-store';
import type { ImportInput } from './import/document';
import type { DocumentProgress } from './readiness';
import { isOfSample, samplePartId } from './sample';
import { gpuByteChoices } from './settings';

/** A document that is shown. */
export interface OpenDocument {
  readonly id: string;
  /** Undefined until it is there. */
  readonly text: string | undefined;
  /** Pages, chapters or headings, where it has such. */
  readonly places?: readonly DocumentPlace[];
  /** What it took to make it ready for questions. */
  readonly opened?: OpenedDocument;
}

/** A document that may be read, once it is known what that costs. */
export interface Offer extends KeptOffer {
  /** Where it came from, as long as the page is open: to read it in another encoding. */
  readonly source?: ImportInput | undefined;
  readonly cost?: DocumentCost;
  /** For a document that is too long: what could be done. */
  readonly remedy?: Remedy;
}

/** What is known of a text that is offered. */
type OfferDetails = Partial<Pick<Offer, 'id' | 'notes' | 'places' | 'encoding' | 'source'>>;

/** What is read. */
export interface Readable {
  readonly id: string;
  readonly title: string;
  readonly text: string;
  readonly notes: readonly string[];
  readonly places: readonly DocumentPlace[];
}

/** What can be done about a document that is too long. */
export interface Remedy {
  /** Tokens that the model reads as it is loaded. */
  readonly mostTokens: number;
  /** The least memory limit, in bytes, with which all of it fits; undefined where there is none. */
  readonly gpuBytes: number | undefined;
}

/** A document that is being read. */
export interface CurrentReading extends Readable {
  readonly progress?: ReadingProgress;
}

/** See the file's header. */
export class LibraryController implements ReactiveController {
  documents: readonly DocumentInfo[] = [];
  open: OpenDocument | undefined;
  reading: CurrentReading | undefined;
  quota: StorageQuota | undefined;
  /** Whether the browser has refused to keep all this for good. */
  isRefused = false;
  /** What went wrong last with a document. */
  problem: unknown;
  /** Documents that may be read, in the order in which they came. */
  offers: readonly Offer[] = [];
  readonly #host: ReactiveControllerHost;
  readonly #engine: EngineController;
  readonly #conversations: ConversationStore;
  #library: EngineDocuments | undefined;
  readonly #offerStore = new OfferStore();
  /** Settles once the offers of an earlier visit are here. */
  readonly restored: Promise<void>;
  /** Ids of the offers that this tab knows to be in the store. */
  #kept: ReadonlySet<string> = new Set();
  /** Writes to the store follow each other. */
  #keeping: Promise<void> = Promise.resolve();
  /** The offer that is shown. */
  #offerId: string | undefined;
  #stop: AbortController | undefined;
  /** Ends the estimate of an offer that is gone. */
  #estimating: AbortController | undefined;

  constructor(host: ReactiveControllerHost, engine: EngineController, conversations: ConversationStore) {
    this.#host = host;
    this.#engine = engine;
    this.#conversations = conversations;
    host.addController(this);
    this.restored = this.#restore();
  }

  /** Offers of an earlier visit, before those of this one. */
  async #restore(): Promise<void> {
    try {
      const kept = await this.#offerStore.list();
      this.#kept = new Set(kept.map(({ id }) => id));
      const known = new Set(this.offers.map(({ id }) => id));
      this.offers = [...kept.filter(({ id }) => !known.has(id)), ...this.offers];
    } catch (error) {
      // Without a store the page works as before; what is offered is gone once it is closed.
      console.warn('Documents that were not read yet are not kept:', error);
    }
    this.#host.requestUpdate();
  }

  /** Keeps what is offered, but for the sample, which the page brings itself. */
  #keepOffers(): void {
    this.#keeping = this.#keeping.then(async () => {
      await this.restored;
      // The offer is drawn before its text is copied into the store.
      await nextTask();
      const wanted = this.offers.filter(({ id }) => !isOfSample(id));
      const added = wanted.filter(({ id }) => !this.#kept.has(id));
      const removed = [...this.#kept].filter((id) => !wanted.some((offer) => offer.id === id));
      this.#kept = new Set(wanted.map(({ id }) => id));
      try {
        await this.#offerStore.change(added, removed);
      } catch (error) {
        console.warn('Documents that were not read yet are not kept:', error);
      }
    });
  }

  hostConnected(): void {
    document.addEventListener('visibilitychange', this.#onVisible);
  }

  hostDisconnected(): void {
    document.removeEventListener('visibilitychange', this.#onVisible);
    this.stop();
  }

  /** Another tab may have added or deleted documents. */
  #onVisible = (): void => {
    if (document.visibilityState === 'visible') void this.refresh();
  };

  /** With every model comes its view of the library. */
  hostUpdate(): void {
    const library = this.#engine.documents;
    if (library === this.#library) return;
    this.#library = library;
    if (this.open) {
      const { id, text, places } = this.open;
      this.open = { id, text, ...(places && { places }) };
    }
    if (!library) return;
    // Another model has other costs.
    this.offers = this.offers.map(({ cost: _, remedy: __, ...rest }) => rest);
    void this.#attempt(async () => {
      await this.#refresh();
      // An old address may name a document that was deleted.
      if (this.open?.text === undefined && !this.openEntry) this.open = undefined;
      await Promise.all([this.#prepare(), this.#estimate()]);
    });
  }

  /** The entry of the open document. */
  get openEntry(): DocumentInfo | undefined {
    return this.documents.find(({ id }) => id === this.open?.id);
  }

  /** How far the open document is. */
  get openProgress(): DocumentProgress {
    const { open, openEntry, reading } = this;
    if (open && reading?.id === open.id) {
      return { state: 'reading', numReadTokens: reading.progress?.numReadTokens ?? 0 };
    }
    return { state: openEntry?.state, numReadTokens: openEntry?.numReadTokens ?? 0 };
  }

  /** How much of the open document questions are answered from; undefined for one that is read to its end. */
  get openPart(): DocumentPart | undefined {
    const { open, openEntry, reading } = this;
    const { numReadTokens = 0, numTokens = 0 } =
      (open && reading?.id === open.id ? reading.progress : openEntry) ?? {};
    return numReadTokens < numTokens ? { numReadTokens, numTokens } : undefined;
  }

  /** The offer that is shown. */
  get offer(): Offer | undefined {
    return this.offers.find(({ id }) => id === this.#offerId);
  }

  /**
   * Offers to read a text; `id` only for one that must not be there twice. Shows it if it is there; the offer is shown unless
   * something else is by now.
   */
  async propose(
    title: string,
    text: string,
    { id = newId(), notes = [], places = [], encoding, source }: OfferDetails = {},
  ): Promise<void> {
    if (this.documents.some((document) => document.id === id)) return this.show(id);
    if (!this.offers.some((offer) => offer.id === id))
      this.offers = [...this.offers, { id, title, text, notes, places, encoding, source }];
    this.#keepOffers();
    this.#host.requestUpdate();
    if (this.open === undefined && this.offer === undefined) await this.showOffer(id);
  }

  /** Shows an offer, with what it costs once that is known. */
  async showOffer(id: string): Promise<void> {
    this.#estimating?.abort();
    this.open = undefined;
    this.#offerId = id;
    this.#host.requestUpdate();
    await this.#attempt(() => this.#estimate());
  }

  /** Puts another reading of the same document in the place of the offer that is shown. */
  async replaceOffer(
    title: string,
    text: string,
    { notes = [], places = [], encoding }: OfferDetails,
  ): Promise<void> {
    const { offer } = this;
    if (!offer) return;
    // Another text, so that it is another document.
    const next = { id: newId(), title, text, notes, places, encoding, source: offer.source };
    this.offers = this.offers.map((other) => (other.id === offer.id ? next : other));
    this.#keepOffers();
    await this.showOffer(next.id);
  }

  /** The offer that is shown is not wanted; the next one is shown. */
  async withdraw(): Promise<void> {
    this.#estimating?.abort();
    this.#take();
    await this.showOffer(this.offers[0]?.id ?? '');
  }

  /** Offers the beginning of what is offered, with about so many tokens. */
  async shorten(mostTokens: number): Promise<void> {
    const { offer } = this;
    if (!offer?.cost) return;
    const text = firstPart(offer.text, offer.cost.numTokens, mostTokens);
    const { title, notes, places } = offer;
    // Another text, so that it is another document than the whole.
    const id = isOfSample(offer.id) ? samplePartId(text.length) : newId();
    if (this.documents.some((document) => document.id === id)) return this.show(id);
    const part = {
      id,
      title: `${title} (first part)`,
      text,
      notes,
      places: places.filter(({ startChar }) => startChar < text.length),
    };
    this.offers = this.offers.map((other) => (other.id === offer.id ? part : other));
    this.#keepOffers();
    await this.showOffer(part.id);
  }

  /** Reads what is offered, and shows it; settles once it is read or the reading has ended otherwise. */
  async accept(): Promise<void> {
    const { offer } = this;
    if (!offer || this.reading) return;
    this.#estimating?.abort();
    this.#take();
    this.open = { id: offer.id, text: offer.text, places: offer.places };
    await this.#read(offer);
  }

  /** Reads the open document to its end, or anew where what is stored of it cannot be used. */
  async readOn(): Promise<void> {
    const { open } = this;
    if (open?.text === undefined || this.reading) return;
    const { id, text, places = [] } = open;
    const { title = id, notes = [] } = this.openEntry ?? {};
    await this.#read({ id, title, text, notes, places });
  }

  /** Stops the reading; what is read stays. */
  stop(): void {
    this.#stop?.abort();
  }

  /** Shows a document and makes it ready for questions; empty for none. Offers stay. */
  async show(id: string): Promise<void> {
    this.#estimating?.abort();
    this.#offerId = undefined;
    const known = this.reading?.id === id ? this.reading : undefined;
    this.open = id === '' ? undefined : { id, text: known?.text, ...(known && { places: known.places }) };
    this.#host.requestUpdate();
    await this.#attempt(() => this.#prepare());
  }

  async rename(id: string, title: string): Promise<void> {
    await this.#change((library) => library.rename(id, title));
  }

  /** Deletes a document and the conversations on it. */
  async delete(id: string): Promise<void> {
    await this.#change(async (library) => {
      await library.delete(id);
      if (this.open?.id === id) this.open = undefined;
      await this.#conversations.deleteAll(id);
    });
  }

  /** A document as one file. */
  async export(id: string): Promise<Blob | undefined> {
    return this.#change((library) => library.export(id));
  }

  /** Keeps a document that was exported; resolves to its id. @throws EngineError */
  async import(file: Blob): Promise<string> {
    const { id } = await this.#needed().import(file);
    await this.#refresh();
    return id;
  }

  /** Asks the browser never to clear all this by itself. */
  async keep(): Promise<void> {
    await this.#change(async (library) => {
      this.isRefused = !(await library.persist());
    });
  }

  /** Looks again at what there is: a question can have found a damage. */
  async refresh(): Promise<void> {
    if (this.#library) await this.#attempt(() => this.#refresh(), false);
  }

  /** Says what went wrong, or with undefined that it has been read. */
  report(problem: unknown): void {
    this.problem = problem;
    this.#host.requestUpdate();
  }

  async #read({ id, title, text, notes, places }: Readable): Promise<void> {
    const library = this.#library;
    if (!library) return;
    const stop = (this.#stop = new AbortController());
    this.reading = { id, title, text, notes, places };
    if (this.open?.id === id) this.open = { id, text, places };
    await this.#attempt(async () => {
      try {
        const onProgress = (progress: ReadingProgress) => {
          this.reading = { id, title, text, notes, places, progress };
          const isListed = this.documents.some((document) => document.id === id);
          if (!isListed && progress.phase === 'reading') void this.refresh();
          this.#host.requestUpdate();
        };
        await library.add(id, text, { title, notes, places, signal: stop.signal, onProgress });
      } catch (error) {
        // A person who stops it or takes another model knows; what was read is there.
        const isGone = error instanceof EngineError && error.code === 'disposed';
        if (!stop.signal.aborted && !isGone && this.#isThere(error)) throw error;
      } finally {
        this.reading = undefined;
        await this.#refresh();
      }
      await this.#estimate();
    });
  }

  /** Deleting a document that is read ends its reading with an abort of its own. */
  #isThere(error: unknown): boolean {
    return !(error instanceof DOMException && error.name === 'AbortError');
  }

  /** Takes the offer that is shown from the list. */
  #take(): void {
    this.offers = this.offers.filter(({ id }) => id !== this.#offerId);
    this.#offerId = undefined;
    this.#keepOffers();
  }

  /** Brings what is open: its text, then what questions need. */
  async #prepare(): Promise<void> {
    const library = this.#library;
    const { open } = this;
    if (!library || !open || this.reading?.id === open.id) return;
    const isStillOpen = () => this.open?.id === open.id && this.#library === library;
    const text = open.text ?? (await library.text(open.id));
    const places = open.places ?? (await library.places(open.id));
    if (!isStillOpen()) return;
    this.open = { id: open.id, text, places };
    this.#host.requestUpdate();
    const state = this.openEntry?.state;
    if (state !== 'complete' && state !== 'partial') return;
    try {
      const opened = await library.open(open.id);
      if (isStillOpen() && this.reading?.id !== open.id) this.open = { id: open.id, text, places, opened };
    } catch (error) {
      // The state that the document is in from now on says it.
      if (!(error instanceof EngineError && error.code === 'document-damaged')) throw error;
    }
    await this.#refresh();
  }

  async #estimate(): Promise<void> {
    const { offer } = this;
    const library = this.#library;
    if (!offer || !library) return;
    const { signal } = (this.#estimating = new AbortController());
    try {
      const cost = await library.estimate(offer.text, { signal });
      const remedy = await this.#remedyFor(cost.numTokens);
      if (signal.aborted) return;
      const { remedy: _, ...rest } = offer;
      const estimated: Offer = { ...rest, cost, ...(remedy && { remedy }) };
      this.offers = this.offers.map((other) => (other.id === offer.id ? estimated : other));
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    this.#host.requestUpdate();
  }

  /** Undefined for a document that the context holds. */
  async #remedyFor(numTokens: number): Promise<Remedy | undefined> {
    const { plan, settings } = this.#engine;
    if (!plan) return undefined;
    const mostTokens = mostDocumentTokens(plan.contextTokens);
    if (numTokens <= mostTokens) return undefined;
    for (const gpuBytes of gpuByteChoices.filter((choice) => choice > settings.gpuBytes)) {
      const forecast = await this.#engine.forecast({ ...settings, gpuBytes });
      const isEnough =
        forecast && 'plan' in forecast && numTokens <= mostDocumentTokens(forecast.plan.contextTokens);
      if (isEnough) return { mostTokens, gpuBytes };
    }
    return { mostTokens, gpuBytes: undefined };
  }

  async #refresh(): Promise<void> {
    const library = this.#library;
    if (!library) return;
    const [documents, quota] = await Promise.all([library.list(), library.quota()]);
    Object.assign(this, { documents, quota });
    this.#host.requestUpdate();
  }

  #needed(): EngineDocuments {
    if (this.#library) return this.#library;
    throw new EngineError('disposed', 'The library opens once a model is loaded.');
  }

  async #change<Result>(work: (library: EngineDocuments) => Promise<Result>): Promise<Result | undefined> {
    return this.#attempt(async () => {
      const result = await work(this.#needed());
      await this.#refresh();
      return result;
    });
  }

  async #attempt<Result>(work: () => Promise<Result>, isNews = true): Promise<Result | undefined> {
    if (isNews) this.problem = undefined;
    try {
      return await work();
    } catch (error) {
      // Without an engine the page says what became of it.
      if (this.#engine.documents || !(error instanceof EngineError)) this.problem = error;
      return undefined;
    } finally {
      this.#host.requestUpdate();
    }
  }
}
