import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { urlSource } from '../../../src/source/url-source';
import { randomSource } from '../../../tools/util/random';

const content = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7) ^ (i >> 8));

type Handler = (request: IncomingMessage, response: ServerResponse, requestIndex: number) => void;

let server: Server | undefined;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = undefined;
});

/** A source over a server that answers as `handle` says, and the paths and ranges that it was asked for. */
async function serve(handle: Handler) {
  const requests: { path: string; range: string | undefined }[] = [];
  server = createServer((request, response) => {
    requests.push({ path: request.url!, range: request.headers.range });
    handle(request, response, requests.length - 1);
  });
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const source = urlSource(`${origin}/models/tiny`, { retryDelaysMs: [1, 1, 1] });
  return { origin, source, requests };
}

function offsetOf({ headers }: IncomingMessage): number {
  return Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0);
}

/** Answers with the file from the asked byte on, and breaks the connection after `numBytes` of it. */
function sendPart(
  request: IncomingMessage,
  response: ServerResponse,
  numBytes = Infinity,
  { file = content, etag = '"1"', ignoresRange = false, contentRange = '' } = {},
): void {
  const offset = ignoresRange ? 0 : offsetOf(request);
  const headers = { 'content-length': file.length - offset, etag };
  if (offset > 0) {
    const range = contentRange || `bytes ${offset}-${file.length - 1}/${file.length}`;
    response.writeHead(206, { ...headers, 'content-range': range });
  } else response.writeHead(200, headers);
  if (offset + numBytes >= file.length) response.end(file.subarray(offset));
  else response.write(file.subarray(offset, offset + numBytes), () => response.destroy());
}

async function readAll(stream: ReadableStream<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of stream as unknown as AsyncIterable<Uint8Array>) parts.push(part);
  return Buffer.concat(parts);
}

describe('urlSource', () => {
  it('is named by the absolute URL of the folder', () => {
    expect(urlSource('https://a.example/m?x#y').id).toBe('https://a.example/m/');
    expect(urlSource(new URL('https://a.example/m/')).id).toBe('https://a.example/m/');
    expect(() => urlSource('/models/m')).toThrow(TypeError);
  });

  it('reads text, and files from any byte', async () => {
    const { source, requests } = await serve((request, response) => {
      if (request.url!.endsWith('config.json')) response.end('{"a":"ä"}');
      else sendPart(request, response);
    });
    expect(await source.readText('config.json')).toBe('{"a":"ä"}');
    const whole = (await source.open('model.safetensors'))!;
    expect(whole.sizeBytes).toBe(content.length);
    expect((await readAll(whole.stream)).equals(content)).toBe(true);
    const part = (await source.open('model.safetensors', { offsetBytes: 299_000 }))!;
    expect(part.sizeBytes).toBe(content.length);
    expect((await readAll(part.stream)).equals(content.subarray(299_000))).toBe(true);
    expect(requests.map(({ path }) => path)).toEqual([
      '/models/tiny/config.json',
      '/models/tiny/model.safetensors',
      '/models/tiny/model.safetensors',
    ]);
  });

  it('cannot be led out of the folder by a name', async () => {
    const { source, requests } = await serve((_, response) => response.end('x'));
    await source.readText('../secret?x#y');
    expect(requests[0]!.path).toBe('/models/tiny/..%2Fsecret%3Fx%23y');
    await source.readText('1_Pooling/config.json');
    expect(requests[1]!.path).toBe('/models/tiny/1_Pooling/config.json');
  });

  it('knows files that are not there, also from a server that sends its page instead', async () => {
    const { source } = await serve((request, response) => {
      if (request.url!.endsWith('.json')) response.writeHead(404).end('no');
      else response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<!doctype html>');
    });
    expect(await source.readText('config.json')).toBeUndefined();
    expect(await source.open('model.safetensors')).toBeUndefined();
  });

  it('names the status of a refusal', async () => {
    const { source, requests } = await serve((_, response) => response.writeHead(403).end());
    await expect(source.readText('config.json')).rejects.toMatchObject({
      code: 'network',
      message: expect.stringContaining('403') as string,
    });
    expect(requests).toHaveLength(1);
  });

  it('tries again where a server may recover, and gives up in the end', async () => {
    const { source } = await serve((_, response, index) => {
      response.writeHead(index < 2 ? 503 : 200).end('late');
    });
    expect(await source.readText('config.json')).toBe('late');
    server!.closeAllConnections();
    server!.close();
    await expect(source.open('model.safetensors')).rejects.toMatchObject({ code: 'network' });
  });
});

