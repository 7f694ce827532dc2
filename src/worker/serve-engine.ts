/** The worker's end of the protocol: answers the calls of a client, whose engine others may use too. */
import { EngineCore } from '../engine/engine';
import { disposedError } from '../engine/device-side';
import { enginePlanOf } from '../engine/engine-plan';
import { openModelSource } from '../source/open-model-source';
import { assert } from '../util/assert';
import { EngineError } from '../util/errors';
import { fetched } from '../util/fetched';
import { deserializeError, serializeError } from '../api/errors';
import type { Endpoint } from './endpoint';
import type { Calls, CallName, ClientMessage, DocumentCalls, Handlers, WorkerMessage } from './protocol';
import { SharedEngines, type EngineUser, type LoadEngine } from './shared-engines';

/** Those that this worker's clients use. */
const engines = new SharedEngines<EngineCore>();

/**
 * Lets whoever holds the other end load an engine and ask it: call it in a worker with each end of a connection. Those who load the same
 * model with the same options share one engine, with its own requests and errors each; picked files are never shared. It is freed when
 * the last of them has disposed of theirs, or their ends are closed, as those of a closed tab are.
 */
export function serveEngine(endpoint: Endpoint): void {
  new EngineServer(endpoint).start();
}

/** One client's end. */
class EngineServer {
  readonly #endpoint: Endpoint;
  /** Calls that run and may be aborted. */
  readonly #running = new Map<number, AbortController>();
  #use: ReturnType<typeof engines.use> | undefined;
  #engine: EngineCore | undefined;
  #stopRecovery: (() => void) | undefined;
  #stopWatching: (() => void) | undefined;
  #stopTrace: (() => string) | undefined;

