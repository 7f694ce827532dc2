import { describe, expect, test } from 'vitest';
import { EngineError } from '../../../src/util/errors';
import { answerFetch } from '../../../src/wire/openai-fetch';
import { scriptedEngine, type Script } from '../../support/scripted-engine';

const base = 'https://api.example.com/v1';
const messages = [{ role: 'user', content: 'Hi' }];

function post(path: string, body: unknown, script?: Script, signal?: AbortSignal): Promise<Response> {
  return answerFetch(scriptedEngine(script), base + path, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...(signal && { signal }),
  });
}

/** The events of a stream: their names where they have some, and their data. */
async function eventsOf(response: Response): Promise<{ event?: string; data: unknown }[]> {
  const text = await response.text();
  expect(text.endsWith('\n\n')).toBe(true);
  return text
    .trimEnd()
    .split('\n\n')
    .map((block) => {
      const fields = Object.fromEntries(
        block.split('\n').map((line) => line.split(/: (.*)/s).slice(0, 2)),
      ) as {
        event?: string;
        data: string;
      };
      return {
        ...fields,
        data: fields.data === '[DONE]' ? fields.data : (JSON.parse(fields.data) as unknown),
      };
    });
}

describe('answers', () => {
  test('a chat completion, whole', async () => {
    const response = await post('/chat/completions', { model: 'gpt-4o-mini', messages });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.json()).toMatchObject({
      object: 'chat.completion',
      model: 'scripted',
      choices: [{ message: { role: 'assistant', content: 'Hello.' }, finish_reason: 'stop' }],
      usage: { total_tokens: 7 },
    });
  });

  test('a chat completion, streamed, with [DONE] at the end', async () => {
    const response = await post('/chat/completions', { messages, stream: true });
    expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
    const events = await eventsOf(response);
    expect(events.at(-1)).toEqual({ data: '[DONE]' });
    const deltas = events.slice(0, -1).map(({ data }) => data) as {
      choices: { delta: { content?: string } }[];
    }[];
    expect(deltas.map(({ choices }) => choices[0]!.delta.content ?? '').join('')).toBe('Hello.');
  });

  test('a legacy completion, whole and streamed', async () => {
    const whole = await post('/completions', { prompt: ['Once'] });
    expect(await whole.json()).toMatchObject({ object: 'text_completion', choices: [{ text: 'Hello.' }] });
    const events = await eventsOf(await post('/completions', { prompt: 'Once', stream: true }));
    expect(events[0]!.data).toMatchObject({ object: 'text_completion', choices: [{ text: 'Hel' }] });
    expect(events.at(-1)!.data).toBe('[DONE]');
  });

  test('embeddings', async () => {
    const response = await post('/embeddings', { model: 'm', input: ['a', 'b'] });
    expect(await response.json()).toMatchObject({
      object: 'list',
      data: [{ index: 0 }, { index: 1, embedding: [0.5, -0.25, 1] }],
      usage: { prompt_tokens: 2 },
    });
    const refused = await post('/embeddings', { input: 5 });
    expect([refused.status, await refused.json()]).toMatchObject([400, { error: { param: 'input' } }]);
  });

  test('the Responses API, with thoughts, text and a call, whole and streamed', async () => {
    const text = '<think>Hm.</think>So:\n<tool_call>{"name": "a", "arguments": {"x": 1}}</tool_call>';
    const script = {
      pieces: text.match(/[^]{1,5}/g)!,
      chatTemplate: '{% if tools %}<tool_call><think>{% endif %}',
    };
    const body = {
      input: [
        { role: 'user', content: 'Hi' },
        { type: 'function_call', call_id: 'c1', name: 'a', arguments: '{}', id: 'fc_1', status: 'completed' },
        { type: 'function_call', call_id: 'c2', name: 'a', arguments: '{"x":2}' },
        { type: 'function_call_output', call_id: 'c1', output: 'one' },
        { type: 'function_call_output', call_id: 'c2', output: [{ type: 'input_text', text: 'two' }] },
      ],
      tools: [{ type: 'function', name: 'a', parameters: { type: 'object' }, strict: false }],
      tool_choice: 'auto',
    };
    const engine = scriptedEngine(script);
    const init = (fields: object) => ({ method: 'POST', body: JSON.stringify(fields) });
    const whole = (await (await answerFetch(engine, `${base}/responses`, init(body))).json()) as {
      output: object[];
    };
    expect(engine.requests[0]!.prompt).toMatchObject({
      messages: [
        { role: 'user' },
        { role: 'assistant', tool_calls: [{ id: 'c1' }, { function: { name: 'a', arguments: { x: 2 } } }] },
        { role: 'tool', content: 'one', tool_call_id: 'c1' },
        { role: 'tool', content: 'two' },
      ],
      variables: { tools: [{ type: 'function', function: { name: 'a', parameters: { type: 'object' } } }] },
    });
    const expected = [
      { type: 'reasoning', content: [{ type: 'reasoning_text', text: 'Hm.' }] },
      { type: 'message', status: 'completed', content: [{ text: 'So:' }] },
      {
        type: 'function_call',
        name: 'a',
        arguments: '{"x": 1}',
        call_id: expect.stringMatching(/^call_/) as string,
      },
    ];
    expect(whole.output).toMatchObject(expected);
    const streamed = await answerFetch(engine, `${base}/responses`, init({ ...body, stream: true }));
    const events = (await eventsOf(streamed)).map(({ data }) => data) as {
      type: string;
      item?: object;
      response?: object;
      delta?: string;
    }[];
    expect(
      events.filter(({ type }) => type === 'response.output_item.done').map(({ item }) => item),
    ).toMatchObject(expected);
    const argumentsDeltas = events.filter(({ type }) => type === 'response.function_call_arguments.delta');
    expect(argumentsDeltas.map(({ delta }) => delta).join('')).toBe('{"x": 1}');
    expect(events.at(-1)).toMatchObject({ type: 'response.completed', response: { output: expected } });
  });

  test('models, by name and by alias', async () => {
    const engine = scriptedEngine();
    const list = (await (await answerFetch(engine, `${base}/models`)).json()) as { data: { id: string }[] };
    expect(list.data.map(({ id }) => id)).toEqual(['scripted', 'gpt-4o-mini', 'm']);
    const one = await answerFetch(engine, new URL(`${base}/models/gpt-4o-mini`));
    expect(await one.json()).toMatchObject({ id: 'gpt-4o-mini', object: 'model' });
    expect((await answerFetch(engine, `${base}/models/other`)).status).toBe(404);
  });

  test('takes what fetch takes: a Request, a URL, a path', async () => {
    const engine = scriptedEngine();
    const init = { method: 'POST', body: JSON.stringify({ messages }) };
    for (const input of [
      new Request(`${base}/chat/completions`, init),
      new URL(`${base}/chat/completions`),
    ]) {
      expect((await answerFetch(engine, input, input instanceof URL ? init : undefined)).status).toBe(200);
    }
    expect((await answerFetch(engine, '/api/chat/completions/', init)).status).toBe(200);
    expect(engine.requests).toHaveLength(3);
  });
});

