/** The router between an engine that is a script and a server on loopback, over real HTTP. */
import { afterEach, describe, expect, test } from 'vitest';
import type { Engine } from '../../../../src/index';
import { EngineError } from '../../../../src/util/errors';
import {
  HandOver,
  type HandOverOptions,
  type Move,
  type RoutableEngine,
} from '../../../../src/wire/hand-over/hand-over';
import type { RouteFacts } from '../../../../src/wire/hand-over/route';
import { createFetch } from '../../../../src/worker/create-fetch';
import { openAIServer, type OpenAIServer } from '../../../support/openai-server';
import { scriptedEngine, type Script } from '../../../support/scripted-engine';

const url = 'https://api.example.com/v1/chat/completions';
const messages = [{ role: 'user', content: 'Hi' }];

let servers: OpenAIServer[] = [];
afterEach(async () => {
  await Promise.all(servers.map((server) => server.close()));
  servers = [];
});

async function startServer(...options: Parameters<typeof openAIServer>): Promise<OpenAIServer> {
  const server = await openAIServer(...options);
  servers.push(server);
  return server;
}

/** An engine that counts a token for each letter of the last message, and knows the text of one document. */
function engineOf(script: Script = {}, refusal?: Error): RoutableEngine & ReturnType<typeof scriptedEngine> {
  return {
    ...scriptedEngine(script),
    contextTokens: 100,
    countTokens: (request) =>
      refusal
        ? Promise.reject(refusal)
        : Promise.resolve('messages' in request ? (request.messages.at(-1)!.content as string).length : 1),
    documents: { text: (id) => Promise.resolve(`The text of ${id}.`) },
  };
}

const init = (body: object, signal?: AbortSignal) => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', authorization: 'Bearer none', 'x-stainless-os': 'Linux' },
  body: JSON.stringify({ messages, ...body }),
  ...(signal && { signal }),
});

/** A router, and what it asked leave for. */
function routed(options: HandOverOptions<RoutableEngine>) {
  const moves: Move[] = [];
  const onMove = (move: Move) => {
    moves.push(move);
    return options.onMove?.(move);
  };
  const handOver = new HandOver({ ...options, onMove });
  return { moves, ask: (body: object = {}, to = url) => handOver.fetch(to, init(body)) };
}

const textOf = async (response: Response) =>
  ((await response.json()) as { choices: { message: { content: string } }[] }).choices[0]!.message.content;

/** The chunks of a stream, its end checked. */
async function chunksOf(response: Response) {
  const events = (await response.text()).trim().split(/\r?\n\r?\n/);
  expect(events.pop()).toBe('data: [DONE]');
  return events.map(
    (event) =>
      JSON.parse(event.slice('data: '.length)) as {
        id: string;
        error?: { message: string };
        choices: { delta: { role?: string; content?: string }; text?: string; token_ids?: number[] }[];
        usage?: { completion_tokens: number } | null;
      },
  );
}

