/** `createFetch`: OpenAI's API by the engine in the page, and by a server where that is wished. The router is fetched when it is used. */
import { describe } from '../api/request-reader';
import { fetched } from '../util/fetched';
import type { HandOver, HandOverOptions } from '../wire/hand-over/hand-over';
import type { Engine } from './engine-client';

/** What `createFetch` takes. */
export type CreateFetchOptions = HandOverOptions<Engine>;

/**
 * A `fetch` for clients of OpenAI's API, as `engine.fetch` is one. With `server`, requests that the engine cannot answer, or not yet, go
 * there: `route` decides that, and `onMove` may forbid it by false. Without `server` nothing leaves the page, and a request waits until
 * the engine is loaded.
 * @throws TypeError for wrong options
 */
export function createFetch(options: CreateFetchOptions): typeof globalThis.fetch {
  const { server, route, onMove } = options;
  if (server && !URL.canParse(server.baseURL)) {
    throw new TypeError(
      `"server.baseURL" must be an absolute URL, not ${JSON.stringify(server.baseURL) ?? 'nothing'}.`,
    );
  }
  for (const [name, value] of Object.entries({ route, onMove })) {
    if (value !== undefined && typeof value !== 'function') {
      throw new TypeError(`"${name}" must be a function, not ${describe(value)}.`);
    }
  }
  let router: HandOver<Engine> | undefined;
  return async (...request) => {
    const part = await fetched(import('../wire/hand-over/hand-over'));
    router ??= new part.HandOver(options);
    return router.fetch(...request);
  };
}
