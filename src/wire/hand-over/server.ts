/** The server beside the engine: how it is asked. Answers are its own. */
import { EngineError } from '../../util/errors';
import { isJsonObject } from '../../util/json';
import { readEvents } from './read-events';
import { serverUrl } from './server-request';
import type { AnswerChunk } from './told-so-far';

/** A server of OpenAI's API. */
export interface ServerOptions {
  /** The URL that its endpoints are under, such as `https://llm.example.com/v1`. */
  readonly baseURL: string;
  /** What requests that move call its model (default: as the request does). One that asks for it by this name is the server's. */
  readonly model?: string;
  /** What every request brings, such as `authorization`, or a function that says so anew for each. The client's key is not sent. */
  readonly headers?: HeadersInit | (() => HeadersInit | PromiseLike<HeadersInit>);
  /** Asks it in another way (default: the page's `fetch`). */
  readonly fetch?: typeof globalThis.fetch;
  /**
   * The server goes on with a message that has begun, as vLLM does (`continue_final_message`): then a streamed chat whose engine fails
   * in the middle goes on there (default false). Raw completions go on anywhere.
   */
  readonly continues?: boolean;
}

/** One request for it. */
export interface ServerRequest {
  /** The URL that the client asked. */
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  /** A JSON body, or bytes of another kind. */
  readonly body: Readonly<Record<string, unknown>> | ArrayBuffer | undefined;
  readonly signal: AbortSignal;
}

/** What a server needs to know of a client's headers; others would only make browsers ask for leave, and tell it the client's key. */
const passedHeaders = ['accept', 'content-type'];

/** Its answer, whatever that is. @throws as `fetch` does */
export async function askServer(
  { baseURL, headers, fetch = globalThis.fetch }: ServerOptions,
  { url, method, headers: given, body, signal }: ServerRequest,
): Promise<Response> {
  const sent = new Headers(typeof headers === 'function' ? await headers() : headers);
  for (const name of passedHeaders) {
    const value = given.get(name);
    if (value !== null && !sent.has(name)) sent.set(name, value);
  }
  const text = body instanceof ArrayBuffer ? body : body && JSON.stringify(body);
  return fetch(serverUrl(baseURL, url), { method, headers: sent, signal, ...(text && { body: text }) });
}

/**
 * The answer to a completion: the whole, or its chunks, as the body's `stream` says.
 * @throws EngineError `network` where the server cannot be reached or refuses, with its words
 */
export async function askForAnswer(
  server: ServerOptions,
  request: ServerRequest,
): Promise<object | AsyncGenerator<AnswerChunk, void, undefined>> {
  let response: Response;
  try {
    response = await askServer(server, request);
  } catch (cause) {
    request.signal.throwIfAborted();
    throw new EngineError('network', 'The server cannot be reached.', { cause });
  }
  if (!response.ok) {
    throw new EngineError(
      'network',
      `The server refused with status ${response.status}: ${await wordsOf(response)}`,
    );
  }
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') ?? false;
  if (!isStream || !response.body) return (await response.json()) as object;
  return readEvents(response.body);
}

async function wordsOf(response: Response): Promise<string> {
  const text = await response.text();
  try {
    const body: unknown = JSON.parse(text);
    const { message } = (isJsonObject(body) && isJsonObject(body.error) ? body.error : {}) as {
      message?: unknown;
    };
    if (typeof message === 'string') return message;
  } catch {
    // No JSON: then it says what it says.
  }
  return text.slice(0, 200);
}