describe('who answers', () => {
  test('the engine, while it can; and nothing leaves the page', async () => {
    const server = await startServer();
    const { ask, moves } = routed({ engine: engineOf(), server });
    expect(await textOf(await ask())).toBe('Hello.');
    expect(moves).toEqual([]);
    expect(server.asked).toEqual([]);
  });

  test('the server, with its model and its headers and without the client’s key, where there is no engine', async () => {
    const server = await startServer();
    const headers = () => Promise.resolve({ authorization: 'Bearer ours' });
    const { ask, moves } = routed({ server: { baseURL: server.baseURL, model: 'big', headers } });
    const response = await ask({ model: 'gpt-4o-mini', top_k: 4 });
    expect(await textOf(response)).toBe('from afar.');
    expect(moves).toEqual([{ why: 'no-engine', sendsDocument: false, hasBegun: false, lost: [] }]);
    const [asked] = server.asked;
    expect(asked).toMatchObject({ method: 'POST', path: '/v1/chat/completions' });
    expect(asked!.headers).toMatchObject({
      authorization: 'Bearer ours',
      'content-type': 'application/json',
    });
    expect(asked!.headers).not.toHaveProperty('x-stainless-os');
    expect(asked!.body).toEqual({ messages, model: 'big', top_k: 4 });
  });

  test('the server while the engine loads, and the engine from then on', async () => {
    const server = await startServer();
    let finish: (engine: RoutableEngine) => void;
    const engine = new Promise<RoutableEngine>((resolve) => (finish = resolve));
    const { ask, moves } = routed({ engine, server });
    expect(await textOf(await ask())).toBe('from afar.');
    finish!(engineOf());
    expect(await textOf(await ask())).toBe('Hello.');
    expect(moves.map(({ why }) => why)).toEqual(['loading']);
  });

  test('the server where the load failed, by its reason', async () => {
    const server = await startServer();
    const error = new EngineError('webgpu-unavailable', 'No adapter.');
    const { ask, moves } = routed({ engine: () => Promise.reject(error), server });
    await ask();
    // A function is asked anew: here each request tries to load, and this one finds that out at once.
    expect(moves.map(({ why }) => why)).toEqual(['no-webgpu']);
  });

  test.each<[string, object, Error | undefined]>([
    ['context', { messages: [{ role: 'user', content: 'x'.repeat(100) }] }, undefined],
    ['unsupported', { n: 2 }, new EngineError('unsupported', 'No.', { field: 'n' })],
    [
      'unsupported',
      { use_beam_search: true },
      new TypeError('The request has an unknown field "use_beam_search".'),
    ],
    ['context', {}, new EngineError('context-too-long', 'No.')],
    ['quality', { model: 'big' }, new RangeError('"model" is not loaded.')],
  ])('the server, since: %s (%j)', async (why, body, refusal) => {
    const server = await startServer();
    const { ask, moves } = routed({ engine: engineOf({}, refusal), server: { ...server, model: 'big' } });
    expect(await textOf(await ask(body))).toBe('from afar.');
    expect(moves).toMatchObject([{ why }]);
  });

  test('the server for what no engine answers, whatever its body', async () => {
    const server = await startServer();
    const { ask, moves } = routed({ engine: engineOf(), server });
    expect((await ask({ input: 'x' }, 'https://api.example.com/v1/embeddings')).status).toBe(200);
    expect(server.asked[0]!.path).toBe('/v1/embeddings');
    expect(moves).toMatchObject([{ why: 'unsupported' }]);
  });

  test('the server beyond four requests at once, and the engine where the server is overloaded or gone', async () => {
    const server = await startServer();
    const { ask, moves } = routed({ engine: engineOf(), server });
    const streams = await Promise.all([1, 2, 3, 4].map(() => ask({ stream: true })));
    expect(await textOf(await ask())).toBe('from afar.');
    await Promise.all(streams.map((response) => response.text()));
    expect(await textOf(await ask())).toBe('Hello.');
    expect(moves.map(({ why }) => why)).toEqual(['busy']);

    const full = await startServer({ status: 503 });
    const gone = { baseURL: 'http://127.0.0.1:9/v1' };
    for (const other of [full, gone]) {
      const { ask: askAgain } = routed({
        engine: engineOf(),
        server: other,
        route: () => ({ to: 'server', why: 'busy' }),
      });
      expect(await textOf(await askAgain())).toBe('Hello.');
    }
    const { ask: askOnly } = routed({ server: gone });
    await expect(askOnly()).rejects.toThrow(TypeError);
  });

  test('whom the route of the application names, by all the facts', async () => {
    const server = await startServer();
    const seen: RouteFacts[] = [];
    const { ask } = routed({
      engine: engineOf(),
      server: { ...server, model: 'big' },
      route: ({ body }, facts, usual) => {
        seen.push(facts);
        expect(usual).toEqual({ to: 'device' });
        return body.user === 'vip' ? { to: 'server', why: 'quality' } : usual;
      },
    });
    expect(await textOf(await ask({ user: 'vip' }))).toBe('from afar.');
    expect(await textOf(await ask({ user: 'me' }))).toBe('Hello.');
    expect(seen[0]).toEqual({
      device: 'ready',
      deviceModels: ['scripted', 'gpt-4o-mini', 'm'],
      serverModel: 'big',
      contextTokens: 100,
      promptTokens: 2,
      numRunning: 0,
      numWaiting: 0,
    });
  });
});

