/** Documents that may be read: which there are, the one that is shown, and what reading it would cost. Kept from visit to visit. */
import type { DocumentCost, EngineDocuments } from '../src/index';
import type { EngineController } from './engine-controller';
import { firstPart, mostDocumentTokens } from './fit';
import { newId } from './ids';
import type { ImportInput } from './import/document';
import { nextTask } from './next-task';
import { OfferStore, type KeptOffer } from './offer-store';
import { isOfSample, samplePartId } from './sample';
import { gpuByteChoices } from './settings';

/** A document that may be read, once it is known what that costs. */
export interface Offer extends KeptOffer {
  /** Where it came from, as long as the page is open: to read it in another encoding. */
  readonly source?: ImportInput | undefined;
  readonly cost?: DocumentCost;
  /** For a document that is too long: what could be done. */
  readonly remedy?: Remedy;
}

/** What is known of a text that is offered. */
export type OfferDetails = Partial<Pick<Offer, 'id' | 'notes' | 'places' | 'encoding' | 'source'>>;

/** What can be done about a document that is too long. */
export interface Remedy {
  /** Tokens that the model reads as it is loaded. */
  readonly mostTokens: number;
  /** The least memory limit, in bytes, with which all of it fits; undefined where there is none. */
  readonly gpuBytes: number | undefined;
}

/** See the file's header. */
export class Offers {
  /** In the order in which they came. */
  list: readonly Offer[] = [];
  /** The one that is shown. */
  shownId: string | undefined;
  /** Settles once those of an earlier visit are here. */
  readonly restored: Promise<void>;
  readonly #engine: EngineController;
  readonly #onChange: () => void;
  readonly #store = new OfferStore();
  /** Ids of those that this tab knows to be in the store. */
  #kept: ReadonlySet<string> = new Set();
  /** Writes to the store follow each other. */
  #keeping: Promise<void> = Promise.resolve();
  /** Ends the estimate of one that is gone. */
  #estimating: AbortController | undefined;

  constructor(engine: EngineController, onChange: () => void) {
    this.#engine = engine;
    this.#onChange = onChange;
    this.restored = this.#restore();
  }

  /** The one that is shown. */
  get shown(): Offer | undefined {
    return this.list.find(({ id }) => id === this.shownId);
  }

  /** Adds one, unless it is there. */
  add(offer: Offer): void {
    if (!this.list.some(({ id }) => id === offer.id)) this.list = [...this.list, offer];
    this.#keep();
  }

  /** Puts another in the place of the one that is shown. */
  replaceShown(offer: Offer): void {
    this.list = this.list.map((other) => (other.id === this.shownId ? offer : other));
    this.#keep();
  }

  /** Takes the one that is shown from the list. */
  take(): void {
    this.stopEstimate();
    this.list = this.list.filter(({ id }) => id !== this.shownId);
    this.shownId = undefined;
    this.#keep();
  }

  /** Another model has other costs. */
  forgetCosts(): void {
    this.list = this.list.map(({ cost: _, remedy: __, ...rest }) => rest);
  }

  /** Ends an estimate. */
  stopEstimate(): void {
    this.#estimating?.abort();
  }

  /** Finds out what the one that is shown would cost. @throws what the library throws */
  async estimate(library: EngineDocuments | undefined): Promise<void> {
    const offer = this.shown;
    if (!offer || !library) return;
    const { signal } = (this.#estimating = new AbortController());
    try {
      const cost = await library.estimate(offer.text, { signal });
      const remedy = await this.#remedyFor(cost.numTokens);
      if (signal.aborted) return;
      const { remedy: _, ...rest } = offer;
      const estimated: Offer = { ...rest, cost, ...(remedy && { remedy }) };
      this.list = this.list.map((other) => (other.id === offer.id ? estimated : other));
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    this.#onChange();
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

  /** Those of an earlier visit, before those of this one. */
  async #restore(): Promise<void> {
    try {
      const kept = await this.#store.list();
      this.#kept = new Set(kept.map(({ id }) => id));
      const known = new Set(this.list.map(({ id }) => id));
      this.list = [...kept.filter(({ id }) => !known.has(id)), ...this.list];
    } catch (error) {
      // Without a store the page works as before; what is offered is gone once it is closed.
      console.warn('Documents that were not read yet are not kept:', error);
    }
    this.#onChange();
  }

  /** Keeps what is offered, but for the sample, which the page brings itself. */
  #keep(): void {
    this.#keeping = this.#keeping.then(async () => {
      await this.restored;
      // The offer is drawn before its text is copied into the store.
      await nextTask();
      const wanted = this.list.filter(({ id }) => !isOfSample(id));
      const added = wanted.filter(({ id }) => !this.#kept.has(id));
      const removed = [...this.#kept].filter((id) => !wanted.some((offer) => offer.id === id));
      this.#kept = new Set(wanted.map(({ id }) => id));
      try {
        await this.#store.change(added, removed);
      } catch (error) {
        console.warn('Documents that were not read yet are not kept:', error);
      }
    });
  }
}

/** The beginning of what is offered, with about so many of its tokens: another document than the whole. */
export function firstPartOf(
  { id, title, text: whole, notes, places }: Offer,
  numTokens: number,
  mostTokens: number,
): Offer {
  const text = firstPart(whole, numTokens, mostTokens);
  return {
    id: isOfSample(id) ? samplePartId(text.length) : newId(),
    title: `${title} (first part)`,
    text,
    notes,
    places: places.filter(({ startChar }) => startChar < text.length),
  };
}
