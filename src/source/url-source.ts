/** A model folder on a web server. Interrupted downloads go on where they broke off. */
import { EngineError } from '../util/errors';
import type { ModelSource, OpenOptions, OpenedFile } from './model-source';
import { Retries } from './retries';

/** How to reach the server. */
export interface UrlSourceOptions {
  /** Instead of the global `fetch`. */
  readonly fetch?: typeof fetch;
  /** What follows a `?` in every file's URL, the `?` included. */
  readonly search?: string;
  /** Milliseconds before each further try after a failure; as many tries as there are entries. */
  readonly retryDelaysMs?: readonly number[];
}

/** Statuses of a server that may answer another time. */
const passingStatuses = new Set([408, 425, 429, 500, 502, 503, 504]);

/**
 * A source over the folder at `folder`, an absolute URL with or without a slash at its end.
 * @throws TypeError when `folder` is not an absolute URL
 */
export function urlSource(folder: string | URL, options: UrlSourceOptions = {}): ModelSource {
  // Nor does a URL such as `data:` have files in it.
  if (!URL.canParse('.', folder))
    throw new TypeError(`A model's URL must be an absolute one of a folder, '${String(folder)}' is not.`);
  const base = new URL(folder);
  base.search = '';
  base.hash = '';
  if (!base.pathname.endsWith('/')) base.pathname += '/';
  const client = new Client(options);
  const urlOf = (name: string) => new URL(`${encodeURIComponent(name)}${options.search ?? ''}`, base).href;
  return {
    id: base.href,
    readText: (name, signal) => client.readText(urlOf(name), signal),
    open: (name, how) => client.open(urlOf(name), how),
  };
}

/** What tells whether a second answer is about the same file as the first. */
interface FileIdentity {
  readonly sizeBytes: number | undefined;
  readonly etag: string | null;
  readonly lastModified: string | null;
  /** Compressed on the way: then bytes cannot be counted, nor a range be asked for. */
  readonly isEncoded: boolean;
}

/** An answer whose body begins `skipBytes` before the byte that was asked for. */
interface Answer {
  readonly response: Response;
  readonly skipBytes: number;
  readonly identity: FileIdentity;
}

class Client {
  readonly #fetch: typeof fetch;
  readonly #retryDelaysMs: readonly number[];

  constructor({ fetch, retryDelaysMs = [250, 500, 1000, 2000] }: UrlSourceOptions) {
    this.#fetch = fetch ?? ((input, init) => globalThis.fetch(input, init));
    this.#retryDelaysMs = retryDelaysMs;
  }

  async readText(url: string, signal?: AbortSignal): Promise<string | undefined> {
    const retries = new Retries(this.#retryDelaysMs);
    for (;;) {
      const answer = await this.#request(url, 0, retries, signal);
      if (!answer) return undefined;
      try {
        return await answer.response.text();
      } catch (cause) {
        signal?.throwIfAborted();
        await retries.next(url, cause, signal);
      }
    }
  }

  async open(url: string, { offsetBytes = 0, signal }: OpenOptions = {}): Promise<OpenedFile | undefined> {
    const retries = new Retries(this.#retryDelaysMs);
    const answer = await this.#request(url, offsetBytes, retries, signal);
    if (!answer) return undefined;
    const stream = this.#stream(url, answer, offsetBytes, retries, signal);
    return { sizeBytes: certainSize(answer), stream };
  }

  /** The file from `offsetBytes` on; undefined when the server has no such file. */
  async #request(
    url: string,
    offsetBytes: number,
    retries: Retries,
    signal: AbortSignal | undefined,
    identity?: FileIdentity,
  ): Promise<Answer | undefined> {
    for (;;) {
      signal?.throwIfAborted();
      let failure: unknown;
      try {
        // Without If-Range: across origins it would cost a preflight, and the answer's identity is compared anyway.
        const headers: HeadersInit =
          offsetBytes > 0 && !identity?.isEncoded ? { Range: `bytes=${offsetBytes}-` } : {};
        const response = await this.#fetch(url, { headers, ...(signal && { signal }) });
        if (response.ok) {
          if (!isSubstitutePage(response, url)) return readAnswer(response, url, offsetBytes, identity);
          await dismiss(response);
          return undefined;
        }
        await dismiss(response);
        if (response.status === 404 || response.status === 410) return undefined;
        if (response.status === 416) throw changed(url);
        failure = new Error(`the server answered ${response.status} ${response.statusText}`);
        if (!passingStatuses.has(response.status)) {
          throw new EngineError('network', `'${url}': ${(failure as Error).message}.`, { cause: failure });
        }
      } catch (error) {
        signal?.throwIfAborted();
        if (error instanceof EngineError) throw error;
        failure = error;
      }
      await retries.next(url, failure, signal);
    }
  }

  #stream(
    url: string,
    first: Answer,
    offsetBytes: number,
    retries: Retries,
    signal: AbortSignal | undefined,
  ): ReadableStream<Uint8Array<ArrayBuffer>> {
    const { identity } = first;
    const sizeBytes = certainSize(first);
    let position = offsetBytes;
    let { skipBytes } = first;
    const closing = new AbortController();
    const ending = signal ? AbortSignal.any([signal, closing.signal]) : closing.signal;
    let reader = bodyOf(first.response).getReader();
    /** The next bytes, or undefined at the end of the file. */
    const next = async (): Promise<Uint8Array<ArrayBuffer> | undefined> => {
      for (;;) {
        let failure: unknown = new Error('the connection ended early');
        try {
          const { done, value } = await reader.read();
          ending.throwIfAborted();
          if (!done) {
            const part = value.subarray(Math.min(skipBytes, value.length));
            skipBytes -= value.length - part.length;
            if (part.length === 0) continue;
            position += part.length;
            retries.succeed();
            return part;
          }
          if (sizeBytes === undefined || position >= sizeBytes) return undefined;
        } catch (error) {
          ending.throwIfAborted();
          failure = error;
        }
        await retries.next(url, failure, ending);
        const answer = await this.#request(url, position, retries, ending, identity);
        if (!answer) throw changed(url);
        skipBytes = answer.skipBytes;
        reader = bodyOf(answer.response).getReader();
      }
    };
    return new ReadableStream(
      {
        async pull(controller) {
          const part = await next();
          if (part) controller.enqueue(part);
          else controller.close();
        },
        cancel(reason) {
          closing.abort(reason);
          return reader.cancel(reason);
        },
      },
      { highWaterMark: 0 },
    );
  }
}

