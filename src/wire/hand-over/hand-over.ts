/** The router behind `createFetch`: asks `route`, asks leave to move, and has a request answered there. Decides nothing itself. */
import type { ChatCompletion, ChatCompletionRequest } from '../../api/chat-completions';
import type { Completion, CompletionRequest } from '../../api/completions';
import { endedBy } from '../../util/ended-by';
import { EngineError } from '../../util/errors';
import { fetched } from '../../util/fetched';
import { wireErrorOf } from '../error-body';
import { answerFetch, errorResponse, type FetchArguments } from '../openai-fetch';
import { isStream, type ServedEngine } from '../served-engine';
import { readRequest, type ClientRequest } from './client-request';
import { DeviceLoad } from './device-load';
import { EngineWatch, type EngineSource, type EngineState } from './engine-state';
import { requestFacts } from './request-facts';
import {
  route as usualRoute,
  type MoveReason,
  type Route,
  type RoutedRequest,
  type RouteFacts,
} from './route';
import { askForAnswer, askServer, type ServerOptions, type ServerRequest } from './server';
import { continuedBody, documentOf, serverBody } from './server-request';
import { ToldSoFar, withoutTokenIds, type AnswerChunk } from './told-so-far';

/** What the router needs of an engine. */
export interface RoutableEngine extends ServedEngine {
  readonly contextTokens: number;
  countTokens(
    request: ChatCompletionRequest | CompletionRequest,
    options?: { readonly signal?: AbortSignal },
  ): Promise<number>;
  readonly documents: { text(id: string): Promise<string> };
}

/** A request that is about to go to the server. */
export interface Move {
  readonly why: MoveReason;
  /** Whether the text of the request's `document` goes with it. */
  readonly sendsDocument: boolean;
  /** Whether the engine's answer has begun, and the server goes on with it. */
  readonly hasBegun: boolean;
  /** Fields of the request that the server will not honour. */
  readonly lost: readonly string[];
}

/** What a router works with. */
export interface HandOverOptions<Engine> {
  /** The engine, or the promise of one, or nothing; or a function that says so anew for each request. */
  readonly engine?: EngineSource<Engine>;
  /** Where requests may go; without it nothing leaves the page. */
  readonly server?: ServerOptions;
  /** Decides in the place of the usual route, which it is told. */
  readonly route?: (request: RoutedRequest, facts: RouteFacts, usual: Route) => Route;
  /** Told before a request goes to the server; false, or the promise of it, keeps it with the engine. */
  readonly onMove?: (move: Move) => unknown;
}

/** A request that the engine answers. */
interface DeviceRequest extends ClientRequest {
  /** It may not move: somebody was asked already. */
  readonly isKept: boolean;
}

type Answer<Whole> = Whole | AsyncGenerator<AnswerChunk, void, undefined>;

/** Routes requests; one for each `createFetch`, since it counts what it has on the engine. */
export class HandOver<Engine extends RoutableEngine> {
  readonly #options: HandOverOptions<Engine>;
  readonly #watch: EngineWatch<Engine>;
  readonly #load = new DeviceLoad();

  constructor(options: HandOverOptions<Engine>) {
    this.#options = options;
    this.#watch = new EngineWatch(options.engine);
  }

