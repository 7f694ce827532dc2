/** Where a model's files come from, as the loader sees it; the kinds of source are files of their own. */

/** A file opened for reading from some byte on. */
export interface OpenedFile {
  /** Bytes of the whole file; undefined when the source does not know. */
  readonly sizeBytes: number | undefined;
  /** Bytes from the asked offset to the end of the file. Errors with an `EngineError`; cancelling closes the source. */
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;
}

/** A model folder in Hugging Face layout. Names are file names without a folder. */
export interface ModelSource {
  /** Names this model in fingerprints: the same files give the same id on another day. */
  readonly id: string;
  /**
   * Resolves to the file as text, or to undefined when there is no such file.
   * @throws EngineError `network`, `weights-corrupt`; the signal's reason when aborted
   */
  readText(name: string, signal?: AbortSignal): Promise<string | undefined>;
  /**
   * Resolves to the file, or to undefined when there is no such file.
   * @throws EngineError `network`, `weights-corrupt`; the signal's reason when aborted
   */
  open(name: string, options?: OpenOptions): Promise<OpenedFile | undefined>;
}

/** How to open a file. */
export interface OpenOptions {
  /** First byte to read; 0 when left out. */
  readonly offsetBytes?: number;
  readonly signal?: AbortSignal;
}