/** Bytes of the file. Another origin's answer may be compressed without the page's being told: what it says is another length. */
function certainSize({ response, identity }: Answer): number | undefined {
  return response.type === 'cors' ? undefined : identity.sizeBytes;
}

function bodyOf(response: Response): ReadableStream<Uint8Array<ArrayBuffer>> {
  return response.body ?? new Blob().stream();
}

/** Lets go of an answer whose body is of no interest. */
async function dismiss(response: Response): Promise<void> {
  // It may have failed already, which is of no interest either.
  await response.body?.cancel().catch(() => undefined);
}

/** Servers of single-page apps answer with the app's page where they have no such file. */
function isSubstitutePage(response: Response, url: string): boolean {
  return !url.endsWith('.html') && (response.headers.get('content-type') ?? '').startsWith('text/html');
}

function changed(url: string): EngineError {
  return new EngineError('network', `'${url}' changed on the server while it was being loaded. Load again.`);
}

/**
 * Works out where the body begins and of which file it is a part.
 * @throws EngineError `network` when it is not a part of the file of the earlier answer, or begins elsewhere
 */
function readAnswer(
  response: Response,
  url: string,
  offsetBytes: number,
  earlier: FileIdentity | undefined,
): Answer {
  const { headers, status } = response;
  const isPart = status === 206 && offsetBytes > 0;
  const isEncoded = (headers.get('content-encoding') ?? 'identity') !== 'identity';
  const lengthText = isEncoded ? null : headers.get('content-length');
  const bodyBytes = lengthText === null ? undefined : Number(lengthText);
  let sizeBytes = bodyBytes;
  if (isPart) {
    // Across origins the header may be hidden: then the body's length has to match.
    const range = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(headers.get('content-range') ?? '');
    const start = range ? Number(range[1]) : offsetBytes;
    if (range && range[3] !== '*') sizeBytes = Number(range[3]);
    else if (bodyBytes !== undefined) sizeBytes = offsetBytes + bodyBytes;
    const isKnown = range !== null || (bodyBytes !== undefined && earlier?.sizeBytes !== undefined);
    if (start !== offsetBytes || !isKnown || isEncoded) {
      throw new EngineError(
        'network',
        `'${url}': the server answered with other bytes than those asked for.`,
      );
    }
  }
  const [etag, lastModified] = [headers.get('etag'), headers.get('last-modified')];
  const identity = { sizeBytes, etag, lastModified, isEncoded };
  if (earlier) {
    for (const key of ['sizeBytes', 'etag', 'lastModified'] as const) {
      // Where one answer does not say, the other has to be believed.
      if ((earlier[key] ?? identity[key]) !== (identity[key] ?? earlier[key])) throw changed(url);
    }
  }
  return { response, skipBytes: isPart ? 0 : offsetBytes, identity };
}
