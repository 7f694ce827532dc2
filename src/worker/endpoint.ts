/** One end of what the page and an engine elsewhere speak through: a `Worker`, a `MessagePort`, the inside of either, or whatever does the same. */
export interface Endpoint {
  /** Sends plain data, as the structured clone algorithm takes it: objects, buffers, blobs, handles of files. */
  postMessage(message: unknown): void;
  /** `message` brings what the other end has sent; `error` and `close`, where there are such, say that it is gone. */
  addEventListener(type: 'message' | 'error' | 'close', listener: (event: MessageEvent) => void): void;
  /** Lets the messages come that have waited; ports have it. */
  start?(): void;
  /** Ends the connection. What has none, as a `Worker`, is left to its owner. */
  close?(): void;
}

/** What of a `SharedWorker` is needed. */
export interface SharedWorkerEnd {
  readonly port: Endpoint;
  /** `error` says that its script could not be fetched or read. */
  addEventListener(type: 'error', listener: (event: Event) => void): void;
}

/** Has an engine at an endpoint. */
export type ServeEngine = (endpoint: Endpoint) => void;

/** Where `longpage/worker` leaves its `serveEngine` in the global scope: the two entries share no script. */
export const serverKey = Symbol.for('longpage.serveEngine');
