/** The summary and first questions of the open document: kept ones, and those that the model writes. Gives way to everything else. */
import type { ReactiveController, ReactiveControllerHost } from 'lit';
import type { EngineController } from './engine-controller';
import { isScout } from './models';
import {
  digestOf,
  questionsIn,
  questionsRequest,
  summaryRequest,
  tidySummary,
  whenWritten,
  type Overview,
} from './overview';
import { OverviewStore } from './overview-store';
import { isOfSample } from './sample';

/** What an overview is of, and what else goes on. */
export interface OverviewScene {
  /** The open document; undefined for none, and while its text is not there. */
  readonly document: { readonly id: string; readonly text: string } | undefined;
  /** Whether it is read to its end. */
  readonly isComplete: boolean;
  /** The document that is being read. */
  readonly readingId: string | undefined;
  /** Whether the conversation that is shown has begun. */
  readonly isAsked: boolean;
}

/** An overview that grows. */
export interface Writing {
  /** As far as it is. */
  readonly summary: string;
  /** Whether the questions are being written. */
  readonly hasSummary: boolean;
}

/** See the file's header. */
export class OverviewController implements ReactiveController {
  /** What was written on the open document. */
  current: Overview | undefined;
  writing: Writing | undefined;
  /** Why nothing was written. */
  problem: unknown;
  readonly #host: ReactiveControllerHost;
  readonly #engine: EngineController;
  readonly #scene: () => OverviewScene;
  readonly #store = new OverviewStore();
  /** The document that `current` is of. */
  #id: string | undefined;
  /** Whether what is kept of it has been looked for. */
  #isKnown = false;
  /** The document that was read last in this visit, until something is asked or written on it. */
  #freshId: string | undefined;
  #stop: AbortController | undefined;

  constructor(host: ReactiveControllerHost, engine: EngineController, scene: () => OverviewScene) {
    this.#host = host;
    this.#engine = engine;
    this.#scene = scene;
    host.addController(this);
  }

  hostDisconnected(): void {
    this.giveWay();
  }

  hostUpdate(): void {
    const { document, readingId, isAsked } = this.#scene();
    if (document?.id !== this.#id) {
      this.giveWay();
      this.#id = document?.id;
      this.current = undefined;
      this.problem = undefined;
      this.#isKnown = false;
      if (document) void this.#find(document.id, document.text);
    }
    if (readingId !== undefined) {
      this.giveWay();
      this.#freshId = readingId;
    }
    if (isAsked && this.#freshId === document?.id) this.#freshId = undefined;
    if (this.#when() === 'idle') void this.write();
  }

  /** Whether the model could write one now. */
  get canWrite(): boolean {
    return this.#when() !== 'never';
  }

  /** Stops what is written: something else is wanted. */
  giveWay(): void {
    this.#stop?.abort();
    this.#stop = undefined;
    this.writing = undefined;
  }

  /** Has the model write on the open document. */
  async write(): Promise<void> {
    const { document } = this.#scene();
    if (!document || !this.canWrite) return;
    const { id, text } = document;
    const { signal } = (this.#stop = new AbortController());
    const modelName = this.#engine.choice?.name ?? '';
    this.#freshId = undefined;
    this.problem = undefined;
    this.#grow({ summary: '', hasSummary: false });
    try {
      let summary = '';
      for await (summary of this.#engine.write(summaryRequest(id), signal)) {
        this.#grow({ summary, hasSummary: false });
      }
      summary = tidySummary(summary);
      this.#grow({ summary, hasSummary: true });
      let list = '';
      for await (list of this.#engine.write(questionsRequest(id), signal));
      const overview = {
        documentId: id,
        textDigest: await digestOf(text),
        modelName,
        summary,
        questions: questionsIn(list),
      };
      signal.throwIfAborted();
      this.current = overview;
      await this.#attempt(() => this.#store.put(overview));
    } catch (error) {
      if (!signal.aborted) this.problem = error;
    }
    if (!signal.aborted) this.giveWay();
    this.#host.requestUpdate();
  }

  /** A document is gone, and what was written on it with it. */
  async forget(documentId: string): Promise<void> {
    if (documentId === this.#id) this.giveWay();
    await this.#attempt(() => this.#store.delete(documentId));
  }

  #when(): ReturnType<typeof whenWritten> {
    const { document, isComplete, readingId } = this.#scene();
    const isNeeded = document?.id === this.#id && this.#isKnown && !this.current && !this.writing;
    if (!document || !isNeeded || this.#engine.phase !== 'ready') return 'never';
    return whenWritten({
      isScout: isScout(this.#engine.choice),
      isSample: isOfSample(document.id),
      isComplete: isComplete && readingId === undefined,
      isSlow: this.#engine.isSlow,
      isFresh: this.#freshId === document.id,
    });
  }

  async #find(id: string, text: string): Promise<void> {
    const kept = await this.#attempt(() => this.#store.find(id, text));
    if (id !== this.#id) return;
    this.current = kept;
    this.#isKnown = true;
    this.#host.requestUpdate();
  }

  #grow(writing: Writing): void {
    this.writing = writing;
    this.#host.requestUpdate();
  }

  /** Without a store the page works as before: what is written is gone once it is closed. */
  async #attempt<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
    try {
      return await work();
    } catch (error) {
      console.warn('What the model wrote on a document is not kept:', error);
      return undefined;
    }
  }
}
