/** Every field of a chat request and every shape of a message that the clients write, at the door: taken, or refused by its name. */
import { describe, expect, test } from 'vitest';
import { answerFetch } from '../../../src/wire/openai-fetch';
import { scriptedEngine } from '../../support/scripted-engine';

const user = { role: 'user', content: 'Hi' };
const tool = { type: 'function', function: { name: 'a', parameters: { type: 'object', properties: {} } } };
const call = { id: 'c1', type: 'function', function: { name: 'a', arguments: '{}' } };

/** Status and, where it is refused, the error's code and field. */
async function send(body: object): Promise<[status: number, code?: string | null, param?: string | null]> {
  // A model that knows tools.
  const engine = scriptedEngine({ chatTemplate: '{% if tools %}<tool_call>{% endif %}' });
  const response = await answerFetch(engine, 'https://x/v1/chat/completions', {
    method: 'POST',
    body: JSON.stringify({ messages: [user], ...body }),
  });
  const text = await response.text();
  if (response.status === 200) return [200];
  const { error } = JSON.parse(text) as { error: { code: string | null; param: string | null } };
  return [response.status, error.code, error.param];
}

/** A value that clients send for each field; those that go with another bring it along. */
const fields: Readonly<Record<string, object>> = {
  model: { model: 'gpt-4o-mini' },
  frequency_penalty: { frequency_penalty: 0.5 },
  presence_penalty: { presence_penalty: -0.5 },
  logit_bias: { logit_bias: { '5': -100 } },
  logprobs: { logprobs: false },
  top_logprobs: { logprobs: true, top_logprobs: 2 },
  max_tokens: { max_tokens: 4 },
  max_completion_tokens: { max_completion_tokens: 4 },
  metadata: { metadata: { app: 'x' } },
  modalities: { modalities: ['text'] },
  n: { n: 2 },
  parallel_tool_calls: { parallel_tool_calls: true },
  prediction: { prediction: { type: 'content', content: 'x' } },
  prompt_cache_key: { prompt_cache_key: 'x' },
  prompt_cache_retention: { prompt_cache_retention: '24h' },
  response_format: { response_format: { type: 'text' } },
  safety_identifier: { safety_identifier: 'x' },
  seed: { seed: 7 },
  service_tier: { service_tier: 'auto' },
  stop: { stop: ['END'] },
  store: { store: false },
  stream: { stream: true },
  stream_options: { stream: true, stream_options: { include_usage: true, include_obfuscation: false } },
  temperature: { temperature: 0.2 },
  tool_choice: { tools: [tool], tool_choice: 'auto' },
  tools: { tools: [tool] },
  top_p: { top_p: 0.9 },
  user: { user: 'x' },
  verbosity: { verbosity: 'low' },
  functions: { functions: [] },
  function_call: { function_call: 'none' },
  top_k: { top_k: 40 },
  min_p: { min_p: 0.05 },
  repetition_penalty: { repetition_penalty: 1.1 },
  chat_template_kwargs: { chat_template_kwargs: { enable_thinking: false } },
};

describe('fields', () => {
  test.each(Object.entries(fields))('%s is taken, and null too', async (name, body) => {
    expect(await send(body)).toEqual([200]);
    expect(await send({ [name]: null })).toEqual([200]);
  });

  test.each([
    ['audio', { voice: 'x', format: 'mp3' }],
    ['web_search_options', {}],
    ['modalities', ['text', 'audio']],
    ['functions', [{ name: 'a' }]],
    ['function_call', { name: 'a' }],
  ])('%s that would change the answer is refused by name', async (name, value) => {
    expect(await send({ [name]: value })).toEqual([400, 'unsupported', name]);
  });
});

describe('messages', () => {
  const asked = [user, { role: 'assistant', content: null, tool_calls: [call] }];
  test.each<[string, readonly object[]]>([
    ['system', [{ role: 'system', content: 'Be brief.' }, user]],
    ['developer', [{ role: 'developer', content: 'Be brief.' }, user]],
    ['system in parts', [{ role: 'system', content: [{ type: 'text', text: 'Be brief.' }] }, user]],
    ['user', [user]],
    ['user in parts', [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }]],
    ['user with a name', [{ ...user, name: 'Ann' }]],
    [
      'user with a cached part',
      [{ role: 'user', content: [{ type: 'text', text: 'Hi', cache_control: {} }] }],
    ],
    ['assistant', [user, { role: 'assistant', content: 'Hello.' }, user]],
    ['assistant in parts', [user, { role: 'assistant', content: [{ type: 'text', text: 'Hello.' }] }, user]],
    [
      'assistant as an answer has it',
      [user, { role: 'assistant', content: 'Hello.', refusal: null, annotations: [], parsed: null }, user],
    ],
    [
      'assistant with thoughts',
      [user, { role: 'assistant', content: 'Hello.', reasoning_content: 'Hm.' }, user],
    ],
    ['assistant that refused', [user, { role: 'assistant', content: null, refusal: 'No.' }, user]],
    ['assistant that called', [...asked, { role: 'tool', tool_call_id: 'c1', content: 'x' }]],
    [
      'assistant that called and spoke',
      [user, { ...asked[1], content: 'So:' }, { role: 'tool', tool_call_id: 'c1', content: 'x' }],
    ],
    [
      'tool in parts',
      [...asked, { role: 'tool', tool_call_id: 'c1', content: [{ type: 'text', text: 'x' }] }],
    ],
  ])('%s', async (_, messages) => {
    expect(await send({ messages, tools: [tool] })).toEqual([200]);
  });
});