describe('errors', () => {
  const failing = (error: Error): Script => ({ failure: { error } });

  test.each([
    ['/chat/completions', '{', undefined, { status: 400, param: null, code: null }],
    ['/chat/completions', '[]', undefined, { status: 400, message: 'The body must be a JSON object.' }],
    [
      '/chat/completions',
      { messages, model: 'gpt-9' },
      undefined,
      { status: 404, code: 'model_not_found', param: 'model' },
    ],
    ['/chat/completions', { messages, temperature: 3 }, undefined, { status: 400, param: 'temperature' }],
    ['/chat/completions', { messages, colour: 3 }, undefined, { status: 400, param: 'colour' }],
    [
      '/chat/completions',
      { messages, audio: {} },
      undefined,
      { status: 400, param: 'audio', code: 'unsupported' },
    ],
    [
      '/chat/completions',
      { messages, stream: true },
      failing(new EngineError('context-too-long', 'Too long.')),
      { status: 400, message: 'Too long.', code: 'context_length_exceeded', type: 'invalid_request_error' },
    ],
    [
      '/chat/completions',
      { messages },
      failing(new EngineError('device-lost', 'Gone.')),
      { status: 503, code: 'device_lost', type: 'server_error' },
    ],
    [
      '/responses',
      { input: 'x', stream: true },
      failing(new EngineError('gpu-memory', 'Full.')),
      { status: 413 },
    ],
    [
      '/chat/completions',
      { messages },
      failing(new Error('odd')),
      { status: 500, type: 'server_error', message: 'odd' },
    ],
    ['/images/generations', {}, undefined, { status: 404, code: 'unknown_url' }],
    ['/nothing', {}, undefined, { status: 404, code: 'unknown_url' }],
  ])('%s %j %j', async (path, body, script, { status, ...error }) => {
    const response = await post(path, body, script);
    expect(response.status).toBe(status);
    expect(response.headers.get('x-should-retry')).toBe('false');
    const parsed = (await response.json()) as { error: { message: string } };
    expect(parsed).toMatchObject({ error });
    expect(Object.keys(parsed.error).sort()).toEqual(['code', 'message', 'param', 'type']);
  });

  test('a method that a route does not take', async () => {
    const response = await answerFetch(scriptedEngine(), `${base}/chat/completions`);
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
  });

  test('a failure in the middle of a stream is an event', async () => {
    const failure = { error: new EngineError('device-lost', 'Gone.'), afterPieces: 1 };
    const events = await eventsOf(await post('/chat/completions', { messages, stream: true }, { failure }));
    expect(events.at(-1)!.data).toMatchObject({ error: { message: 'Gone.', code: 'device_lost' } });
    const responses = await eventsOf(await post('/responses', { input: 'Hi', stream: true }, { failure }));
    expect(responses.at(-1)).toMatchObject({
      event: 'response.failed',
      data: { response: { status: 'failed', error: { code: 'device_lost', message: 'Gone.' } } },
    });
  });
});