  /** Answers as `fetch` does. @throws as `fetch` does, where the server cannot be reached; what `route` and `onMove` throw */
  async fetch(...[input, init]: FetchArguments): Promise<Response> {
    const request = await readRequest(
      new Request(typeof input === 'string' ? new URL(input, 'http://localhost/') : input, init),
    );
    const state = await this.#watch.look();
    const moved = await this.#tryServer(request, state);
    if (typeof moved === 'object') return moved;
    try {
      const engine = await engineOf(state, request.signal);
      const { url, method, headers, bytes, signal } = request;
      const body = bytes.byteLength > 0 ? { body: bytes } : {};
      return await answerFetch(this.#guarded(engine, { ...request, isKept: moved === 'forbidden' }), url, {
        method,
        headers,
        signal,
        ...body,
      });
    } catch (error) {
      request.signal.throwIfAborted();
      return errorResponse(wireErrorOf(error));
    }
  }

  /** The server's answer; undefined, or `'forbidden'`, where the engine is to answer. */
  async #tryServer(
    request: ClientRequest,
    state: EngineState<Engine>,
  ): Promise<Response | 'forbidden' | undefined> {
    const { server } = this.#options;
    if (!server) return undefined;
    const chosen = this.#route(request, await this.#facts(request, state));
    if (chosen.to === 'device') return undefined;
    if (!(await this.#mayMove(request, chosen.why))) return 'forbidden';
    // The engine can answer too, now or soon.
    const isChoice = chosen.why === 'busy' || chosen.why === 'loading';
    try {
      const response = await askServer(server, await this.#serverRequest(server, request, state));
      const hasRoom = response.status !== 429 && response.status < 500;
      if (hasRoom || !isChoice) return response;
      await response.body?.cancel();
    } catch (error) {
      request.signal.throwIfAborted();
      if (!isChoice) throw error;
    }
    return undefined;
  }

  #route(request: RoutedRequest, facts: RouteFacts): Route {
    const usual = usualRoute(request, facts);
    return this.#options.route?.(request, facts, usual) ?? usual;
  }

  async #facts(request: ClientRequest, state: EngineState<Engine>): Promise<RouteFacts> {
    const known = this.#knownFacts(state);
    if (state.device !== 'ready') return known;
    return { ...known, ...(await requestFacts(state.engine, request, request.signal)) };
  }

  /** The facts that do not depend on the request. */
  #knownFacts(state: EngineState<Engine>): RouteFacts {
    const { numRunning, numWaiting } = this.#load;
    const serverModel = this.#options.server?.model;
    const common = {
      device: state.device,
      numRunning,
      numWaiting,
      ...(serverModel !== undefined && { serverModel }),
    };
    if (state.device === 'ready') {
      const { model, aliases, contextTokens } = state.engine;
      return { ...common, deviceModels: [model, ...aliases], contextTokens };
    }
    const error = state.device === 'failed' ? state.error : undefined;
    return { ...common, deviceModels: [], ...(error instanceof EngineError && { errorCode: error.code }) };
  }

  async #mayMove(request: RoutedRequest, why: MoveReason, hasBegun = false): Promise<boolean> {
    const { lost } = serverBody(request);
    const sendsDocument = documentOf(request) !== undefined;
    return (await this.#options.onMove?.({ why, sendsDocument, hasBegun, lost })) !== false;
  }

  async #serverRequest(
    server: ServerOptions,
    request: ClientRequest,
    state: EngineState<Engine>,
  ): Promise<ServerRequest> {
    const { url, method, headers, bytes, signal } = request;
    const isJson = Object.keys(request.body).length > 0;
    const document = documentOf(request);
    const documentText = document && (await textOf(document, state));
    const { model } = server;
    const named = {
      ...(model !== undefined && { model }),
      ...(documentText !== undefined && { documentText }),
    };
    const body = isJson ? serverBody(request, named).body : bytes.byteLength > 0 ? bytes : undefined;
    return { url, method, headers, body, signal };
  }

  /** The engine as `request` meets it: counted, and with the server to go on where it fails. */
  #guarded(engine: Engine, request: DeviceRequest): ServedEngine {
    const { model, aliases, chat, completions, embeddings } = engine;
    // A request of the Responses API is a chat by now.
    const chatRequest = (body: object) => ({
      ...request,
      path: '/chat/completions',
      url: request.url.replace(/\/responses(?=\/*(?:$|\?))/, '/chat/completions'),
      body: body as Record<string, unknown>,
    });
    return {
      model,
      aliases,
      chat: {
        completions: {
          create: (body, options) =>
            this.#answer<ChatCompletion>(chatRequest(body), engine, (asked) =>
              chat.completions.create(asked as unknown as ChatCompletionRequest, options),
            ) as ReturnType<typeof chat.completions.create>,
        },
      },
      completions: {
        create: (body, options) =>
          this.#answer<Completion>({ ...request, body: { ...body } }, engine, (asked) =>
            completions.create(asked as unknown as CompletionRequest, options),
          ) as ReturnType<typeof completions.create>,
      },
      embeddings,
    };
  }

  async #answer<Whole extends object>(
    request: DeviceRequest,
    engine: Engine,
    create: (body: Readonly<Record<string, unknown>>) => Promise<Answer<Whole>>,
  ): Promise<Answer<object>> {
    const counted = this.#load.begin();
    const { body } = request;
    const countsTokens = this.#canGoOn(request) && body.return_token_ids !== true;
    let answer: Answer<Whole>;
    try {
      answer = await create(countsTokens ? { ...body, return_token_ids: true } : body);
    } catch (error) {
      counted.ended();
      return this.#rescue(request, engine, error, new ToldSoFar());
    }
    if (!isStream<AnswerChunk>(answer)) {
      counted.ended();
      return answer;
    }
    const chunks = this.#followed(answer, request, engine, counted.begun);
    return endedBy(countsTokens ? mapped(chunks, withoutTokenIds) : chunks, counted.ended);
  }

  async *#followed(
    chunks: AsyncGenerator<AnswerChunk, void, undefined>,
    request: DeviceRequest,
    engine: Engine,
    onBegun: () => void,
  ): AsyncGenerator<AnswerChunk, void, undefined> {
    const told = new ToldSoFar();
    let rest: AsyncGenerator<AnswerChunk, void, undefined>;
    try {
      for await (const chunk of chunks) {
        told.take(chunk);
        if (told.hasBegun) onBegun();
        yield chunk;
      }
      return;
    } catch (error) {
      rest = (await this.#rescue(request, engine, error, told)) as typeof rest;
    }
    for await (const chunk of rest) yield told.joined(chunk);
  }

  /** Whether the server can go on with an answer that has begun. */
  #canGoOn({ path, body }: ClientRequest): boolean {
    const { server } = this.#options;
    const isPlain = (body.logprobs ?? false) === false && (body.response_format ?? undefined) === undefined;
    return (
      body.stream === true &&
      isPlain &&
      server !== undefined &&
      (path === '/completions' || server.continues === true)
    );
  }

  /** The server's answer, or the rest of it, where the engine has failed. @throws `error` where it is not to be had */
  async #rescue(
    request: DeviceRequest,
    engine: Engine,
    error: unknown,
    told: ToldSoFar,
  ): Promise<Answer<object>> {
    const { server } = this.#options;
    const { signal } = request;
    if (!server || request.isKept || signal.aborted || !(error instanceof EngineError)) throw error;
    const isRest = told.hasBegun;
    if (isRest && !(this.#canGoOn(request) && told.isPlainText)) throw error;
    const state = { device: 'ready', engine } as const;
    const chosen = this.#route(request, { ...this.#knownFacts(state), errorCode: error.code });
    const body = isRest ? continuedBody(request, told.text, told.numTokens) : request.body;
    if (chosen.to === 'device' || !body || !(await this.#mayMove(request, chosen.why, isRest))) throw error;
    return askForAnswer(server, await this.#serverRequest(server, { ...request, body }, state));
  }
}

async function engineOf<Engine>(state: EngineState<Engine>, signal: AbortSignal): Promise<Engine> {
  switch (state.device) {
    case 'ready':
      return state.engine;
    case 'failed':
      throw state.error;
    case 'absent':
      throw new EngineError('disposed', 'No engine is loaded, and the request may not go to a server.');
    case 'loading':
      signal.throwIfAborted();
      return new Promise<Engine>((resolve, reject) => {
        const onAbort = () => reject(signal.reason as Error);
        signal.addEventListener('abort', onAbort, { once: true });
        state.loaded.then(resolve, reject).then(() => signal.removeEventListener('abort', onAbort));
      });
  }
}

/** The text that a request is about, whether or not there is an engine. */
async function textOf<Engine extends RoutableEngine>(
  document: NonNullable<ReturnType<typeof documentOf>>,
  state: EngineState<Engine>,
): Promise<string> {
  if ('text' in document) return document.text;
  if ('id' in document && state.device === 'ready') return state.engine.documents.text(document.id);
  const { keptText, keptTexts } = await fetched(import('../../documents/kept-text'));
  return 'id' in document ? keptText(document.id) : keptTexts(document.ids);
}

async function* mapped<T>(
  values: AsyncGenerator<T, void, undefined>,
  map: (value: T) => T,
): AsyncGenerator<T, void, undefined> {
  for await (const value of values) yield map(value);
}
