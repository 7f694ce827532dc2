/** The fetch door: requests to OpenAI's API, answered by an engine in the page. No network, and no shape of its own. */
import type { ChatCompletionRequest } from '../api/chat-completions';
import type { CompletionRequest } from '../api/completions';
import type { EmbeddingRequest } from '../api/embeddings';
import { quoted } from '../api/request-reader';
import { wireError, wireErrorOf, type WireError } from './error-body';
import { eventStream, type ServerEvent } from './event-stream';
import { ResponsesAnswer } from './responses-answer';
import { chatRequestOf } from './responses-request';
import { isStream, type ServedEngine } from './served-engine';

/** What `fetch` takes. */
export type FetchArguments = Parameters<typeof fetch>;

/** A request that a route answers. */
interface RoutedRequest {
  readonly engine: ServedEngine;
  readonly body: Record<string, unknown>;
  readonly signal: AbortSignal;
}

type Route = (request: RoutedRequest) => Promise<Response>;

const posts: Readonly<Record<string, Route>> = {
  '/chat/completions': async ({ engine, body, signal }) => {
    const answer = await engine.chat.completions.create(body as unknown as ChatCompletionRequest, { signal });
    return isStream(answer) ? streamResponse(chunkEvents(answer), signal) : jsonResponse(200, answer);
  },
  '/completions': async ({ engine, body, signal }) => {
    const answer = await engine.completions.create(body as unknown as CompletionRequest, { signal });
    return isStream(answer) ? streamResponse(chunkEvents(answer), signal) : jsonResponse(200, answer);
  },
  '/embeddings': async ({ engine, body, signal }) =>
    jsonResponse(200, await engine.embeddings.create(body as unknown as EmbeddingRequest, { signal })),
  '/responses': async ({ engine, body, signal }) => {
    const { chat, settings } = chatRequestOf(body);
    const answer = await engine.chat.completions.create(chat, { signal });
    const response = new ResponsesAnswer(settings, engine.model);
    return isStream(answer)
      ? streamResponse(response.events(answer), signal)
      : jsonResponse(200, response.whole(answer));
  },
};

/**
 * Answers like `fetch` to a server of OpenAI's API whose only model is the engine's: POST to any URL that ends with
 * /chat/completions, /completions, /responses or /embeddings, GET of …/models and …/models/{id}, and 404 with an error body for the rest. Where
 * the URL leads does not matter, nor do headers. An answer that is streamed has its status once it has begun.
 * @throws the reason of the request's signal when aborted; TypeError, as `fetch`, for what is no request
 */
export async function answerFetch(engine: ServedEngine, ...[input, init]: FetchArguments): Promise<Response> {
  const request = new Request(typeof input === 'string' ? new URL(input, 'http://localhost/') : input, init);
  request.signal.throwIfAborted();
  try {
    return await answer(engine, request);
  } catch (error) {
    request.signal.throwIfAborted();
    return errorResponse(wireErrorOf(error));
  }
}

async function answer(engine: ServedEngine, request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  const path = pathname.replace(/\/+$/, '');
  const name = Object.keys(posts).find((known) => path.endsWith(known));
  const models = /\/models(?:\/(.+))?$/.exec(path);
  if (!name && !models) {
    return errorResponse(wireError(404, `There is no ${pathname} here.`, { code: 'unknown_url' }));
  }
  const method = name ? 'POST' : 'GET';
  if (request.method !== method) {
    const message = `${pathname} takes ${method}, not ${request.method}.`;
    return errorResponse(wireError(405, message, { code: 'method_not_supported' }), { allow: method });
  }
  if (!name) return describeModels(engine, models![1]);
  const body = parseBody(await request.text());
  if ('status' in body) return errorResponse(body);
  const { model } = body.fields;
  if (typeof model === 'string' && !namesOf(engine).includes(model)) return errorResponse(noModel(model));
  // Of two names that end alike the longer one is meant: /chat/completions is no /completions.
  return posts[name]!({ engine, body: body.fields, signal: request.signal });
}

function parseBody(text: string): { fields: Record<string, unknown> } | WireError {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return wireError(400, `The body is no JSON: ${error instanceof Error ? error.message : String(error)}.`);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return { fields: value as Record<string, unknown> };
  }
  return wireError(400, 'The body must be a JSON object.');
}

function namesOf({ model, aliases }: ServedEngine): string[] {
  return [model, ...aliases];
}

function noModel(id: string): WireError {
  const message = `The model ${quoted(id)} is not loaded here; GET …/models names those that are.`;
  return wireError(404, message, { code: 'model_not_found', param: 'model' });
}

function describeModels(engine: ServedEngine, id: string | undefined): Response {
  const models = namesOf(engine).map((name) => ({
    id: name,
    object: 'model',
    created: 0,
    owned_by: 'longpage',
  }));
  if (id === undefined) return jsonResponse(200, { object: 'list', data: models });
  const wanted = models.find((model) => model.id === id || encodeURIComponent(model.id) === id);
  return wanted ? jsonResponse(200, wanted) : errorResponse(noModel(id));
}

async function* chunkEvents(chunks: AsyncGenerator<object, void>): AsyncGenerator<ServerEvent, void> {
  for await (const chunk of chunks) yield { data: chunk };
  yield { data: '[DONE]' };
}

/** A stream that has begun: what fails before the first event is thrown, and has a status; later it is an event. */
async function streamResponse(
  events: AsyncGenerator<ServerEvent, void>,
  signal: AbortSignal,
): Promise<Response> {
  const first = await events.next();
  async function* rest(): AsyncGenerator<ServerEvent, void> {
    try {
      if (first.done) return;
      yield first.value;
      yield* events;
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      yield { data: wireErrorOf(error).body };
    } finally {
      await events.return();
    }
  }
  return new Response(eventStream(rest()), {
    headers: { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' },
  });
}

function jsonResponse(status: number, value: unknown, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(value), {
    status,
    headers: { 'content-type': 'application/json', ...headers },
  });
}

/** An error as a response. */
export function errorResponse({ status, body }: WireError, headers: Record<string, string> = {}): Response {
  // Nothing changes by itself that would make the same request succeed.
  return jsonResponse(status, body, { 'x-should-retry': 'false', ...headers });
}