describe('files that a model may be without', () => {
  const required = new Set(['config.json', 'tokenizer.json']);
  const nameOf = (request: IncomingMessage) => request.url!.slice(request.url!.lastIndexOf('/') + 1);

  it.each([401, 403, 404, 410])(
    'are not there when the server answers %i, which is asked once',
    async (status) => {
      const { source, requests } = await serve((request, response) => {
        if (required.has(nameOf(request))) response.end('{}');
        else response.writeHead(status).end();
      });
      expect(await source.readText('chat_template.jinja')).toBeUndefined();
      expect(await source.open('model.safetensors')).toBeUndefined();
      expect(requests).toHaveLength(2);
      expect(await source.readText('config.json')).toBe('{}');
    },
  );

  /** As a host without CORS on its errors, and an extension's own folder: the fetch of what is not there fails. */
  const failing = (isDown = () => false) => {
    const asked: string[] = [];
    const fetchFile = (url: string) => {
      const name = url.split('/').at(-1)!;
      asked.push(name);
      return !isDown() && required.has(name)
        ? Promise.resolve(new Response('{}'))
        : Promise.reject(new TypeError('Failed to fetch'));
    };
    const source = urlSource('https://a.example/m', {
      fetch: fetchFile as unknown as typeof fetch,
      retryDelaysMs: [1, 1],
    });
    return { source, asked };
  };

  it('are not there when their fetch fails and that of another file does not', async () => {
    const { source, asked } = failing();
    expect(await source.readText('generation_config.json')).toBeUndefined();
    expect(asked).toEqual(['generation_config.json', 'config.json']);
    expect(await source.open('model.safetensors')).toBeUndefined();
    expect(asked.filter((name) => name === 'model.safetensors')).toHaveLength(2);
  });

  it('are an error without a network, as all files are', async () => {
    const { source, asked } = failing(() => true);
    await expect(source.readText('generation_config.json')).rejects.toMatchObject({ code: 'network' });
    await expect(source.readText('config.json')).rejects.toMatchObject({ code: 'network' });
    expect(asked.filter((name) => name === 'generation_config.json')).toHaveLength(3);
  });

  it('are read on where the server refuses the rest of what it began', async () => {
    const { source } = await serve((request, response, index) => {
      if (index === 0) sendPart(request, response, 50_000);
      else response.writeHead(403).end();
    });
    const { stream } = (await source.open('model.safetensors'))!;
    await expect(readAll(stream)).rejects.toThrow(/403/);
  });
});

describe('the beginning of a file', () => {
  /** Answers with the range that is asked for, or all. */
  const sendHead = (request: IncomingMessage, response: ServerResponse, knowsRanges: boolean) => {
    const [, end] = /^bytes=0-(\d+)$/.exec(request.headers.range ?? '') ?? [];
    if (!knowsRanges || end === undefined) {
      sendPart(request, response, Infinity, { ignoresRange: !knowsRanges });
      return;
    }
    const part = content.subarray(0, Number(end) + 1);
    response.writeHead(206, {
      'content-length': part.length,
      'content-range': `bytes 0-${part.length - 1}/${content.length}`,
    });
    response.end(part);
  };

  it('is asked for alone', async () => {
    const { source, requests } = await serve((request, response) => sendHead(request, response, true));
    const head = (await source.open('model.safetensors', { headBytes: 1000 }))!;
    expect(head.sizeBytes).toBe(content.length);
    expect((await readAll(head.stream)).equals(content.subarray(0, 1000))).toBe(true);
    const { stream } = (await source.open('model.safetensors'))!;
    expect((await readAll(stream)).equals(content)).toBe(true);
    expect(requests.map(({ range }) => range)).toEqual(['bytes=0-999', undefined]);
  });

  it('of a server that knows no ranges is the beginning of the one answer', async () => {
    const { source, requests } = await serve((request, response) => sendHead(request, response, false));
    for (const headBytes of [1000, 500, 20_000]) {
      const head = (await source.open('model.safetensors', { headBytes }))!;
      expect((await readAll(head.stream)).equals(content.subarray(0, headBytes))).toBe(true);
    }
    const { stream } = (await source.open('model.safetensors', { offsetBytes: 100 }))!;
    expect((await readAll(stream)).equals(content.subarray(100))).toBe(true);
    expect(requests).toHaveLength(1);
    const again = (await source.open('model.safetensors'))!;
    expect((await readAll(again.stream)).equals(content)).toBe(true);
    expect(requests).toHaveLength(2);
  });

  it('goes on from a held answer that breaks off', async () => {
    const { source, requests } = await serve((request, response, index) => {
      sendPart(request, response, index === 0 ? 50_000 : Infinity, { ignoresRange: index === 0 });
    });
    const head = (await source.open('model.safetensors', { headBytes: 1000 }))!;
    expect(await readAll(head.stream)).toHaveLength(1000);
    const { stream } = (await source.open('model.safetensors'))!;
    expect((await readAll(stream)).equals(content)).toBe(true);
    expect(requests).toHaveLength(2);
  });
});

