import { describe, expect, test } from 'vitest';
import { route, type RouteFacts } from '../../../../src/wire/hand-over/route';
import {
  continuedBody,
  documentOf,
  serverBody,
  serverUrl,
} from '../../../../src/wire/hand-over/server-request';

const chat = (body: object = {}) => ({ path: '/chat/completions', body: { messages: [], ...body } });
const ready: RouteFacts = {
  device: 'ready',
  promptTokens: 10,
  contextTokens: 100,
  numRunning: 0,
  numWaiting: 0,
  deviceModels: ['scout', 'gpt-4o-mini'],
  serverModel: 'big',
};

describe('the usual route', () => {
  test.each<[string, Partial<RouteFacts>, object]>([
    ['what the engine can do', {}, {}],
    ['its last token of room', { promptTokens: 99 }, {}],
    ['three requests at once', { numRunning: 2, numWaiting: 1 }, {}],
    ['a model that nobody has: the engine says so', {}, { model: 'other' }],
    ["the engine's own name", { serverModel: 'scout' }, { model: 'scout' }],
    ['what is wrong with a document', { errorCode: 'document-unread' }, {}],
  ])('keeps %s', (_what, facts, body) => {
    expect(route(chat(body), { ...ready, ...facts })).toEqual({ to: 'device' });
  });

  test.each<[string, Partial<RouteFacts>, object]>([
    ['no-engine', { device: 'absent' }, {}],
    ['loading', { device: 'loading' }, {}],
    ['no-webgpu', { device: 'failed', errorCode: 'webgpu-unavailable' }, {}],
    ['failed', { device: 'failed', errorCode: 'network' }, {}],
    ['failed', { device: 'failed' }, {}],
    ['failed', { errorCode: 'disposed' }, {}],
    ['unsupported', { unsupported: 'n' }, {}],
    ['unsupported', { errorCode: 'unsupported' }, {}],
    ['context', { promptTokens: 100 }, {}],
    ['context', { errorCode: 'context-too-long' }, {}],
    ['context', { errorCode: 'gpu-memory' }, {}],
    ['busy', { numRunning: 3, numWaiting: 1 }, {}],
    ['quality', {}, { model: 'big' }],
    ['quality', { device: 'loading' }, { model: 'big' }],
  ])('moves, since: %s (%j, %j)', (why, facts, body) => {
    expect(route(chat(body), { ...ready, ...facts })).toEqual({ to: 'server', why });
  });
});

describe('a body for a server', () => {
  test('has the document as the first that the system says', () => {
    const document = { model: 'big', documentText: 'Call me Ishmael.' };
    const user = { role: 'user', content: 'Who?' };
    const moved = (messages: object[]) =>
      serverBody(chat({ messages, document: 'moby', model: 'scout' }), document).body;
    expect(moved([user])).toEqual({
      model: 'big',
      messages: [{ role: 'system', content: 'Call me Ishmael.' }, user],
    });
    expect(moved([{ role: 'developer', content: 'Be brief.' }, user]).messages).toEqual([
      { role: 'developer', content: 'Call me Ishmael.\n\nBe brief.' },
      user,
    ]);
    expect(moved([{ role: 'system', content: [{ type: 'text', text: 'Be brief.' }] }]).messages).toEqual([
      {
        role: 'system',
        content: [
          { type: 'text', text: 'Call me Ishmael.\n\n' },
          { type: 'text', text: 'Be brief.' },
        ],
      },
    ]);
    const response = {
      path: '/responses',
      body: { input: 'Who?', document: { text: 'x' }, instructions: 'Be brief.' },
    };
    expect(serverBody(response, document).body).toEqual({
      model: 'big',
      input: 'Who?',
      instructions: 'Call me Ishmael.\n\nBe brief.',
    });
    expect(documentOf(response)).toEqual({ text: 'x' });
    const several = chat({ documents: ['a', 'b'] });
    expect(documentOf(several)).toEqual({ ids: ['a', 'b'] });
    expect(serverBody(several).body).not.toHaveProperty('documents');
  });

  test('says in the words of vLLM what is ours, keeps what vLLM has too, and tells what is lost', () => {
    const same = { top_k: 5, ignore_eos: true, chat_template_kwargs: { a: 1 }, guided_decoding_backend: 'x' };
    const { body, lost } = serverBody(
      chat({
        ...same,
        exact: true,
        sources: 3,
        default_sampling: false,
        top_p: 0.5,
        response_format: { type: 'choice', choices: ['a', 'b'] },
      }),
    );
    expect(body).toEqual({
      messages: [],
      ...same,
      temperature: 1,
      top_p: 0.5,
      structured_outputs: { choice: ['a', 'b'] },
    });
    expect(lost).toEqual(['sources']);
    expect(serverBody(chat({ response_format: { type: 'regex', pattern: '[0-9]' } })).body).toMatchObject({
      structured_outputs: { regex: '[0-9]' },
    });
    const json = { response_format: { type: 'json_object' }, sources: false };
    expect(serverBody(chat(json))).toMatchObject({
      body: { response_format: json.response_format },
      lost: [],
    });
  });

  test('goes on with an answer', () => {
    const user = { role: 'user', content: 'Hi' };
    expect(continuedBody(chat({ messages: [user], max_tokens: 8 }), 'Hel', 3)).toEqual({
      messages: [user, { role: 'assistant', content: 'Hel' }],
      max_tokens: 5,
      add_generation_prompt: false,
      continue_final_message: true,
    });
    const raw = (prompt: unknown) => continuedBody({ path: '/completions', body: { prompt } }, ' upon', 1);
    expect(raw('Once')).toEqual({ prompt: 'Once upon' });
    expect(raw(['Once'])).toEqual({ prompt: 'Once upon' });
    expect(raw([1, 2])).toBeUndefined();
  });

  test.each([
    ['https://api.openai.com/v1/chat/completions', '/chat/completions'],
    ['https://longpage/openai/v1/responses?x=1', '/responses?x=1'],
    ['http://localhost/chat/completions/', '/chat/completions'],
    ['http://localhost/v1beta/embeddings', '/embeddings'],
    ['http://localhost/api/models/a/b', '/models/a/b'],
    ['http://localhost/files', '/files'],
  ])('%s is asked at %s', (url, path) => {
    expect(serverUrl('https://llm.example.com/v1/', url)).toBe(`https://llm.example.com/v1${path}`);
  });
});
