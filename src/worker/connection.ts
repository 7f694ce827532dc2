/** The page's end of the protocol: calls with promises, events and aborts over one endpoint. Knows nothing of engines. */
import type { CacheEvent } from '../runner/cache-event';
import type { ReadingProgress } from '../documents/document-info';
import type { GenerationEvent } from '../loop/generation-event';
import type { RecoveryEvent } from '../engine/recovery';
import type { LoadProgress } from '../weights/weight-loader';
import { AsyncQueue } from '../util/async-queue';
import { endedBy } from '../util/ended-by';
import { asError, EngineError } from '../util/errors';
import { tellAll } from '../util/tell-all';
import { deserializeError, serializeError } from '../api/errors';
import type { Endpoint } from './endpoint';
import type { Calls, CallName, ClientMessage, WorkerMessage } from './protocol';

interface PendingCall {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly onProgress?: (progress: LoadProgress | ReadingProgress) => void;
  readonly onAccepted?: () => void;
  readonly onEvent?: (event: GenerationEvent) => void;
}

/** What a call may bring besides its argument. */
interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: LoadProgress & ReadingProgress) => void) | undefined;
  readonly onAccepted?: (() => void) | undefined;
  readonly onEvent?: ((event: GenerationEvent) => void) | undefined;
}

/** Endpoints through which an engine is asked: two would take each other's answers for their own. */
const inUse = new WeakSet<Endpoint>();

/** Speaks with the worker at the other end; every call fails once it is closed or the worker broke. */
export class Connection {
  readonly #endpoint: Endpoint;
  readonly #isOwn: boolean;
  readonly #pending = new Map<number, PendingCall>();
  readonly #onWarning: (message: string) => void;
  /** Called as a lost device is replaced. */
  readonly recoveryListeners = new Set<(event: RecoveryEvent) => void>();
  readonly #cacheListeners = new Set<(event: CacheEvent) => void>();
  /** Resolves when it is closed. */
  readonly closed: Promise<void>;
  #onClosed: () => void = () => undefined;
  #nextId = 1;
  #failure: EngineError | undefined;

