/** Documents on their way in, one after the other: how far the one at hand is. What is in is offered to the library. */
import type { ReactiveController, ReactiveControllerHost } from 'lit';
import { importDocument, type ImportInput, type ImportProgress } from './import/import-document';
import type { LibraryController } from './library-controller';

/** What is being taken in. */
export interface CurrentImport {
  /** The file's name, or its address. */
  readonly name: string;
  readonly progress: ImportProgress | undefined;
}

/** What is done sooner need not be announced. */
const patienceMs = 300;

/** See the file's header. */
export class ImportController implements ReactiveController {
  /** Undefined for nothing, or for what may be done at once. */
  current: CurrentImport | undefined;
  readonly #host: ReactiveControllerHost;
  readonly #library: LibraryController;
  #stop: AbortController | undefined;

  constructor(host: ReactiveControllerHost, library: LibraryController) {
    this.#host = host;
    this.#library = library;
    host.addController(this);
  }

  hostDisconnected(): void {
    this.stop();
  }

  /** Takes documents in; what goes wrong with one keeps no other out. */
  async take(inputs: readonly ImportInput[]): Promise<void> {
    this.stop();
    const { signal } = (this.#stop = new AbortController());
    const problems: unknown[] = [];
    for (const input of inputs) {
      if (signal.aborted) return;
      try {
        const { title, text, notes } = await this.#import(input, signal);
        void this.#library.propose(title, text, { notes });
      } catch (error) {
        if (!signal.aborted) problems.push(error);
      }
    }
    if (problems.length > 0) this.#library.report(problems[0]);
  }

  /** Takes in nothing more. */
  stop(): void {
    this.#stop?.abort();
    this.#show(undefined);
  }

  async #import(input: ImportInput, signal: AbortSignal) {
    const name = input instanceof File ? input.name : 'url' in input ? input.url : 'the text';
    const startedAt = performance.now();
    const show = (progress?: ImportProgress) => {
      const isSoon = performance.now() - startedAt < patienceMs;
      if (!signal.aborted && !isSoon) this.#show({ name, progress });
    };
    const patience = setTimeout(show, patienceMs);
    try {
      return await importDocument(input, { signal, onProgress: show });
    } finally {
      clearTimeout(patience);
      if (!signal.aborted) this.#show(undefined);
    }
  }

  #show(current: CurrentImport | undefined): void {
    if (current === this.current) return;
    this.current = current;
    this.#host.requestUpdate();
  }
}
