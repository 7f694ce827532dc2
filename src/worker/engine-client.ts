/** `Engine`: what an application holds. A thin client of the worker in which the engine itself lives. */
import {
  creators,
  readChatRequest,
  type CreateChatCompletion,
  type CreateCompletion,
  type Generate,
  type RequestOptions,
} from '../api/create';
import type { ChatCompletionRequest } from '../api/chat-completions';
import type { CompletionRequest } from '../api/completions';
import type { EmbeddingRequest, EmbeddingResponse } from '../api/embeddings';
import { checkedInteger, describe } from '../api/request-reader';
import type { RequestContext } from '../api/validate-options';
import type { CacheEvent } from '../runner/cache-event';
import type { CacheMap } from '../runner/cache-map';
import type { ModelCheck } from '../engine/check-model';
import type { EnginePlan } from '../engine/engine-plan';
import type { RecoveryEvent } from '../engine/recovery';
import type { EngineStats } from '../engine/stats';
import { isHubName, type HubLocation } from '../source/hub-name';
import type { ModelLocation } from '../source/open-model-source';
import type { HeadProfile } from '../stability/head-profile';
import { EngineError } from '../util/errors';
import { fetched } from '../util/fetched';
import { deserializeError } from '../api/errors';
import { Connection, notStarted } from './connection';
import type { Endpoint } from './endpoint';
import { EngineDocuments } from './engine-documents';
import { checkLoadOptions, checkPlanOptions, type LoadOptions } from './load-options';
import type { ModelDescription } from './protocol';

/** How long a worker has to end by itself: one that is busy for ever is ended in the end. */
const disposeGraceMs = 4000;

/** A loaded model. All methods reject with `EngineError` `disposed` after `dispose()`. */
export class Engine {
  /** Name of the loaded model, as answers give it. */
  readonly model: string;
  /** Further names that requests may call it by. */
  readonly aliases: readonly string[];
  /** Tokens that one request may have, prompt and answer. */
  readonly contextTokens: number;
  /** Chat, in OpenAI's shape. */
  readonly chat: { readonly completions: { readonly create: CreateChatCompletion } };
  /** Raw completion, in OpenAI's legacy shape. */
  readonly completions: { readonly create: CreateCompletion };
  /** Texts as vectors of the length 1, in OpenAI's shape: `create` throws for a wrong request as that of chats does. */
  readonly embeddings: {
    readonly create: (request: EmbeddingRequest, options?: RequestOptions) => Promise<EmbeddingResponse>;
  };
  /**
   * Answers as `fetch` to a server of OpenAI's API would, with no network: for clients that take a `fetch` of their own. Knows POST
   * …/chat/completions, …/completions, …/responses and …/embeddings and GET …/models and …/models/{id}, whatever comes before; the rest is 404.
   * @throws the signal's reason when aborted; EngineError `network` when that part of the library cannot be fetched
   */
  readonly fetch: typeof globalThis.fetch;
  /** Documents that are read once and kept. */
  readonly documents: EngineDocuments;
  readonly #connection: Connection;
  readonly #context: Required<Pick<RequestContext, 'modelName' | 'aliases' | 'vocabSize' | 'sampling'>> &
    Pick<RequestContext, 'chatTemplate'>;
  #disposing: Promise<void> | undefined;