describe('leave to move', () => {
  test('without a server everything stays', async () => {
    const { ask } = routed({ engine: Promise.resolve(engineOf()) });
    expect(await textOf(await ask())).toBe('Hello.');
    expect((await routed({}).ask()).status).toBe(410);
    expect((await routed({ engine: engineOf() }).ask({ messages: [] })).status).toBe(400);
  });

  test('false keeps a request with the engine: it waits for the load, or has the engine’s own error', async () => {
    const server = await startServer();
    let finish: (engine: RoutableEngine) => void;
    const engine = new Promise<RoutableEngine>((resolve) => (finish = resolve));
    const forbid = () => {
      finish(engineOf({}, new EngineError('unsupported', 'No.', { field: 'best_of' })));
      return Promise.resolve(false);
    };
    const { ask, moves } = routed({ engine, server, onMove: forbid });
    expect(await textOf(await ask())).toBe('Hello.');
    const refused = await ask({ best_of: 2 });
    expect(refused.status).toBe(400);
    // Nobody is asked twice about one request.
    expect(moves.map(({ why }) => why)).toEqual(['loading', 'unsupported']);
    expect(server.asked).toEqual([]);
    const failed = routed({
      engine: Promise.reject(new EngineError('webgpu-unavailable', 'No adapter.')),
      server,
      onMove: () => false,
    });
    const answer = await failed.ask();
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ error: { message: 'No adapter.' } });
  });

  test('is told whether the document goes, which it then does', async () => {
    const server = await startServer();
    const route = () => ({ to: 'server', why: 'quality' }) as const;
    const { ask, moves } = routed({ engine: engineOf(), server, route });
    await ask({ document: 'moby', sources: true });
    await ask({ document: { text: 'Short.' } });
    expect(moves).toMatchObject([
      { sendsDocument: true, lost: ['sources'] },
      { sendsDocument: true, lost: [] },
    ]);
    expect(server.asked.map(({ body }) => (body.messages as object[])[0])).toEqual([
      { role: 'system', content: 'The text of moby.' },
      { role: 'system', content: 'Short.' },
    ]);
  });

  test('an abort ends the wait for an engine', async () => {
    const controller = new AbortController();
    const handOver = new HandOver({ engine: new Promise<RoutableEngine>(() => undefined) });
    const waiting = handOver.fetch(url, init({}, controller.signal));
    controller.abort(new Error('Enough.'));
    await expect(waiting).rejects.toThrow('Enough.');
  });
});

describe('an engine that fails', () => {
  const failure = { error: new EngineError('device-lost', 'Gone.'), afterPieces: 1 };
  const pieces = ['Hel', 'lo.'];

  test('before its first token: the server answers, in the same stream', async () => {
    const server = await startServer();
    const { ask, moves } = routed({ engine: engineOf({ failure: { ...failure, afterPieces: 0 } }), server });
    const chunks = await chunksOf(await ask({ stream: true }));
    expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe('from afar.');
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
    expect(moves).toMatchObject([{ why: 'failed', hasBegun: false }]);
    expect(await textOf(await ask())).toBe('from afar.');
  });

  test('after it: the error, unless the server goes on', async () => {
    const server = await startServer();
    const { ask, moves } = routed({ engine: engineOf({ pieces, failure }), server });
    expect(await (await ask({ stream: true })).text()).toMatch(/Gone\./);
    expect(moves).toEqual([]);
    // Nobody has a part of an answer that is given whole.
    expect(await textOf(await ask())).toBe('from afar.');
  });

  test('after it, where the server goes on: with the text so far, as one answer', async () => {
    const server = await startServer();
    const { ask, moves } = routed({
      engine: engineOf({ pieces, failure }),
      server: { ...server, continues: true },
    });
    const body = { stream: true, max_tokens: 10, stream_options: { include_usage: true } };
    const chunks = await chunksOf(await ask(body));
    expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe('Helfrom afar.');
    expect(chunks.filter(({ choices }) => choices[0]?.delta.role)).toHaveLength(1);
    expect(chunks.some(({ choices }) => choices[0]?.token_ids)).toBe(false);
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
    expect(chunks.at(-1)!.usage).toMatchObject({ completion_tokens: 3 });
    expect(moves).toMatchObject([{ why: 'failed', hasBegun: true }]);
    expect(server.asked[0]!.body).toEqual({
      ...body,
      messages: [...messages, { role: 'assistant', content: 'Hel' }],
      max_tokens: 9,
      continue_final_message: true,
      add_generation_prompt: false,
    });
  });

  test('raw text goes on anywhere', async () => {
    const server = await startServer();
    const { ask } = routed({ engine: engineOf({ pieces, failure }), server });
    const completions = 'https://api.example.com/v1/completions';
    const response = await ask({ messages: undefined, prompt: 'Once', stream: true }, completions);
    const chunks = await chunksOf(response);
    expect(chunks.map(({ choices }) => choices[0]?.text ?? '').join('')).toBe('Helfrom afar.');
    expect(server.asked[0]!.body).toMatchObject({ prompt: 'OnceHel' });
  });

  test('what is wrong with the request is no failure', async () => {
    const server = await startServer();
    const { ask, moves } = routed({ engine: engineOf(), server });
    expect((await ask({ temperature: 'hot' })).status).toBe(400);
    expect(moves).toEqual([]);
  });
});

test('createFetch checks its options, and takes an engine', async () => {
  expect(() => createFetch({ server: { baseURL: '/v1' } })).toThrow(
    '"server.baseURL" must be an absolute URL',
  );
  expect(() => createFetch({ route: 'device' as never })).toThrow('"route" must be a function');
  const fetch = createFetch({ engine: engineOf() as unknown as Engine });
  expect(await textOf(await fetch(url, init({})))).toBe('Hello.');
});
