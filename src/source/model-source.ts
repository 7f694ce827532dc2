/** Where a model's files come from, as the loader sees it; the kinds of source are files of their own. */

import type { GgufHeader } from './gguf/gguf-header';

/** A file opened for reading from some byte on. */
export interface OpenedFile {
  /** Bytes of the whole file; undefined when the source does not know. */
  readonly sizeBytes: number | undefined;
  /** Bytes from the asked offset to the end of the file. Errors with an `EngineError`; cancelling closes the source. */
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;
}

/** A model folder in Hugging Face layout, or a GGUF file that stands for one. Names are file names, of which but `1_Pooling/config.json` none has a folder. */
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
  /** What `readText` gives as JSON, where it never was a text. */
  readonly parsed?: ReadonlyMap<string, unknown>;
  /** The weight files, where they are GGUF's. */
  readonly gguf?: GgufFiles;
}

/** GGUF files whose headers have been read. */
export interface GgufFiles {
  /** As GGUF calls it, such as `llama`. */
  readonly architecture: string;
  /** Query and key heads, their rows interleaved in some architectures. */
  readonly heads: { readonly numHeads: number; readonly numKvHeads: number };
  /** In the order of their numbers. */
  readonly files: readonly (Pick<GgufHeader, 'tensors' | 'dataBytes'> & { readonly name: string })[];
}

/** How to open a file. */
export interface OpenOptions {
  /** First byte to read; 0 when left out. */
  readonly offsetBytes?: number;
  /** Bytes that will be read of the file's beginning: a hint, the stream may end there or go on. */
  readonly headBytes?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}
