/** The document that the engine reads now. */
import { EngineError, type DocumentPlace, type EngineDocuments, type ReadingProgress } from '../src/index';

/** What is read. */
export interface Readable {
  readonly id: string;
  readonly title: string;
  readonly text: string;
  readonly notes: readonly string[];
  readonly places: readonly DocumentPlace[];
}

/** A document that is being read. */
export interface CurrentReading extends Readable {
  readonly progress?: ReadingProgress;
}

/** See the file's header. */
export class Reading {
  /** Undefined while nothing is read. */
  current: CurrentReading | undefined;
  readonly #onProgress: (reading: CurrentReading) => void;
  #stop: AbortController | undefined;

  constructor(onProgress: (reading: CurrentReading) => void) {
    this.#onProgress = onProgress;
  }

  /** Stops it; what is read stays. */
  stop(): void {
    this.#stop?.abort();
  }

  /** Reads a document and keeps it; settles when that has ended, however. @throws what the library throws */
  async read(library: EngineDocuments, readable: Readable): Promise<void> {
    const { signal } = (this.#stop = new AbortController());
    const { id, text, title, notes, places } = readable;
    this.current = readable;
    const onProgress = (progress: ReadingProgress) => {
      this.current = { ...readable, progress };
      this.#onProgress(this.current);
    };
    try {
      await library.add(id, text, { title, notes, places, signal, onProgress });
    } catch (error) {
      // A person who stops it or takes another model knows; what was read is there.
      if (!signal.aborted && !isExpected(error)) throw error;
    } finally {
      this.current = undefined;
    }
  }
}

/** The engine may go, and deleting a document that is read ends its reading with an abort of its own. */
function isExpected(error: unknown): boolean {
  if (error instanceof EngineError) return error.code === 'disposed';
  return error instanceof DOMException && error.name === 'AbortError';
}
