/**
 * Fetches the files of a model into a directory of the origin's private file system. In a worker, because only there what is
 * written stays when the page goes: an interrupted download goes on with the byte after the last one.
 */
import type { DownloadFailure, FromDownloader, ToDownloader } from './download-protocol';
import type { HubFile } from './hub';
import { mayComeFrom } from './hub-address';

/** Statuses of a server that may answer another time. */
const passingStatuses = new Set([408, 425, 429, 500, 502, 503, 504]);
const longestWaitMs = 30_000;
/** Bytes from one report to the next, at most; less where that would be more than a hundredth of all. */
const longestStepBytes = 2 ** 20;

class DownloadError extends Error {
  readonly code: DownloadFailure;
  readonly status: number | undefined;

  constructor(code: DownloadFailure, message: string, status?: number) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

const post = (message: FromDownloader) => self.postMessage(message);
const stopping = new AbortController();
const { signal } = stopping;

/** Counts bytes over all files. */
class Progress {
  readonly #stepBytes: number;
  #loadedBytes = 0;
  #reportedBytes = -Infinity;

  constructor(totalBytes: number) {
    this.#stepBytes = Math.min(longestStepBytes, totalBytes / 100);
  }

  add(numBytes: number): void {
    this.#loadedBytes += numBytes;
    const isDue = Math.abs(this.#loadedBytes - this.#reportedBytes) >= this.#stepBytes;
    if (isDue) this.report();
  }

  report(): void {
    this.#reportedBytes = this.#loadedBytes;
    post({ kind: 'progress', loadedBytes: this.#loadedBytes });
  }
}

function wait(delayMs: number): Promise<void> {
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
  readonly #retryDelaysMs: readonly number[];
  readonly #progress: Progress;
  #etag: string | undefined;
  #position = 0;
  #numFailures = 0;

  constructor(
    file: HubFile,
    access: FileSystemSyncAccessHandle,
    etag: string | undefined,
    retryDelaysMs: readonly number[],
    progress: Progress,
  ) {
    this.#file = file;
    this.#access = access;
    this.#etag = etag;
    this.#retryDelaysMs = retryDelaysMs;
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
        signal.throwIfAborted();
        if (error instanceof DownloadError && error.code !== 'connection') throw error;
        await this.#beforeNextTry(error);
      }
    }
    this.#access.flush();
  }

  /** One request, as far as it goes. */
  async #fetchRest(): Promise<void> {
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
    if (seconds > 0) await wait(Math.min(longestWaitMs, seconds * 1000));
    throw new DownloadError('connection', `the server answered ${status}`, status);
  }

  /** @throws Error when the answer is of another file than what is here, which then begins anew */
  #identify(response: Response): void {
    const etag = response.headers.get('x-linked-etag') ?? response.headers.get('etag');
    if (etag === null) return;
    const isOther = this.#etag !== undefined && this.#etag !== etag;
    if (this.#etag !== etag) post({ kind: 'etag', name: this.#file.name, etag });
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
    const delayMs = this.#retryDelaysMs[this.#numFailures++];
    if (delayMs === undefined) {
      const status = error instanceof DownloadError ? error.status : undefined;
      throw new DownloadError('connection', error instanceof Error ? error.message : String(error), status);
    }
    await wait(delayMs);
  }
}

async function downloadAll(message: ToDownloader & { kind: 'start' }): Promise<void> {
  const { directory, files, etags, retryDelaysMs } = message;
  const progress = new Progress(files.reduce((total, { sizeBytes }) => total + sizeBytes, 0));
  for (const file of files) {
    const handle = await directory.getFileHandle(file.name, { create: true });
    const access = await handle.createSyncAccessHandle();
    try {
      await new FileDownload(file, access, etags[file.name], retryDelaysMs, progress).run();
    } finally {
      access.close();
    }
  }
  progress.report();
}

self.onmessage = async ({ data }: MessageEvent<ToDownloader>) => {
  if (data.kind === 'stop') {
    stopping.abort();
    return;
  }
  try {
    await downloadAll(data);
    post({ kind: 'done' });
  } catch (error) {
    if (signal.aborted) post({ kind: 'stopped' });
    else if (error instanceof DownloadError) {
      const { code, message, status } = error;
      post({ kind: 'failed', code, message, ...(status !== undefined && { status }) });
    } else post({ kind: 'failed', code: 'storage', message: String(error) });
  }
};