describe('an interrupted download', () => {
  it('goes on where it broke off, however often', async () => {
    const next = randomSource(5);
    const { source, requests } = await serve((request, response) => {
      sendPart(request, response, 1 + Math.floor(next() * 60_000));
    });
    const { stream } = (await source.open('model.safetensors'))!;
    expect((await readAll(stream)).equals(content)).toBe(true);
    expect(requests.length).toBeGreaterThan(4);
    expect(requests[0]!.range).toBeUndefined();
    expect(requests[1]!.range).toMatch(/^bytes=\d+-$/);
  });

  it('skips what it has when the server does not know ranges', async () => {
    const { source, requests } = await serve((request, response, index) => {
      sendPart(request, response, index < 2 ? 50_000 * (index + 1) : Infinity, { ignoresRange: true });
    });
    const { stream } = (await source.open('model.safetensors'))!;
    expect((await readAll(stream)).equals(content)).toBe(true);
    expect(requests).toHaveLength(3);
  });

  it('starts a compressed answer anew', async () => {
    const zipped = gzipSync(content);
    const { source, requests } = await serve((_, response, index) => {
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': zipped.length });
      if (index === 0) response.write(zipped.subarray(0, zipped.length >> 1), () => response.destroy());
      else response.end(zipped);
    });
    const { stream, sizeBytes } = (await source.open('model.safetensors'))!;
    expect(sizeBytes).toBeUndefined();
    expect((await readAll(stream)).equals(content)).toBe(true);
    expect(requests.map(({ range }) => range)).toEqual([undefined, undefined]);
  });

  const changes: [what: string, options: Parameters<typeof sendPart>[3]][] = [
    ['another tag', { etag: '"2"' }],
    ['another tag and no ranges', { etag: '"2"', ignoresRange: true }],
    ['another size', { file: content.subarray(0, 250_000) }],
    ['other bytes than those asked for', { contentRange: 'bytes 1-299999/300000' }],
  ];
  it.each(changes)('is not joined to an answer with %s', async (_, options) => {
    const { source } = await serve((request, response, index) => {
      if (index === 0) sendPart(request, response, 50_000);
      else sendPart(request, response, Infinity, options);
    });
    const { stream } = (await source.open('model.safetensors'))!;
    await expect(readAll(stream)).rejects.toMatchObject({ code: 'network' });
  });

  it.each([404, 416])('is a changed file when the server then answers %i', async (status) => {
    const { source } = await serve((request, response, index) => {
      if (index === 0) sendPart(request, response, 50_000);
      else response.writeHead(status).end();
    });
    const { stream } = (await source.open('model.safetensors'))!;
    await expect(readAll(stream)).rejects.toMatchObject({
      code: 'network',
      message: expect.stringContaining('changed') as string,
    });
  });

  it("does not go by another origin's length: it may be that of a compressed answer", async () => {
    const bytes = new Uint8Array(content);
    const fetchAcross = (type: ResponseType) => () => {
      const response = new Response(bytes, { headers: { 'content-length': '1000' } });
      return Promise.resolve(Object.defineProperty(response, 'type', { value: type }));
    };
    const open = (type: ResponseType) =>
      urlSource('https://a.example/m', { fetch: fetchAcross(type) }).open('model.safetensors');
    expect((await open('basic'))!.sizeBytes).toBe(1000);
    const opened = (await open('cors'))!;
    expect(opened.sizeBytes).toBeUndefined();
    expect((await readAll(opened.stream)).equals(content)).toBe(true);
  });

  it('gives up when no further byte comes', async () => {
    const { source, requests } = await serve((request, response, index) => {
      if (index === 0) sendPart(request, response, 50_000);
      else response.destroy();
    });
    const { stream } = (await source.open('model.safetensors'))!;
    await expect(readAll(stream)).rejects.toMatchObject({ code: 'network' });
    expect(requests).toHaveLength(1 + 3);
  });
});

describe('aborting', () => {
  it('rejects with the reason before the answer, in the body, and between tries', async () => {
    const { source, origin } = await serve((request, response) => {
      if (request.url!.endsWith('body')) {
        response.writeHead(200, { 'content-length': 10 });
        response.write('abc');
      } else if (request.url!.endsWith('busy')) response.writeHead(503).end();
    });
    const reason = new Error('enough');
    const early = new AbortController();
    const waiting = source.readText('never', early.signal);
    early.abort(reason);
    await expect(waiting).rejects.toBe(reason);

    const late = new AbortController();
    const { stream } = (await source.open('body', { signal: late.signal }))!;
    const reader = stream.getReader();
    expect((await reader.read()).value).toHaveLength(3);
    const pending = reader.read();
    late.abort(reason);
    await expect(pending).rejects.toBe(reason);

    const between = new AbortController();
    const patient = urlSource(origin, { retryDelaysMs: [1e6] });
    const retrying = patient.readText('busy', between.signal);
    setTimeout(() => between.abort(reason), 50);
    await expect(retrying).rejects.toBe(reason);
  });

  it('lets go of the connection when the stream is cancelled', async () => {
    const closed = new AbortController();
    const { source } = await serve((_, response) => {
      response.on('close', () => closed.abort());
      response.writeHead(200, { 'content-length': 10 });
      response.write('abc');
    });
    const { stream } = (await source.open('model.safetensors'))!;
    const reader = stream.getReader();
    await reader.read();
    await reader.cancel();
    await expect.poll(() => closed.signal.aborted).toBe(true);
  });
});
