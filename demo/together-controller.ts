/** Documents that are asked together with the open one: whether they fit, and how far they are read behind each other. */
import type { ReactiveController, ReactiveControllerHost } from 'lit';
import type { EngineDocuments, ReadingProgress, TogetherPlan } from '../src/index';
import type { EngineController } from './engine-controller';

/** See the file's header. */
export class TogetherController implements ReactiveController {
  /** Undefined while it is made, and for one document alone. */
  plan: TogetherPlan | undefined;
  /** While they are read for a question. */
  progress: ReadingProgress | undefined;
  /** Why there is no plan. */
  problem: unknown;
  readonly #host: ReactiveControllerHost;
  readonly #engine: EngineController;
  readonly #wanted: () => readonly string[];
  #library: EngineDocuments | undefined;
  #ids: readonly string[] = [];
  #planning: AbortController | undefined;

  /** @param wanted ids of the documents that the next question is about, the open one first */
  constructor(host: ReactiveControllerHost, engine: EngineController, wanted: () => readonly string[]) {
    this.#host = host;
    this.#engine = engine;
    this.#wanted = wanted;
    host.addController(this);
  }

  /** Whether a question can be asked as far as this goes. */
  get isReady(): boolean {
    return this.#ids.length < 2 || (this.plan?.fits ?? false);
  }

  hostUpdate(): void {
    const ids = this.#wanted();
    const library = this.#engine.documents;
    if (library === this.#library && ids.join('\n') === this.#ids.join('\n')) return;
    this.#library = library;
    this.#ids = ids;
    void this.refresh();
  }

  /** Looks again: what is read of them has changed. */
  async refresh(): Promise<void> {
    this.#planning?.abort();
    const { signal } = (this.#planning = new AbortController());
    const [ids, library] = [this.#ids, this.#library];
    const isSame = ids.length === this.plan?.documents.length;
    if (!isSame || !ids.every((id, i) => this.plan?.documents[i]?.id === id)) this.plan = undefined;
    this.problem = undefined;
    if (!library || ids.length < 2) return;
    try {
      const plan = await library.planTogether(ids, { signal });
      if (!signal.aborted) this.plan = plan;
    } catch (error) {
      if (!signal.aborted) this.problem = error;
    }
    this.#host.requestUpdate();
  }

  /** Says how far they are, and afterwards that they are there. */
  readonly follow = (progress: ReadingProgress | undefined): void => {
    this.progress = progress;
    if (!progress) void this.refresh();
    this.#host.requestUpdate();
  };
}
