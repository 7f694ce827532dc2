/** Files of a model from the hub into the origin's private file system, whatever becomes of the connection. */
import type { HubFile } from './hub';
import { mayComeFrom } from './hub-address';

/** Statuses of a server that may answer another time. */
const passingStatuses = new Set([408, 425, 429, 500, 502, 503, 504]);
const longestWaitMs = 30_000;
/** Bytes from one report to the next, at most; less where that would be more than a hundredth of all. */
const longestStepBytes = 2 ** 20;

/** Why a download failed. */
export type DownloadFailure = 'status' | 'connection' | 'redirect' | 'size' | 'quota' | 'storage';

/** What a download failed with; `message` names the file, the host or the cause. */
export class DownloadError extends Error {
  readonly code: DownloadFailure;
  readonly status: number | undefined;

  constructor(code: DownloadFailure, message: string, status?: number) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

/** What files are fetched with. */
export interface FetchFilesOptions {
  /** What files are, by their names, as far as they are here. */
  readonly etags: Readonly<Record<string, string>>;
  /** Milliseconds before each further try after a failure; bytes that arrive refill the tries. */
  readonly retryDelaysMs: readonly number[];
  readonly signal: AbortSignal;
  /** Bytes of all files that are here. */
  readonly onProgress: (loadedBytes: number) => void;
  /** A file's identity, to be kept before its bytes are. */
  readonly onEtag: (name: string, etag: string) => void;
}

/** Counts bytes over all files. */
class Progress {
  readonly #stepBytes: number;
  readonly #onProgress: (loadedBytes: number) => void;
  #loadedBytes = 0;
  #reportedBytes = -Infinity;

  constructor(totalBytes: number, onProgress: (loadedBytes: number) => void) {
    this.#onProgress = onProgress;
    this.#stepBytes = Math.min(longestStepBytes, totalBytes / 100);
  }

  add(numBytes: number): void {
    this.#loadedBytes += numBytes;
    const isDue = Math.abs(this.#loadedBytes - this.#reportedBytes) >= this.#stepBytes;
    if (isDue) this.report();
  }

  report(): void {
    this.#reportedBytes = this.#loadedBytes;
    this.#onProgress(this.#loadedBytes);
  }
}

function wait(delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, delayMs);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

/** Downloads one file to where it is whole. */
class FileDownload {
  readonly #file: HubFile;
  readonly #access: FileSystemSyncAccessHandle;
  readonly #options: FetchFilesOptions;
  readonly #progress: Progress;
  #etag: string | undefined;
  #position = 0;
  #numFailures = 0;

  constructor(
    file: HubFile,
    access: FileSystemSyncAccessHandle,
    options: FetchFilesOptions,
    progress: Progress,
  ) {
    this.#file = file;
    this.#access = access;
    this.#etag = options.etags[file.name];
    this.#options = options;
    this.#progress = progress;
  }

  async run(): Promise<void> {
    const { sizeBytes } = this.#file;
    const keptBytes = this.#access.getSize();
    if (keptBytes <= sizeBytes) this.#position = keptBytes;
    else this.#access.truncate(0);
    this.#progress.add(this.#position);
    // A file of no bytes is there as soon as it is made.
    while (this.#position < sizeBytes) {
      try {
        await this.#fetchRest();
      } catch (error) {
        this.#options.signal.throwIfAborted();
        if (error instanceof DownloadError && error.code !== 'connection') throw error;
        await this.#beforeNextTry(error);
      }
    }
    this.#access.flush();
  }