  /**
   * @param endpoint a `Worker` of the library's own, which ends with the connection, or what an application gave
   * @throws TypeError for an endpoint through which another engine is asked
   */
  constructor(endpoint: Endpoint, isOwn: boolean, onWarning: (message: string) => void) {
    if (inUse.has(endpoint)) throw new TypeError('This worker or port has an engine.');
    inUse.add(endpoint);
    this.closed = new Promise((resolve) => (this.#onClosed = resolve));
    this.#endpoint = endpoint;
    this.#isOwn = isOwn;
    this.#onWarning = onWarning;
    endpoint.addEventListener('message', ({ data }: MessageEvent<WorkerMessage>) => this.#receive(data));
    endpoint.addEventListener('error', (event: Event) => {
      const { message, filename } = event as ErrorEvent;
      // Who has other things in a worker has other errors in it.
      if (isOwn || !message) this.close(workerFailure(message, filename));
    });
    endpoint.addEventListener('close', () => {
      this.close(new EngineError('worker-failed', 'The port of the engine was closed.'));
    });
    endpoint.start?.();
  }

  /**
   * Calls the worker. An abort rejects at once with the signal's reason; the worker stops by itself.
   * @throws what the worker's answer throws, as an error of the same class; TypeError for an argument that cannot cross
   */
  call<N extends CallName>(
    name: N,
    argument: Calls[N]['argument'],
    { signal, ...callbacks }: CallOptions = {},
  ): Promise<Calls[N]['result']> {
    return new Promise((resolve, reject) => {
      if (this.#failure) throw this.#failure;
      signal?.throwIfAborted();
      const id = this.#nextId++;
      const onAbort = () => {
        this.#pending.delete(id);
        this.#send({ kind: 'abort', id, reason: serializeError(signal!.reason) });
        reject(signal!.reason);
      };
      const settle = <T>(then: (value: T) => void) => {
        return (value: T) => {
          signal?.removeEventListener('abort', onAbort);
          then(value);
        };
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#pending.set(id, {
        resolve: settle(resolve as (value: unknown) => void),
        reject: settle(reject),
        ...(callbacks as Omit<PendingCall, 'resolve' | 'reject'>),
      });
      try {
        this.#send({ kind: 'call', id, name, argument } as ClientMessage);
      } catch (cause) {
        this.#pending.delete(id);
        throw new TypeError(`What is given must be plain data. ${asError(cause).message}`, { cause });
      }
    });
  }

  /**
   * Begins a request. Resolves, once the worker has accepted it, to its events, which come whether or not they are read; leaving
   * the iteration, or closing it before it has begun, aborts the request.
   * @throws what the worker refuses it with; the signal's reason
   */
  async generate(
    request: Calls['generate']['argument'],
    signal?: AbortSignal,
  ): Promise<AsyncGenerator<GenerationEvent, void, undefined>> {
    const events = new AsyncQueue<GenerationEvent>();
    const left = new AbortController();
    await new Promise<void>((accepted, refused) => {
      const ended = this.call('generate', request, {
        signal: signal ? AbortSignal.any([signal, left.signal]) : left.signal,
        onAccepted: accepted,
        onEvent: (event) => events.push(event),
      });
      ended.then(
        () => events.close(),
        (error: unknown) => {
          events.fail(error);
          refused(error);
        },
      );
    });
    return endedBy(events[Symbol.asyncIterator](), () => left.abort());
  }

  /**
   * Calls `listener` with what happens in the cache, until the function is called that it returns.
   * @throws EngineError when the connection is closed
   */
  watchCache(listener: (event: CacheEvent) => void): () => void {
    if (this.#failure) throw this.#failure;
    // Each listener is one of its own, although two may be the same function.
    const own = (event: CacheEvent) => listener(event);
    const update = () => {
      if (this.#failure) return;
      // A connection that closes meanwhile has no events, and its other calls say why.
      this.call('watchCache', this.#cacheListeners.size > 0).catch(() => undefined);
    };
    this.#cacheListeners.add(own);
    if (this.#cacheListeners.size === 1) update();
    return () => {
      if (this.#cacheListeners.delete(own) && this.#cacheListeners.size === 0) update();
    };
  }

  get isClosed(): boolean {
    return this.#failure !== undefined;
  }

  /** Ends the connection; open and later calls reject with `error`. */
  close(error: EngineError): void {
    this.#failure ??= error;
    this.#onClosed();
    inUse.delete(this.#endpoint);
    if (this.#isOwn) (this.#endpoint as Worker).terminate();
    else this.#endpoint.close?.();
    for (const { reject } of this.#pending.values()) reject(this.#failure);
    this.#pending.clear();
  }

  #receive(message: WorkerMessage): void {
    // Nothing of ours, or too late.
    if (this.#failure || !message?.kind) return;
    if (message.kind === 'recovery') {
      const error = message.error && (deserializeError(message.error) as EngineError);
      return tellAll(this.recoveryListeners, { phase: message.phase, ...(error && { error }) });
    }
    if (message.kind === 'warning') return this.#onWarning(message.message);
    if (message.kind === 'cache') return tellAll(this.#cacheListeners, message.event);
    const call = this.#pending.get(message.id);
    // An aborted call still answers; nobody waits for that.
    if (!call) return;
    if (message.kind === 'progress') return call.onProgress?.(message.progress);
    if (message.kind === 'accepted') return call.onAccepted?.();
    if (message.kind === 'event') return call.onEvent?.(message.event);
    this.#pending.delete(message.id);
    if (message.kind === 'result') call.resolve(message.value);
    else call.reject(deserializeError(message.error));
  }

  #send(message: ClientMessage): void {
    this.#endpoint.postMessage(message);
  }
}

/** What an `error` event of a worker means: a script that cannot be had or run has no message, what it throws has one. */
function workerFailure(message: string, filename: string): EngineError {
  if (!message) return notStarted();
  return new EngineError(
    'worker-failed',
    `The engine's worker failed${filename && ` in ${filename}`}: ${message}.`,
  );
}

/** The error of a worker that never ran: `worker-failed`. */
export function notStarted(cause?: unknown): EngineError {
  return new EngineError(
    'worker-failed',
    "The engine's worker did not start: its script could not be fetched or run. It must be served as JavaScript beside " +
      "the library's script, and the policy of the page must allow it (worker-src; for a library of another origin also blob:).",
    { cause },
  );
}