  readonly #handlers: Handlers<Exclude<CallName, keyof DocumentCalls>> = {
    load: (argument, id, signal) => this.#load(argument, id, signal),
    generate: async (request, id, signal) => {
      const events = await this.#loaded().accept(request, signal);
      this.#send({ kind: 'accepted', id });
      for await (const event of events) this.#send({ kind: 'event', id, event });
      return undefined;
    },
    check: async ({ location, settings }, _id, signal) => {
      const { checkModel } = await fetched(import('../engine/check-model'));
      const options = { ...settings, gpu: navigator.gpu, signal };
      // A model of the hub is looked at where it lies: nothing is kept of it.
      const open = () => openModelSource(location, signal, { store: undefined });
      const { error, ...known } = await checkModel(open, options);
      return { ...known, ...(error && { error: serializeError(error) }) };
    },
    plan: async (options) => enginePlanOf(this.#loaded().plan(options)),
    tokenize: async ({ text, addSpecialTokens }, _id, signal) =>
      this.#loaded().tokenize(text, addSpecialTokens, signal),
    detokenize: async (ids) => this.#loaded().tokenizer.decode(ids, { skipSpecialTokens: false }),
    countTokens: async (prompt, _id, signal) => this.#loaded().countTokens(prompt, signal),
    embed: async (wish, _id, signal) => this.#loaded().embed(wish, signal),
    stats: async () => this.#loaded().stats(),
    cacheMap: async () => this.#loaded().cacheMap(),
    watchCache: async (isOn) => {
      this.#stopWatching?.();
      this.#stopWatching = isOn
        ? this.#loaded().onCacheEvent((event) => this.#send({ kind: 'cache', event }))
        : undefined;
      return undefined;
    },
    startTrace: async () => {
      this.#stopTrace = await this.#loaded().trace();
      return undefined;
    },
    stopTrace: async () => new Blob([this.#stopTrace!()], { type: 'application/json' }),
    headProfile: async () => this.#loaded().headProfile(),
    dispose: () => this.#leave(),
  };

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
  }

  start(): void {
    this.#endpoint.addEventListener('message', ({ data }: MessageEvent<ClientMessage | undefined>) => {
      if (data?.kind === 'abort') this.#running.get(data.id)?.abort(deserializeError(data.reason));
      else if (data?.kind === 'call') void this.#answer(data.name, data.argument, data.id);
    });
    this.#endpoint.addEventListener('close', () => void this.#leave());
    this.#endpoint.start?.();
  }

  async #load(
    { location, settings, lock }: Calls['load']['argument'],
    id: number,
    signal: AbortSignal,
  ): Promise<Calls['load']['result']> {
    assert(!this.#use, 'a client loads one engine');
    const user: EngineUser = {
      onProgress: (progress) => this.#send({ kind: 'progress', id, progress }),
      onWarning: (message) => this.#send({ kind: 'warning', message }),
    };
    const isPlain = typeof location === 'string' || 'hubName' in location;
    const key = isPlain ? JSON.stringify([location, settings]) : {};
    const use = engines.use(key, user, (options) => loadEngine(location, settings, options));
    this.#use = use;
    if (lock) void this.#leaveAfter(lock);
    try {
      const aborted = new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error));
      });
      const engine = await Promise.race([use.engine, aborted]);
      this.#engine = engine;
      this.#stopRecovery = engine.onRecovery(({ phase, error }) => {
        this.#send({ kind: 'recovery', phase, ...(error && { error: serializeError(error) }) });
      });
      const { contextTokens } = engine.plan();
      const { modelId, chatTemplate } = engine;
      const { vocabSize, sampling } = engine.config;
      return { modelId, contextTokens, vocabSize, chatTemplate, sampling };
    } catch (error) {
      await this.#leave();
      throw error;
    }
  }

  /** Leaves when the client is gone without a word, which its lock tells where both see the same locks. */
  async #leaveAfter(lock: string): Promise<void> {
    const use = this.#use;
    const isHeld = await navigator.locks.request(lock, { ifAvailable: true }, (mine) => !mine);
    if (!isHeld) return;
    await navigator.locks.request(lock, () => {
      if (this.#use === use) void this.#leave();
    });
  }

  /** Ends what the client runs, and its use of the engine. */
  async #leave(): Promise<undefined> {
    const use = this.#use;
    this.#use = this.#engine = undefined;
    this.#stopRecovery?.();
    this.#stopWatching?.();
    this.#stopTrace?.();
    for (const controller of this.#running.values()) controller.abort(disposedError());
    await use?.leave();
    return undefined;
  }

  #loaded(): EngineCore {
    if (!this.#engine) throw new EngineError('disposed', 'No model is loaded.');
    return this.#engine;
  }

  /** What answers calls about documents: a part that is fetched with the first of them. */
  async #documentHandlers(): Promise<Handlers<keyof DocumentCalls>> {
    const documents = await this.#loaded().documents();
    const { documentHandlers } = await fetched(import('./document-handlers'));
    return documentHandlers(documents, (id, progress) => this.#send({ kind: 'progress', id, progress }));
  }

  #send(message: WorkerMessage): void {
    this.#endpoint.postMessage(message);
  }

  async #answer<N extends CallName>(name: N, argument: Calls[N]['argument'], id: number): Promise<void> {
    const controller = new AbortController();
    this.#running.set(id, controller);
    try {
      const isOwn = name in this.#handlers;
      const handlers = (isOwn ? this.#handlers : await this.#documentHandlers()) as Handlers<CallName>;
      this.#send({ kind: 'result', id, value: await handlers[name](argument, id, controller.signal) });
    } catch (error) {
      this.#send({ kind: 'error', id, error: serializeError(error) });
    } finally {
      this.#running.delete(id);
    }
  }
}

async function loadEngine(
  location: Calls['load']['argument']['location'],
  settings: Calls['load']['argument']['settings'],
  { signal, onProgress, onWarning }: Parameters<LoadEngine<EngineCore>>[0],
): Promise<EngineCore> {
  const source = await openModelSource(location, signal, {
    onProgress: ({ loadedBytes, totalBytes }) => onProgress({ phase: 'download', loadedBytes, totalBytes }),
    onWarning,
  });
  return EngineCore.load(source, { ...settings, gpu: navigator.gpu, signal, onProgress, onWarning });
}
