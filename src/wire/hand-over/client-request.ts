/** A client's request, read whole, so that whoever answers can be given it. */
import { isJsonObject } from '../../util/json';
import type { RoutedRequest } from './route';

/** What the client sent. */
export interface ClientRequest extends RoutedRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  readonly bytes: ArrayBuffer;
  readonly signal: AbortSignal;
}

const paths = /\/chat\/completions$|\/completions$|\/responses$|\/embeddings$|\/models(?=\/|$)/;

/** Reads a request to its end. @throws the reason of its signal */
export async function readRequest(request: Request): Promise<ClientRequest> {
  request.signal.throwIfAborted();
  const { url, method, headers, signal } = request;
  const { pathname } = new URL(url);
  const path = paths.exec(pathname.replace(/\/+$/, ''))?.[0] ?? pathname;
  const bytes = await request.arrayBuffer();
  return { url, method, headers, signal, path, bytes, body: jsonOf(bytes, headers) };
}

/** The fields of a JSON body; none where it is none, which the door that it reaches says. */
function jsonOf(bytes: ArrayBuffer, headers: Headers): Record<string, unknown> {
  if (bytes.byteLength === 0 || headers.get('content-type')?.startsWith('multipart/')) return {};
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return isJsonObject(value) ? { ...value } : {};
  } catch {
    return {};
  }
}
