/** A small server of OpenAI's API on loopback: it says what it is told to, over real HTTP, and remembers what it was asked. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What it was asked. */
export interface AskedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Record<string, unknown>;
}

/** A running server. */
export interface OpenAIServer {
  readonly baseURL: string;
  readonly asked: AskedRequest[];
  close(): Promise<void>;
}

const usage = { prompt_tokens: 9, completion_tokens: 2, total_tokens: 11 };

/** Starts one whose every answer is these pieces; with `status` it refuses instead. */
export async function openAIServer({
  pieces = ['from ', 'afar.'],
  status = 200,
}: { readonly pieces?: readonly string[]; readonly status?: number } = {}): Promise<OpenAIServer> {
  const asked: AskedRequest[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const text = Buffer.concat(parts).toString();
      const body = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>;
      const { method = '', url: path = '', headers } = request;
      asked.push({ method, path, headers, body });
      if (status !== 200) {
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ error: { message: 'Not today.' } }));
        return;
      }
      const isChat = path.endsWith('/chat/completions');
      const identity = { id: 'server-1', created: 7, model: body.model };
      const choice = (content: string, isWhole: boolean) =>
        isChat
          ? { index: 0, [isWhole ? 'message' : 'delta']: { role: 'assistant', content }, logprobs: null }
          : { index: 0, text: content, logprobs: null };
      if (body.stream !== true) {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(
          JSON.stringify({
            ...identity,
            choices: [{ ...choice(pieces.join(''), true), finish_reason: 'stop' }],
            usage,
          }),
        );
        return;
      }
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const send = (data: object) =>
        response.write(`data: ${JSON.stringify({ ...identity, ...data })}\r\n\r\n`);
      for (const piece of pieces) send({ choices: [{ ...choice(piece, false), finish_reason: null }] });
      send({ choices: [{ ...choice('', false), finish_reason: 'stop' }] });
      send({ choices: [], usage });
      response.end('data: [DONE]\n\n');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    baseURL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