describe('abort', () => {
  test('rejects with the reason of the signal, before and during an answer', async () => {
    const reason = new Error('enough');
    await expect(post('/chat/completions', { messages }, {}, AbortSignal.abort(reason))).rejects.toBe(reason);
    const controller = new AbortController();
    const whole = post(
      '/chat/completions',
      { messages },
      { pieces: Array<string>(50).fill('x') },
      controller.signal,
    );
    controller.abort(reason);
    await expect(whole).rejects.toBe(reason);
  });

  test('breaks a stream off with the reason', async () => {
    const controller = new AbortController();
    const script = { pieces: Array<string>(50).fill('x') };
    const response = await post('/chat/completions', { messages, stream: true }, script, controller.signal);
    const reader = response.body!.getReader();
    await reader.read();
    const reason = new Error('enough');
    controller.abort(reason);
    const drain = async () => {
      while (!(await reader.read()).done);
    };
    await expect(drain()).rejects.toBe(reason);
  });

  test('a reader that leaves ends the answer', async () => {
    const engine = scriptedEngine();
    let hasLeft = false;
    const chunks = (async function* () {
      try {
        for (;;) yield await Promise.resolve({ choices: [] });
      } finally {
        hasLeft = true;
      }
    })();
    const create = (() => Promise.resolve(chunks)) as unknown as typeof engine.chat.completions.create;
    const endless = { ...engine, chat: { completions: { create } } };
    const init = { method: 'POST', body: JSON.stringify({ messages, stream: true }) };
    const response = await answerFetch(endless, `${base}/chat/completions`, init);
    const reader = response.body!.getReader();
    await reader.read();
    await reader.cancel();
    expect(hasLeft).toBe(true);
  });
});

describe('the Responses API', () => {
  test('text in and out', async () => {
    const response = await post('/responses', {
      model: 'm',
      input: 'Hi',
      instructions: 'Brief.',
      max_output_tokens: 9,
    });
    expect(await response.json()).toMatchObject({
      object: 'response',
      status: 'completed',
      instructions: 'Brief.',
      max_output_tokens: 9,
      output: [{ type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Hello.' }] }],
      usage: {
        input_tokens: 5,
        output_tokens: 2,
        total_tokens: 7,
        input_tokens_details: { cached_tokens: 2 },
      },
    });
  });

  test('items of a conversation become messages', async () => {
    const engine = scriptedEngine();
    const input = [
      { role: 'user', content: [{ type: 'input_text', text: 'Hi' }] },
      { type: 'reasoning', id: 'rs_1', summary: [] },
      {
        type: 'message',
        id: 'msg_1',
        status: 'completed',
        role: 'assistant',
        content: [{ type: 'output_text', text: 'Ho', annotations: [] }],
      },
      { role: 'user', content: 'More' },
    ];
    const init = { method: 'POST', body: JSON.stringify({ input, instructions: 'Brief.' }) };
    expect((await answerFetch(engine, `${base}/responses`, init)).status).toBe(200);
    expect(engine.requests[0]!.prompt).toEqual({
      kind: 'chat',
      messages: [
        { role: 'system', content: 'Brief.' },
        { role: 'user', content: 'Hi' },
        { role: 'assistant', content: 'Ho' },
        { role: 'user', content: 'More' },
      ],
    });
  });

  test('its events, in order and numbered', async () => {
    const events = await eventsOf(
      await post('/responses', { input: 'Hi', stream: true }, { finishReason: 'length' }),
    );
    expect(events.map(({ event }) => event)).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.incomplete',
    ]);
    const data = events.map((event) => event.data) as { type: string; sequence_number: number }[];
    expect(data.map(({ type }) => type)).toEqual(events.map(({ event }) => event));
    expect(data.map(({ sequence_number }) => sequence_number)).toEqual(events.map((_, i) => i));
    expect(data.at(-1)).toMatchObject({
      response: {
        incomplete_details: { reason: 'max_output_tokens' },
        output: [{ content: [{ text: 'Hello.' }] }],
      },
    });
  });

  test.each([
    [{ input: 5 }, 'input'],
    [{ input: [{ type: 'item_reference', id: 'x' }] }, 'input[0].type'],
    [{ input: [{ role: 'user', content: [{ type: 'input_image' }] }] }, 'input[0].content[0].type'],
    [{ input: 'x', previous_response_id: 'resp_1' }, 'previous_response_id'],
    [{ input: 'x', background: true }, 'background'],
    [{ input: 'x', colour: 1 }, 'colour'],
  ])('%j is refused by name', async (body, param) => {
    const response = await post('/responses', body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { param } });
  });
});
