/** `longpage/worker`: an engine for others, in a worker of the application's own, or in the same thread. */
import { serverKey } from './endpoint';
import { serveEngine } from './serve-engine';

export type { Endpoint } from './endpoint';
export { serveEngine };

Object.assign(globalThis, { [serverKey]: serveEngine });