  private constructor(
    connection: Connection,
    { name, aliases }: { readonly name: string; readonly aliases: readonly string[] },
    { contextTokens, vocabSize, chatTemplate, sampling }: ModelDescription,
  ) {
    this.#connection = connection;
    this.aliases = aliases;
    this.documents = new EngineDocuments(connection);
    this.model = name;
    this.contextTokens = contextTokens;
    this.#context = { modelName: name, aliases, vocabSize, chatTemplate, sampling };
    const generate: Generate = (request, signal) => connection.generate(request, signal);
    const { createChat, createCompletion } = creators(generate, this.#context);
    this.chat = { completions: { create: createChat } };
    this.completions = { create: createCompletion };
    this.embeddings = {
      create: async (request, options) => {
        const { createEmbeddings } = await fetched(import('../api/embeddings'));
        return createEmbeddings(request, this.#context, (wish) => connection.call('embed', wish, options));
      },
    };
    this.fetch = async (...request) => {
      const { answerFetch } = await fetched(import('../wire/openai-fetch'));
      return answerFetch(this, ...request);
    };
  }

  /**
   * Loads a model from the URL of its folder or GGUF file (relative to the page), from picked files, from a directory handle, or by its
   * name on the hub: `owner/name`, `owner/name:Q4_K_M` for one of its GGUF files, `owner/name@revision`. Such a model is kept in the
   * browser: a download that breaks off goes on at the next load, and later loads need the network only to ask for newer files.
   * @throws TypeError or RangeError for wrong options; EngineError `webgpu-unavailable`, `model-unsupported`,
   * `weights-corrupt`, `network`, `gpu-memory`, `limit-too-small`, `device-lost`, `worker-failed`; the signal's reason when aborted
   */
  static async load(location: ModelLocation, options: LoadOptions = {}): Promise<Engine> {
    const { onProgress, signal, profiles, aliases = [], hub, worker, ...rest } = checkLoadOptions(options);
    const settings = { ...rest, ...(profiles !== undefined && { profiles: absoluteUrl(profiles) }) };
    // From the first moment on: a worker whose script cannot be had says so once, and it may be while this part is fetched.
    let hasNotStarted = false;
    worker?.addEventListener('error', (event: Event) => (hasNotStarted ||= !(event as ErrorEvent).message));
    const elsewhere = worker && (await fetched(import('./elsewhere')));
    if (hasNotStarted) throw notStarted();
    const connection = await connect(signal, elsewhere?.endpointOf(worker!));
    try {
      const lock = await elsewhere?.holdLock(connection.closed);
      const argument = { location: locationOf(location, hub), settings, lock };
      const description = await connection.call('load', argument, { signal, onProgress });
      return new Engine(connection, { name: nameOf(location), aliases: [...aliases] }, description);
    } catch (error) {
      connection.close(new EngineError('disposed', 'The model was not loaded.', { cause: error }));
      throw error;
    }
  }

  /**
   * What `load` would come to, by the GPU and the headers of the model's files: nothing of its weights is fetched, and nothing stays
   * allocated. What speaks against it is the `error` of the answer.
   * @throws TypeError or RangeError for wrong options; EngineError `worker-failed`, and `webgpu-unavailable` outside of pages; the
   * signal's reason when aborted
   */
  static async check(
    location: ModelLocation,
    options: Pick<
      LoadOptions,
      'weights' | 'kv' | 'hub' | 'useDefaultLimits' | 'disabledFeatures' | 'signal'
    > = {},
  ): Promise<ModelCheck> {
    const { signal, hub, ...settings } = checkLoadOptions(options);
    const argument = { location: locationOf(location, hub), settings };
    const connection = await connect(signal);
    try {
      const { error, ...known } = await connection.call('check', argument, { signal });
      return { ...known, ...(error && { error: deserializeError(error) as EngineError }) };
    } finally {
      connection.close(new EngineError('disposed', 'The model was only looked at.'));
    }
  }

  /**
   * GPU bytes by category that an engine for `contextTokens`, or with other `kv` options, takes, before anything is allocated for it.
   * @throws EngineError `gpu-memory` when that exceeds `kv.gpuBytes`, with the bytes and the nearest context that fits; TypeError or
   * RangeError for wrong options
   */
  async plan(options: Parameters<typeof checkPlanOptions>[0] = {}): Promise<EnginePlan> {
    return this.#connection.call('plan', checkPlanOptions(options));
  }

  /**
   * The token ids of a text, as the model's tokenizer gives them; with `addSpecialTokens` those that the model's files put around a
   * prompt, such as BOS, too (default false).
   * @throws TypeError for what is no text; EngineError `model-unsupported` where the vocabulary has no way to write it
   */
  async tokenize(
    text: string,
    { addSpecialTokens = false, signal }: RequestOptions & { readonly addSpecialTokens?: boolean } = {},
  ): Promise<number[]> {
    if (typeof text !== 'string') throw new TypeError(`A text is a string, not ${describe(text)}.`);
    return this.#connection.call('tokenize', { text, addSpecialTokens }, { signal });
  }

  /** The text of token ids, special tokens included. @throws TypeError, RangeError for what is no list of the model's ids */
  async detokenize(ids: readonly number[]): Promise<string> {
    if (!Array.isArray(ids)) throw new TypeError(`Token ids are a list, not ${describe(ids)}.`);
    const range = { min: 0, max: this.#context.vocabSize - 1 };
    const checked = ids.map((id: unknown, i) => checkedInteger(id, `ids[${i}]`, range));
    return this.#connection.call('detokenize', checked);
  }

  /**
   * Tokens that a prompt has before its answer: of a plain text, or of a request as either `create` takes it, template and document
   * included. A kept document is opened for it.
   * @throws as the `create` of that request does for a wrong one; EngineError `context-too-long`
   */
  async countTokens(
    prompt: string | ChatCompletionRequest | CompletionRequest,
    { signal }: RequestOptions = {},
  ): Promise<number> {
    const { request } =
      typeof prompt === 'object' && prompt !== null && 'messages' in prompt
        ? await readChatRequest(prompt, this.#context)
        : (await fetched(import('../api/legacy-completions'))).validateCompletionRequest(
            typeof prompt === 'string' ? { prompt } : prompt,
            this.#context,
          );
    return this.#connection.call('countTokens', request.prompt, { signal });
  }

  /** What the engine uses and does at this moment. */
  stats(): Promise<EngineStats> {
    return this.#connection.call('stats', undefined);
  }

  /** Where the pages are of the sequence that ran last: on the GPU, in memory, on the disk; and which are attended. */
  cacheMap(): Promise<CacheMap> {
    return this.#connection.call('cacheMap', undefined);
  }

  /**
   * Calls `listener` whenever pages come back to the GPU, or an answer has to wait for some.
   * @returns a function that ends it
   * @throws EngineError `disposed`
   */
  onCacheEvent(listener: (event: CacheEvent) => void): () => void {
    if (typeof listener !== 'function') throw new TypeError('A listener of cache events must be a function.');
    return this.#connection.watchCache(listener);
  }

  /**
   * Notes what the engine does and when: steps, dispatches, reranks, reloads, and stalls with their cause. Resolves to the function
   * that ends it and resolves to the file, JSON in Chrome's trace event format, for https://ui.perfetto.dev or chrome://tracing.
   * Tracing costs some microseconds a dispatch.
   * @throws RangeError while another trace is taken; EngineError `network`
   */
  async trace(): Promise<() => Promise<Blob>> {
    await this.#connection.call('startTrace', undefined);
    let file: Promise<Blob> | undefined;
    return () => (file ??= this.#connection.call('stopTrace', undefined));
  }

  /**
   * How stable the model's KV heads were where that was measured (`kv.measureStability`), earlier loads included: what `kv.headProfile`
   * takes. Undefined before the first whole chunk of steps.
   */
  headProfile(): Promise<HeadProfile | undefined> {
    return this.#connection.call('headProfile', undefined);
  }

  /**
   * Tells `listener` when the GPU device is lost and how the engine gets another one; meanwhile answers pause. Returns the
   * function that ends it.
   */
  onRecovery(listener: (event: RecoveryEvent) => void): () => void {
    if (typeof listener !== 'function') throw new TypeError('A listener of recoveries must be a function.');
    const own = (event: RecoveryEvent) => listener(event);
    this.#connection.recoveryListeners.add(own);
    return () => void this.#connection.recoveryListeners.delete(own);
  }

  /**
   * Ends all requests, frees everything on the GPU and ends the worker, within 5 s: a worker that does not answer by then is ended
   * where it stands, and what it has left on the disk is deleted when the next engine loads. A second call waits for the same.
   */
  dispose(): Promise<void> {
    return (this.#disposing ??= this.#dispose());
  }

  /** `await using engine = await Engine.load(…)`: disposed at the end of the block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  async #dispose(): Promise<void> {
    if (this.#connection.isClosed) return;
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(), disposeGraceMs);
    try {
      await this.#connection.call('dispose', undefined, { signal: patience.signal });
    } catch (error) {
      if (!patience.signal.aborted) throw error;
    } finally {
      clearTimeout(timer);
      this.#connection.close(new EngineError('disposed', 'This engine was disposed; load a new one.'));
    }
  }
}

/**
 * A connection to `given`, or to a worker of one's own; where there are no workers, as in a shared worker, to this thread.
 * @throws EngineError `webgpu-unavailable` where there is neither worker nor WebGPU, `worker-failed`, `network`; TypeError for an endpoint in use;
 * the signal's reason when aborted
 */
async function connect(signal: AbortSignal | undefined, given?: Endpoint): Promise<Connection> {
  signal?.throwIfAborted();
  const onWarning = (message: string) => console.warn(message);
  if (given) return new Connection(given, false, onWarning);
  if (typeof Worker !== 'undefined') return new Connection(startWorker(), true, onWarning);
  if (!globalThis.navigator?.gpu) {
    throw new EngineError('webgpu-unavailable', 'There is no WebGPU here.');
  }
  let part;
  try {
    part = await import('./elsewhere');
  } catch (cause) {
    throw new EngineError(
      'worker-failed',
      'There are no workers here, and a part of the library cannot be had. In a service worker, which may not import(), ' +
        "bundle all into one script, 'longpage/worker' with it.",
      { cause },
    );
  }
  return new Connection(await part.engineHere(), false, onWarning);
}

/** Name of the worker's script in `dist`; not a literal below, since bundlers would take it for a file to copy. */
const builtWorker = 'engine-worker.js';

/** @throws EngineError `worker-failed`; a script that cannot be had is told by an event instead */
function startWorker(): Worker {
  try {
    return new Worker(new URL('./engine-worker.ts', import.meta.url), { type: 'module' });
  } catch (cause) {
    if (!(cause instanceof DOMException && cause.name === 'SecurityError')) throw notStarted(cause);
    // The library is on another origin, as on a CDN: a script of the page's own may import what a worker may not be.
    const source = `import ${JSON.stringify(new URL(builtWorker, import.meta.url).href)};`;
    const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
    return new Worker(url, { type: 'module' });
  }
}

function locationOf(location: ModelLocation, hubUrl: string | undefined): ModelLocation | HubLocation {
  if (typeof location !== 'string') return location;
  return isHubName(location, hubUrl) ? { hubName: location, hubUrl } : absoluteUrl(location);
}

function absoluteUrl(location: string): string {
  try {
    return new URL(location, globalThis.location?.href).href;
  } catch (cause) {
    throw new TypeError(`'${location}' is not the URL of a folder.`, { cause });
  }
}

/** The folder's own name, or what a person would call picked files. */
function nameOf(location: ModelLocation): string {
  if (typeof location === 'string') return location.replace(/\/+$/, '').split('/').at(-1) || 'model';
  if ('name' in location) return location.name;
  const [first] = location instanceof Blob ? [] : location;
  return first?.webkitRelativePath.split('/')[0] || 'model';
}
