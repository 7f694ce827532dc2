/** What callers see of the library: plain data that crosses to the page. */

/**
 * `complete`: all of it is read. `partial`: reading was interrupted; it answers about the part that was read. `damaged`: a
 * record is torn, short or altered. `foreign`: read with other weights or formats. Adding the last two again rebuilds them.
 */
export type DocumentState = 'complete' | 'partial' | 'damaged' | 'foreign';

/** A document of the library. */
export interface DocumentInfo {
  readonly id: string;
  readonly title: string;
  /** Tokens of the whole document, and those that are read. */
  readonly numTokens: number;
  readonly numReadTokens: number;
  readonly state: DocumentState;
  /** Whether its pages came as a file: they answer about this document alone, until `verify` reads it anew. */
  readonly isImported: boolean;
  /** What is wrong, as a sentence; with `damaged` and `foreign`. */
  readonly problem?: string;
  /** What was lost, doubtful or left out when its text was made, as sentences; as `add` was told. */
  readonly notes: readonly string[];
  /** Bytes on the disk. */
  readonly storedBytes: number;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly lastUsedAt: number;
}

/** What opening a document took. */
export interface OpenedDocument {
  readonly info: DocumentInfo;
  /** Bytes read from the disk: 0 when it was still there. Pages that a question needs beyond these are read when it does. */
  readonly bytesRead: number;
  readonly durationMs: number;
}

/** How far `add` is. */
export interface ReadingProgress {
  readonly phase: 'tokenizing' | 'reading' | 'storing';
  /** While tokenizing, the tokens so far. */
  readonly numTokens: number;
  readonly numReadTokens: number;
  /** Of the last segments; 0 while that is unknown. */
  readonly tokensPerSecond: number;
  /** Undefined while that is unknown. */
  readonly secondsLeft: number | undefined;
}

/** What a document would cost. */
export interface DocumentCost {
  readonly numTokens: number;
  /** Of the engine's GPU memory, for pages and summaries while it is open. */
  readonly gpuBytes: number;
  /** Pages outside the GPU while it is open. */
  readonly hostBytes: number;
  readonly diskBytes: number;
  /** Time of the first reading on this machine. */
  readonly expectedMs: number;
  readonly fits: boolean;
  /** The nearest choice that fits, as a sentence; when it does not fit. */
  readonly advice?: string;
}

/** What asking several documents together takes. */
export interface TogetherPlan {
  /** Tokens of all of them, boundaries included; a question and its answer come on top. */
  readonly numTokens: number;
  /** Tokens that this engine holds, question and answer included. */
  readonly contextTokens: number;
  readonly fits: boolean;
  /** The first so many tokens need not be read: their pages are kept, or in the cache from an earlier question. */
  readonly numReadTokens: number;
  /** In the order in which they are asked. */
  readonly documents: readonly TogetherDocument[];
}

/** One of them. */
export interface TogetherDocument {
  readonly id: string;
  readonly title: string;
  readonly numTokens: number;
  /** Whether its kept pages cannot be used, since they were read at other positions, or cannot be trusted beside others. */
  readonly isReadAgain: boolean;
}

/** The browser's estimate of this site's storage. */
export interface StorageQuota {
  /** Of everything that the site stores. */
  readonly usedBytes: number;
  readonly quotaBytes: number;
  /** Whether the browser promised not to clear it by itself. */
  readonly isPersisted: boolean;
}