  /** One request, as far as it goes. */
  async #fetchRest(): Promise<void> {
    const { signal } = this.#options;
    // If-Range is no header that other origins take unasked: identities are compared here instead.
    const headers: HeadersInit = this.#position > 0 ? { Range: `bytes=${this.#position}-` } : {};
    // What is kept here needs no second copy in the browser's cache.
    const response = await fetch(this.#file.url, { headers, credentials: 'omit', cache: 'no-store', signal });
    if (!mayComeFrom(this.#file.url, response.url)) {
      await response.body?.cancel();
      throw new DownloadError('redirect', new URL(response.url).host);
    }
    if (!response.ok) {
      await response.body?.cancel();
      await this.#handleStatus(response);
      return;
    }
    this.#identify(response);
    if (response.status !== 206 && this.#position > 0) this.#startOver();
    this.#checkLength(response);
    for await (const part of response.body ?? new Blob().stream()) {
      signal.throwIfAborted();
      if (this.#position + part.length > this.#file.sizeBytes) throw this.#wrongSize();
      this.#write(part);
    }
    if (this.#position < this.#file.sizeBytes) throw new Error('The connection ended early.');
  }

  async #handleStatus({ status, headers }: Response): Promise<void> {
    if (status === 416) {
      // There is nothing at this position: what is here is of another file.
      this.#startOver();
      throw new Error('The server has no such range.');
    }
    if (!passingStatuses.has(status)) throw new DownloadError('status', this.#file.name, status);
    const seconds = Number(headers.get('retry-after'));
    if (seconds > 0) await wait(Math.min(longestWaitMs, seconds * 1000), this.#options.signal);
    throw new DownloadError('connection', `the server answered ${status}`, status);
  }

  /** @throws Error when the answer is of another file than what is here, which then begins anew */
  #identify(response: Response): void {
    const etag = response.headers.get('x-linked-etag') ?? response.headers.get('etag');
    if (etag === null) return;
    const isOther = this.#etag !== undefined && this.#etag !== etag;
    if (this.#etag !== etag) this.#options.onEtag(this.#file.name, etag);
    this.#etag = etag;
    if (isOther && this.#position > 0) {
      this.#startOver();
      if (response.status === 206) throw new Error('The file changed on the server.');
    }
  }

  #checkLength({ status, headers }: Response): void {
    const isPart = status === 206;
    const range = isPart ? /^bytes (\d+)-\d+\/(\d+)$/.exec(headers.get('content-range') ?? '') : null;
    if (range) {
      if (Number(range[2]) !== this.#file.sizeBytes) throw this.#wrongSize();
      if (Number(range[1]) !== this.#position) throw new Error('The server sent another range.');
      return;
    }
    const isEncoded = (headers.get('content-encoding') ?? 'identity') !== 'identity';
    const length = headers.get('content-length');
    if (isEncoded || length === null) return;
    if (Number(length) !== this.#file.sizeBytes - this.#position) throw this.#wrongSize();
  }

  #write(part: Uint8Array<ArrayBuffer>): void {
    let written: number;
    try {
      written = this.#access.write(part, { at: this.#position });
    } catch (error) {
      const isQuota = error instanceof Error && error.name === 'QuotaExceededError';
      throw new DownloadError(isQuota ? 'quota' : 'storage', String(error));
    }
    this.#position += written;
    if (written < part.length) throw new DownloadError('quota', 'The disk took only a part.');
    this.#numFailures = 0;
    this.#progress.add(written);
  }

  #wrongSize(): DownloadError {
    this.#startOver();
    return new DownloadError('size', this.#file.name);
  }

  #startOver(): void {
    this.#access.truncate(0);
    this.#progress.add(-this.#position);
    this.#position = 0;
  }

  async #beforeNextTry(error: unknown): Promise<void> {
    const { retryDelaysMs, signal } = this.#options;
    const delayMs = retryDelaysMs[this.#numFailures++];
    if (delayMs === undefined) {
      const status = error instanceof DownloadError ? error.status : undefined;
      throw new DownloadError('connection', error instanceof Error ? error.message : String(error), status);
    }
    await wait(delayMs, signal);
  }
}

/**
 * Fetches what is missing of the files into a directory of the origin's private file system. Only in a worker, because only there what
 * is written stays when the page goes: an interrupted download goes on with the byte after the last one.
 * @throws DownloadError; the signal's reason when aborted; what the file system throws
 */
export async function fetchFiles(
  directory: FileSystemDirectoryHandle,
  files: readonly HubFile[],
  options: FetchFilesOptions,
): Promise<void> {
  const totalBytes = files.reduce((total, { sizeBytes }) => total + sizeBytes, 0);
  const progress = new Progress(totalBytes, options.onProgress);
  for (const file of files) {
    const handle = await directory.getFileHandle(file.name, { create: true });
    const access = await handle.createSyncAccessHandle();
    try {
      await new FileDownload(file, access, options, progress).run();
    } finally {
      access.close();
    }
  }
  progress.report();
}
