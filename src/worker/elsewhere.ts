/** What an engine needs that does not run in a worker of the library's own: a part that few pages need. */
import { EngineError } from '../util/errors';
import { serverKey, type Endpoint, type ServeEngine, type SharedWorkerEnd } from './endpoint';

/** Name of the script in `dist` that leaves `serveEngine` at `serverKey`; not a literal below, for which bundlers would look. */
const builtServer = 'worker.js';

/** The other end of an engine in this thread. @throws EngineError `worker-failed` where its script cannot be had */
export async function engineHere(): Promise<Endpoint> {
  const global = globalThis as { [serverKey]?: ServeEngine };
  try {
    // Bundlers are to leave it alone: pages, which have workers, never need it.
    if (!global[serverKey])
      await import(/* webpackIgnore: true */ /* @vite-ignore */ new URL(builtServer, import.meta.url).href);
  } catch (cause) {
    throw new EngineError(
      'worker-failed',
      "There are no workers here to run the engine in: import 'longpage/worker' to run it in this thread.",
      { cause },
    );
  }
  const { port1, port2 } = new MessageChannel();
  global[serverKey]!(port2);
  return port1;
}

/** Shared workers as endpoints: the same one for the same worker, which has one engine. */
const sharedWorkers = new WeakMap<SharedWorkerEnd, Endpoint>();

/** What an engine is asked through: the port of a shared worker, which alone says that its script cannot be had. */
export function endpointOf(given: Endpoint | SharedWorkerEnd): Endpoint {
  if (!('port' in given)) return given;
  const { port } = given;
  const known = sharedWorkers.get(given);
  const endpoint: Endpoint = known ?? {
    postMessage: (message) => port.postMessage(message),
    addEventListener: (type, listener) => {
      port.addEventListener(type, listener);
      if (type === 'error') given.addEventListener(type, listener as (event: Event) => void);
    },
    start: () => port.start?.(),
    close: () => port.close?.(),
  };
  if (!known) sharedWorkers.set(given, endpoint);
  return endpoint;
}

/** Holds a lock until `ended`, or until this page is gone, however it went. Resolves to its name; undefined where there are no locks. */
export async function holdLock(ended: Promise<void>): Promise<string | undefined> {
  if (!globalThis.navigator?.locks) return undefined;
  const name = `longpage-client-${crypto.randomUUID()}`;
  return new Promise((resolve, reject) => {
    const held = navigator.locks.request(name, () => {
      resolve(name);
      return ended;
    });
    held.catch(reject);
  });
}
