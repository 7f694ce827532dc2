/** A model folder on a web server. Interrupted downloads go on where they broke off. */
import { EngineError } from '../util/errors';
import { HeldBody } from './held-body';
import {
  bodyOf,
  certainSize,
  changed,
  dismiss,
  isSubstitutePage,
  readAnswer,
  type Answer,
  type FileIdentity,
} from './http-answer';
import type { ModelSource, OpenOptions, OpenedFile } from './model-source';
import { poolingFile } from './pooling-file';
import { Retries } from './retries';

/** How to reach the server. */
interface UrlSourceOptions {
  /** Instead of the global `fetch`. */
  readonly fetch?: typeof fetch;
  /** What follows a `?` in every file's URL, the `?` included. */
  readonly search?: string;
  /** Milliseconds before each further try after a failure; as many tries as there are entries. */
  readonly retryDelaysMs?: readonly number[];
  /** Files that are there, as far as the caller knows: a server that refuses one is an error (default: what every model has). */
  readonly isRequired?: (name: string) => boolean;
}

/** Statuses of a server that may answer another time. */
const passingStatuses = new Set([408, 425, 429, 500, 502, 503, 504]);
/** Statuses of a server that has no such file, or does not tell strangers whether it has. */
const absentStatuses = new Set([401, 403, 404, 410]);
/** Files without which there is no model. */
const requiredFiles = new Set(['config.json', 'tokenizer.json']);

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
  const urlOf = (name: string) => {
    const path = name === poolingFile ? name : encodeURIComponent(name);
    return new URL(`${path}${options.search ?? ''}`, base).href;
  };
  const { isRequired = (name: string) => requiredFiles.has(name) } = options;
  const client = new Client(urlOf('config.json'), options);
  return {
    id: base.href,
    readText: (name, signal) => client.readText(urlOf(name), isRequired(name), signal),
    open: (name, how) => client.open(urlOf(name), how),
  };
}

/** What is asked for. */
interface Wish {
  readonly offsetBytes?: number;
  /** Ask for so many bytes of the beginning, if the server knows ranges. */
  readonly headBytes?: number | undefined;
  readonly retries: Retries;
  readonly signal: AbortSignal | undefined;
  /** Of an earlier answer, of which this one is to be the rest. */
  readonly identity?: FileIdentity;
  /** Which answers mean that there is no such file; of a required one those that say so. */
  readonly isRequired?: boolean;
  /** Tries after which a request that is not answered at all may mean that too. */
  readonly maxTries?: number;
}

class Client {
  /** A file that has been there. */
  #knownUrl: string;
  readonly #fetch: typeof fetch;
  readonly #retryDelaysMs: readonly number[];
  /** Answers with a whole file where only its beginning was asked for, by URL. */
  readonly #held = new Map<string, { readonly body: HeldBody; readonly answer: Answer }>();

  /** @param requiredUrl A file that every model of the source has. */
  constructor(requiredUrl: string, { fetch, retryDelaysMs = [250, 500, 1000, 2000] }: UrlSourceOptions) {
    this.#knownUrl = requiredUrl;
    this.#fetch = fetch ?? ((input, init) => globalThis.fetch(input, init));
    this.#retryDelaysMs = retryDelaysMs;
  }

