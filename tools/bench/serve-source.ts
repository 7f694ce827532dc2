/** Serves a model source over HTTP on the loopback interface, for a page to load from: nothing is stored on the way. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import type { ReadableStream as NodeReadableStream } from 'node:stream/web';
import { pipeline } from 'node:stream/promises';
import type { ModelSource } from '../../src/source/model-source';

/** A running server. */
interface SourceServer {
  /** The folder's URL. */
  readonly url: string;
  close(): Promise<void>;
}

/** Starts a server of the source's files that pages of every origin may read. Ranges are not served. */
export async function serveSource(source: ModelSource): Promise<SourceServer> {
  const server = createServer((request, response) => {
    const name = decodeURIComponent(new URL(request.url!, 'http://localhost').pathname.slice(1));
    respond(source, name, response).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : new Error(String(error)));
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

async function respond(source: ModelSource, name: string, response: ServerResponse): Promise<void> {
  response.setHeader('Access-Control-Allow-Origin', '*');
  response.setHeader('Cache-Control', 'no-store');
  if (name.endsWith('.safetensors')) {
    const file = await source.open(name);
    if (file) {
      if (file.sizeBytes !== undefined) response.setHeader('Content-Length', file.sizeBytes);
      await pipeline(Readable.fromWeb(file.stream as NodeReadableStream), response);
      return;
    }
  } else {
    const text = await source.readText(name);
    if (text !== undefined) {
      response.end(text);
      return;
    }
  }
  response.writeHead(404).end();
}
