/** A server that behaves like the Hugging Face hub: an API, and files behind a redirect to another origin, with ranges. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseRange } from '../../tools/serve/static-server.mjs';

/** One repository at one commit. */
export interface FakeRepository {
  readonly commit: string;
  readonly files: Record<string, Uint8Array>;
  /** What the API says of it besides its files. */
  readonly config?: unknown;
  /** The number of its weights. */
  readonly safetensors?: { readonly total: number };
}

/** What a server may do wrong, once for each entry, in order. */
export type Fault =
  /** Answers with a status; with `retryAfter` seconds in the header. */
  | { readonly status: number; readonly retryAfter?: number }
  /** Sends so many bytes of the body and breaks the connection. */
  | { readonly breakAfterBytes: number }
  /** Sends the whole file whatever range was asked for. */
  | 'ignore-range'
  /** Says, and sends, a byte more than there are. */
  | 'longer';

async function listen(server: Server): Promise<string> {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** See the file's header. */
export class FakeHub {
  readonly repositories = new Map<string, FakeRepository>();
  /** By file name. */
  readonly faults = new Map<string, Fault[]>();
  /** Status of the API's answers, instead of success. */
  apiStatus: number | undefined;
  /** Sizes that the API gives instead of the true ones, by file name. */
  readonly saidSizes = new Map<string, number>();
  /** What files are called by, instead of by their content. */
  etagSalt = '';
  /** Requests for bytes: file names with the range asked for. */
  requests: string[] = [];
  #hold: Promise<void> | undefined;
  readonly #api: Server;
  readonly #storage: Server;
  #storageOrigin = '';
  origin = '';

  constructor() {
    const guard =
      (answer: (request: IncomingMessage, response: ServerResponse) => Promise<void> | void) =>
      (request: IncomingMessage, response: ServerResponse) => {
        response.setHeader('Access-Control-Allow-Origin', '*');
        response.setHeader('Access-Control-Expose-Headers', 'ETag, Content-Range, Accept-Ranges');
        Promise.resolve(answer(request, response)).catch(() => response.destroy());
      };
    this.#api = createServer(guard((request, response) => this.#answerApi(request, response)));
    this.#storage = createServer(guard((request, response) => this.#answerStorage(request, response)));
  }

  /** Both origins, for a policy. */
  async start(): Promise<string> {
    this.origin = await listen(this.#api);
    this.#storageOrigin = await listen(this.#storage);
    return `${this.origin} ${this.#storageOrigin}`;
  }

  async stop(): Promise<void> {
    for (const server of [this.#api, this.#storage]) {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    }
  }

  /** Lets bodies come to their half only, until the function that it returns is called. */
  holdBodies(): () => void {
    const opening = new AbortController();
    this.#hold = new Promise((resolve) => opening.signal.addEventListener('abort', () => resolve()));
    return () => {
      this.#hold = undefined;
      opening.abort();
    };
  }

  #answerApi(request: IncomingMessage, response: ServerResponse): void {
    const path = decodeURIComponent(new URL(request.url!, 'http://hub').pathname);
    const asked = /^\/api\/models\/([^/]+\/[^/]+)\/revision\/(.+)$/.exec(path);
    if (asked) {
      const found = this.repositories.get(asked[1]!);
      const isKnown = found && ['main', found.commit].includes(asked[2]!);
      // The hub does not tell strangers what it does not have from what it does not show.
      const status = this.apiStatus ?? (found ? (isKnown ? 200 : 404) : 401);
      response.writeHead(status, { 'Content-Type': 'application/json' });
      const siblings = Object.entries(found?.files ?? {}).map(([rfilename, bytes]) => ({
        rfilename,
        size: this.saidSizes.get(rfilename) ?? bytes.length,
      }));
      response.end(
        JSON.stringify(
          status === 200
            ? { sha: found!.commit, siblings, config: found!.config, safetensors: found!.safetensors }
            : {},
        ),
      );
      return;
    }
    const file = /^\/([^/]+\/[^/]+)\/resolve\/([^/]+)\/([^/]+)$/.exec(path);
    const found = file && this.repositories.get(file[1]!);
    if (found?.commit !== file?.[2] || !found?.files[file![3]!]) response.writeHead(404).end();
    else response.writeHead(302, { Location: `${this.#storageOrigin}/${file![1]}/${file![3]}` }).end();
  }

  async #answerStorage(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, owner, name, file = ''] = request.url!.split('/');
    const stored = this.repositories.get(`${owner}/${name}`)?.files[file];
    if (!stored) {
      response.writeHead(404).end();
      return;
    }
    const { range: asked } = request.headers;
    this.requests.push(asked === undefined ? file : `${file} ${asked}`);
    const fault = this.faults.get(file)?.shift();
    if (typeof fault === 'object' && 'status' in fault) {
      const headers = fault.retryAfter === undefined ? {} : { 'Retry-After': String(fault.retryAfter) };
      response.writeHead(fault.status, headers).end();
      return;
    }
    const bytes = fault === 'longer' ? new Uint8Array([...stored, 0]) : stored;
    const range = fault === 'ignore-range' ? undefined : parseRange(asked, bytes.length);
    if (range === null) {
      response.writeHead(416, { 'Content-Range': `bytes */${bytes.length}` }).end();
      return;
    }
    const { start, end } = range ?? { start: 0, end: bytes.length - 1 };
    const digest = createHash('sha256').update(this.etagSalt).update(stored).digest('hex');
    response.setHeader('ETag', `"${digest}"`);
    response.setHeader('Content-Length', end - start + 1);
    if (range) response.setHeader('Content-Range', `bytes ${start}-${end}/${bytes.length}`);
    response.writeHead(range ? 206 : 200);
    const body = bytes.subarray(start, end + 1);
    if (typeof fault === 'object') {
      response.write(body.subarray(0, fault.breakAfterBytes), () => {
        // The bytes have to reach the other side before the connection breaks.
        setTimeout(() => response.destroy(), 200);
      });
      return;
    }
    if (this.#hold) {
      response.write(body.subarray(0, body.length >> 1));
      await this.#hold;
      response.end(body.subarray(body.length >> 1));
    } else response.end(body);
  }
}