  async readText(url: string, isRequired: boolean, signal?: AbortSignal): Promise<string | undefined> {
    const retries = new Retries(this.#retryDelaysMs);
    for (;;) {
      const answer = await this.#request(url, { retries, signal, isRequired, maxTries: 1 });
      if (!answer) return undefined;
      try {
        return await answer.response.text();
      } catch (cause) {
        signal?.throwIfAborted();
        await retries.next(url, cause, signal);
      }
    }
  }

  async open(
    url: string,
    { offsetBytes = 0, headBytes, signal }: OpenOptions = {},
  ): Promise<OpenedFile | undefined> {
    const retries = new Retries(this.#retryDelaysMs);
    if (headBytes !== undefined) return this.#openHead(url, headBytes, retries, signal);
    const held = this.#held.get(url);
    this.#held.delete(url);
    // Weights are large: that a connection broke once does not mean that they are not there.
    const answer =
      held && !held.body.hasFailed
        ? { ...held.answer, skipBytes: offsetBytes, body: held.body.replay() }
        : await this.#request(url, { offsetBytes, retries, signal, maxTries: 2 });
    if (!answer) return undefined;
    const stream = this.#stream(url, answer, { offsetBytes, retries, signal });
    return { sizeBytes: certainSize(answer), stream };
  }

  /** The beginning of a file alone. A server that sends all of it is not asked again: the rest waits for who opens the file next. */
  async #openHead(
    url: string,
    headBytes: number,
    retries: Retries,
    signal: AbortSignal | undefined,
  ): Promise<OpenedFile | undefined> {
    for (;;) {
      const known = this.#held.get(url);
      const answer = known?.answer ?? (await this.#request(url, { headBytes, retries, signal, maxTries: 2 }));
      if (!answer) return undefined;
      try {
        const body = known?.body ?? new HeldBody(bodyOf(answer.response));
        const head = await body.head(headBytes);
        if (answer.response.status !== 206) this.#held.set(url, { body, answer });
        return { sizeBytes: certainSize(answer), stream: new Blob([head]).stream() };
      } catch (cause) {
        this.#held.delete(url);
        signal?.throwIfAborted();
        await retries.next(url, cause, signal);
      }
    }
  }

  /** The file from a byte on; undefined when the server has no such file. */
  async #request(url: string, wish: Wish): Promise<Answer | undefined> {
    const { offsetBytes = 0, retries, signal, identity, isRequired = false, maxTries = Infinity } = wish;
    for (let numTries = 1; ; numTries++) {
      signal?.throwIfAborted();
      let failure: unknown;
      try {
        const response = await this.#fetch(url, { headers: rangeOf(wish), ...(signal && { signal }) });
        if (response.ok) {
          if (!isSubstitutePage(response, url)) {
            this.#knownUrl = url;
            return readAnswer(response, url, offsetBytes, identity);
          }
          await dismiss(response);
          return undefined;
        }
        await dismiss(response);
        const { status, statusText } = response;
        if (status === 404 || status === 410 || (!isRequired && !identity && absentStatuses.has(status)))
          return undefined;
        if (status === 416) throw changed(url);
        failure = new Error(`the server answered ${status} ${statusText}`);
        if (!passingStatuses.has(status)) {
          throw new EngineError('network', `'${url}': ${(failure as Error).message}.`, { cause: failure });
        }
      } catch (error) {
        signal?.throwIfAborted();
        if (error instanceof EngineError) throw error;
        failure = error;
        // Across origins, and in an extension, that there is no such file is a fetch that fails, as without a network.
        if (!isRequired && !identity && numTries >= maxTries && (await this.#isReachable(url, signal)))
          return undefined;
      }
      await retries.next(url, failure, signal);
    }
  }

  /** Whether a file that is there can be had right now. */
  async #isReachable(url: string, signal: AbortSignal | undefined): Promise<boolean> {
    if (this.#knownUrl === url) return false;
    try {
      const response = await this.#fetch(this.#knownUrl, {
        headers: { Range: 'bytes=0-0' },
        ...(signal && { signal }),
      });
      await dismiss(response);
      return response.ok;
    } catch {
      signal?.throwIfAborted();
      return false;
    }
  }

  #stream(
    url: string,
    first: Answer,
    {
      offsetBytes,
      retries,
      signal,
    }: {
      readonly offsetBytes: number;
      readonly retries: Retries;
      readonly signal: AbortSignal | undefined;
    },
  ): ReadableStream<Uint8Array<ArrayBuffer>> {
    const { identity } = first;
    const sizeBytes = certainSize(first);
    let position = offsetBytes;
    let { skipBytes } = first;
    const closing = new AbortController();
    const ending = signal ? AbortSignal.any([signal, closing.signal]) : closing.signal;
    let reader = (first.body ?? bodyOf(first.response)).getReader();
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
        const answer = await this.#request(url, { offsetBytes: position, retries, signal: ending, identity });
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

/** Without If-Range: across origins it would cost a preflight, and the answer's identity is compared anyway. */
function rangeOf({ offsetBytes = 0, headBytes, identity }: Wish): HeadersInit {
  if (headBytes !== undefined) return { Range: `bytes=0-${headBytes - 1}` };
  return offsetBytes > 0 && !identity?.isEncoded ? { Range: `bytes=${offsetBytes}-` } : {};
}
