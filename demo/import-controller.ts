/** Documents on their way in, one after the other: how far the one at hand is. What is in is offered to the library. */
import type { ReactiveController, ReactiveControllerHost } from 'lit';
import { nextTask } from './next-task';
import { importDocument, type ImportInput, type ImportProgress } from './import/import-document';
import { ImportError, ImportFailures, type ImportFailure } from './import/import-error';
import type { LibraryController } from './library-controller';

/** What is being taken in. */
export interface CurrentImport {
  /** The file's name, or its address. */
  readonly name: string;
  readonly progress: ImportProgress | undefined;
}

/** What is taken in: a document, or the file of one that was exported. */
export type ImportSource = ImportInput | { readonly exported: File };

/** What is done sooner need not be announced. */
const patienceMs = 300;

/** See the file's header. */
export class ImportController implements ReactiveController {
  /** Undefined for nothing, or for what may be done at once. */
  current: CurrentImport | undefined;
  /** A file that waits for its password. */
  locked: { readonly file: File; readonly wasWrong: boolean } | undefined;
  readonly #host: ReactiveControllerHost;
  readonly #library: LibraryController;
  /** Ends what is being taken in and what waits. */
  #stop = new AbortController();
  /** What came first is taken in first. */
  #latest: Promise<unknown> = Promise.resolve();

  constructor(host: ReactiveControllerHost, library: LibraryController) {
    this.#host = host;
    this.#library = library;
    host.addController(this);
  }

  hostDisconnected(): void {
    this.stop();
  }

  /**
   * Takes documents in, after those that came before; what goes wrong with one keeps no other out. Resolves to the id of the
   * last exported one among them, which is ready to be opened.
   */
  take(sources: readonly ImportSource[]): Promise<string | undefined> {
    const { signal } = this.#stop;
    const taking = this.#latest.then(() => this.#take(sources, signal));
    this.#latest = taking;
    return taking;
  }

  /** Reads the offer that is shown in another encoding. */
  async readAs(encoding: string): Promise<void> {
    const offer = this.#library.offers.shown;
    if (!offer?.source) return;
    const { signal } = this.#stop;
    try {
      const { title, text, ...details } = await importDocument(offer.source, { signal, encoding });
      await this.#library.replaceOffer(title, text, details);
    } catch (error) {
      if (!signal.aborted) this.#library.report(error);
    }
  }

  /** Opens the file that waits with a password; with undefined it is given up. */
  async unlock(password: string | undefined): Promise<void> {
    const { locked } = this;
    this.#lock(undefined);
    if (!locked || password === undefined) return;
    const { signal } = this.#stop;
    try {
      const { title, text, ...details } = await this.#announced(locked.file.name, signal, (onProgress) =>
        importDocument(locked.file, { signal, onProgress, password }),
      );
      void this.#library.propose(title, text, details);
    } catch (error) {
      if (signal.aborted) return;
      if (isLocked(error)) this.#lock({ file: locked.file, wasWrong: true });
      else this.#library.report(error);
    }
  }

  #lock(locked: ImportController['locked']): void {
    this.locked = locked;
    this.#host.requestUpdate();
  }

  /** Takes in nothing more. */
  stop(): void {
    this.#stop.abort();
    this.#stop = new AbortController();
    this.#show(undefined);
  }

  async #take(sources: readonly ImportSource[], signal: AbortSignal): Promise<string | undefined> {
    const failures: ImportFailure[] = [];
    let id: string | undefined;
    for (const source of sources) {
      if (signal.aborted) return id;
      const name = nameOf(source);
      try {
        if ('exported' in source) {
          const kept = await this.#announced(name, signal, () => this.#library.import(source.exported));
          // It cannot be stopped on its way in.
          if (signal.aborted) await this.#library.delete(kept);
          else id = kept;
        } else {
          const { title, text, ...details } = await this.#announced(name, signal, (onProgress) =>
            importDocument(source, { signal, onProgress }),
          );
          void this.#library.propose(title, text, { ...details, source });
        }
      } catch (error) {
        if (signal.aborted) continue;
        if (source instanceof File && isLocked(error)) this.#lock({ file: source, wasWrong: false });
        else failures.push({ name, error });
      }
    }
    if (failures.length > 0) {
      const isOnlyOne = sources.length === 1;
      this.#library.report(isOnlyOne ? failures[0]!.error : new ImportFailures(failures, sources.length));
    }
    return id;
  }

  /** Does `work`, and shows how far it is once it has taken a while. */
  async #announced<Result>(
    name: string,
    signal: AbortSignal,
    work: (onProgress: (progress: ImportProgress) => void) => Promise<Result>,
  ): Promise<Result> {
    const startedAt = performance.now();
    const show = (progress?: ImportProgress) => {
      const isSoon = performance.now() - startedAt < patienceMs;
      if (!signal.aborted && !isSoon) this.#show({ name, progress });
    };
    const patience = setTimeout(show, patienceMs);
    try {
      const result = await work(show);
      // A large text has just been copied from its worker.
      await nextTask();
      return result;
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

/** Whether a password would open it: books that are protected against copying have none. */
function isLocked(error: unknown): boolean {
  return error instanceof ImportError && error.code === 'encrypted' && error.hasPassword;
}

function nameOf(source: ImportSource): string {
  if ('exported' in source) return source.exported.name;
  if (source instanceof File) return source.name;
  return 'url' in source ? source.url : 'the text';
}
