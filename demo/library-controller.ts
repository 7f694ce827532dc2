/** The documents of this device: which there are, the one that is open, the one that is read, and what the next would cost. */
import type { ReactiveController, ReactiveControllerHost } from 'lit';
import { EngineError, type DocumentInfo, type EngineDocuments, type StorageQuota } from '../src/index';
import type { ConversationStore } from './conversation-store';
import type { EngineController } from './engine-controller';
import type { DocumentPart } from './conversation';
import { newId } from './ids';
import { firstPartOf, Offers, type OfferDetails } from './offers';
import { withText, type OpenDocument } from './open-document';
import { partOf, progressOf, type DocumentProgress } from './readiness';
import { Reading, type CurrentReading, type Readable } from './reading';

/** See the file's header. */
export class LibraryController implements ReactiveController {
  documents: readonly DocumentInfo[] = [];
  open: OpenDocument | undefined;
  quota: StorageQuota | undefined;
  /** Whether the browser has refused to keep all this for good. */
  isRefused = false;
  /** What went wrong last with a document. */
  problem: unknown;
  readonly #host: ReactiveControllerHost;
  readonly #engine: EngineController;
  readonly #conversations: ConversationStore;
  #library: EngineDocuments | undefined;
  /** Documents that may be read. */
  readonly offers: Offers;
  readonly #reading = new Reading(({ id, progress }) => {
    const isListed = this.documents.some((document) => document.id === id);
    if (!isListed && progress?.phase === 'reading') void this.refresh();
    this.#host.requestUpdate();
  });

  constructor(host: ReactiveControllerHost, engine: EngineController, conversations: ConversationStore) {
    this.#host = host;
    this.#engine = engine;
    this.#conversations = conversations;
    host.addController(this);
    this.offers = new Offers(engine, () => host.requestUpdate());
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
      const { opened: _, ...open } = this.open;
      this.open = open;
    }
    if (!library) return;
    this.offers.forgetCosts();
    void this.#attempt(async () => {
      await this.#refresh();
      // An old address may name a document that was deleted.
      if (this.open?.text === undefined && !this.openEntry) this.open = undefined;
      await Promise.all([this.#prepare(), this.offers.estimate(this.#library)]);
    });
  }

  /** The entry of the open document. */
  get openEntry(): DocumentInfo | undefined {
    return this.documents.find(({ id }) => id === this.open?.id);
  }

  /** The document that is read now. */
  get reading(): CurrentReading | undefined {
    return this.#reading.current;
  }

  /** How far the open document is. */
  get openProgress(): DocumentProgress {
    return progressOf(this.openEntry, this.#openReading);
  }

  /** How much of the open document questions are answered from; undefined for one that is read to its end. */
  get openPart(): DocumentPart | undefined {
    return partOf(this.openEntry, this.#openReading);
  }

  get #openReading(): CurrentReading | undefined {
    return this.open && this.reading?.id === this.open.id ? this.reading : undefined;
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
    this.offers.add({ id, title, text, notes, places, encoding, source });
    this.#host.requestUpdate();
    if (this.open === undefined && this.offers.shown === undefined) await this.showOffer(id);
  }

  /** Shows an offer, with what it costs once that is known. */
  async showOffer(id: string): Promise<void> {
    this.offers.stopEstimate();
    this.open = undefined;
    this.offers.shownId = id;
    this.#host.requestUpdate();
    await this.#attempt(() => this.offers.estimate(this.#library));
  }

  /** Puts another reading of the same document in the place of the offer that is shown. */
  async replaceOffer(
    title: string,
    text: string,
    { notes = [], places = [], encoding }: OfferDetails,
  ): Promise<void> {
    const offer = this.offers.shown;
    if (!offer) return;
    // Another text, so that it is another document.
    const next = { id: newId(), title, text, notes, places, encoding, source: offer.source };
    this.offers.replaceShown(next);
    await this.showOffer(next.id);
  }

  /** The offer that is shown is not wanted; the next one is shown. */
  async withdraw(): Promise<void> {
    this.offers.take();
    await this.showOffer(this.offers.list[0]?.id ?? '');
  }

  /** Offers the beginning of what is offered, with about so many tokens. */
  async shorten(mostTokens: number): Promise<void> {
    const offer = this.offers.shown;
    if (!offer?.cost) return;
    const part = firstPartOf(offer, offer.cost.numTokens, mostTokens);
    if (this.documents.some((document) => document.id === part.id)) return this.show(part.id);
    this.offers.replaceShown(part);
    await this.showOffer(part.id);
  }

  /** Reads what is offered, and shows it; settles once it is read or the reading has ended otherwise. */
  async accept(): Promise<void> {
    const offer = this.offers.shown;
    if (!offer || this.reading) return;
    this.offers.take();
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
    this.#reading.stop();
  }

  /** Shows a document and makes it ready for questions; empty for none. Offers stay. */
  async show(id: string): Promise<void> {
    this.offers.stopEstimate();
    this.offers.shownId = undefined;
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

  async #read(readable: Readable): Promise<void> {
    const library = this.#library;
    if (!library) return;
    const { id, text, places } = readable;
    if (this.open?.id === id) this.open = { id, text, places };
    await this.#attempt(async () => {
      try {
        await this.#reading.read(library, readable);
      } finally {
        await this.#refresh();
      }
      await this.offers.estimate(this.#library);
    });
  }

  /** Brings what is open: its text, then what questions need. */
  async #prepare(): Promise<void> {
    const library = this.#library;
    const { open } = this;
    if (!library || !open || this.reading?.id === open.id) return;
    const isStillOpen = () => this.open?.id === open.id && this.#library === library;
    const known = await withText(library, open);
    if (!isStillOpen()) return;
    this.open = known;
    this.#host.requestUpdate();
    const state = this.openEntry?.state;
    if (state !== 'complete' && state !== 'partial') return;
    try {
      const opened = await library.open(open.id);
      if (isStillOpen() && this.reading?.id !== open.id) this.open = { ...known, opened };
    } catch (error) {
      // The state that the document is in from now on says it.
      if (!(error instanceof EngineError && error.code === 'document-damaged')) throw error;
    }
    await this.#refresh();
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
