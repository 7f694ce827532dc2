import { describe, expect, test } from 'vitest';
import type { ChatCompletion, ChatCompletionChunk, ChatCompletionRequest } from '../../../../src/index';
import { familyOf, wantsArgumentsAsText } from '../../../../src/api/tools/families';
import * as toolPart from '../../../../src/api/tools/tool-use';
import { validateChatRequest } from '../../../../src/api/validate-chat-request';
import { ChatTemplate } from '../../../../src/tokenizer/chat-template';
import { EngineError } from '../../../../src/util/errors';
import { scriptedEngine } from '../../../support/scripted-engine';
import { readShared, sharedCheck, sharedConfig } from '../../tokenizer/shared-tokenizers';

const question = { role: 'user', content: 'Weather in Bern?' };
const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const weather = { type: 'function', function: { name: 'weather', description: 'Tells it.', parameters } };
const call = { id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Bern"}' } };
const history = [
  question,
  { role: 'assistant', content: null, tool_calls: [call] },
  { role: 'tool', tool_call_id: 'call_1', content: 'Sunny.' },
];
const hermes =
  '{% if tools %}{% for tool in tools %}{{ tool | tojson }}{% endfor %}<tool_call>{% endif %}{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% for c in m.tool_calls or [] %}<tool_call>{{ c.function.arguments | tojson }}</tool_call>{% endfor %}{% endfor %}';

const validate = (fields: object, chatTemplate: string) =>
  validateChatRequest({ messages: [question], ...fields }, { chatTemplate }, toolPart).request;

describe('a family is found in the text of the template', () => {
  test.each([
    ['{% if tools %}<tool_call>{% endif %}', 'hermes'],
    ['{% if tools %}<tool_call>\\n<function=x>{% endif %}', 'qwen-3-coder'],
    ['{% if tools %}<tool_call>{name}<arg_key>{% endif %}', undefined],
    ['{% if tools %}[AVAILABLE_TOOLS]{% endif %}[TOOL_CALLS]', 'mistral-list'],
    ['{% if tools %}[AVAILABLE_TOOLS]{% endif %}[TOOL_CALLS]x[ARGS]', 'mistral'],
    ['{% if tools %}{"name": function name, "parameters": dictionary}{% endif %}', 'llama-3'],
    ['{% if tools %}<start_function_call>call:{% endif %}', 'function-gemma'],
    ['{% if tools %}<|tool_call>call:{% endif %}', 'gemma-4'],
    ['{% if tools %}<|tool_call|>{% endif %}', 'granite-3'],
    ['{% if tools %}Use them.{% endif %}', undefined],
    ['{{ messages }} <tool_call>', undefined],
  ])('%s', (template, name) => {
    expect(familyOf(template)?.name).toBe(name);
  });

  test.each([
    ["{{ call['function']['arguments'] + '\\n' }}", true],
    ["{{ '{' ~ call.function.arguments ~ '}' }}", true],
    ['{{ tool_call.arguments | tojson }}', false],
    ['{{ tool_call.function | tojson }}', false],
    ["{{ 'x' + (tool_call.arguments | tojson) }}", false],
  ])('arguments as text? %s', (template, isText) => {
    expect(wantsArgumentsAsText(template)).toBe(isText);
  });
});

describe('a request', () => {
  test('tells the template of tools, calls and results as Hugging Face does', () => {
    const { prompt, marks } = validate({ messages: history, tools: [weather] }, hermes);
    expect(prompt).toEqual({
      kind: 'chat',
      messages: [
        question,
        {
          role: 'assistant',
          content: '',
          tool_calls: [
            { id: 'call_1', type: 'function', function: { name: 'weather', arguments: { city: 'Bern' } } },
          ],
        },
        { role: 'tool', content: 'Sunny.', tool_call_id: 'call_1', name: 'weather' },
      ],
      variables: { tools: [weather] },
    });
    expect(marks).toContain('<tool_call>');
  });

  test('with tool_choice none says nothing of tools', () => {
    expect(validate({ tools: [weather], tool_choice: 'none' }, 'plain').prompt).not.toHaveProperty(
      'variables',
    );
  });

  test.each<[object, string]>([
    [{ tools: [weather] }, 'tools'],
    [{ messages: history }, 'messages[1].tool_calls'],
    [{ messages: history.slice(2) }, 'messages[0].role'],
  ])('%j is unsupported where the template knows no tools', (fields, field) => {
    const attempt = () => validate(fields, '{{ messages }}');
    expect(attempt).toThrow(EngineError);
    expect(attempt).toThrow(expect.objectContaining({ code: 'unsupported', field }) as Error);
    expect(attempt).toThrow(/knows no tools/);
  });

  test.each<[object, RegExp]>([
    [{ tools: 'x' }, /^"tools" must be a list/],
    [{ tools: [{}] }, /^"tools\[0\]" needs "type"/],
    [{ tools: [{ type: 'custom' }] }, /^"tools\[0\].type" is not supported: only "function" is/],
    [{ tools: [{ type: 'function' }] }, /^"tools\[0\]" needs "function"/],
    [{ tools: [{ type: 'function', function: {} }] }, /^"tools\[0\].function" needs "name"/],
    [
      { tools: [{ type: 'function', function: { name: 'a b' } }] },
      /^"tools\[0\].function.name" must be 1 to 64/,
    ],
    [
      { tools: [{ type: 'function', function: { name: 'a', parameters: 3 } }] },
      /parameters" must be an object/,
    ],
    [
      { tools: [{ type: 'function', function: { name: 'a', x: 3 } }] },
      /unknown field "tools\[0\].function.x"/,
    ],
    [{ tools: [weather, weather] }, /^"tools\[1\].function.name" is "weather", as that of another/],
    [{ tools: Array(129).fill(weather) }, /^"tools" must have at most 128/],
    [{ tool_choice: 'sometimes', tools: [weather] }, /^"tool_choice" must be none, auto, required/],
    [{ tool_choice: 'required' }, /^"tool_choice" needs "tools"/],
    [{ tool_choice: { type: 'function', function: { name: 'b' } }, tools: [weather] }, /none of the "tools"/],
    [{ tool_choice: { type: 'allowed_tools' }, tools: [weather] }, /^"tool_choice.type" is not supported/],
    [{ tools: [weather], parallel_tool_calls: 1 }, /^"parallel_tool_calls" must be true or false/],
    [{ tools: [weather], chat_template_kwargs: { tools: [] } }, /^"chat_template_kwargs.tools"/],
    [
      { messages: [{ role: 'assistant', tool_calls: [{}] }] },
      /^"messages\[0\].tool_calls\[0\].function" needs "name"/,
    ],
    [
      { messages: [{ role: 'tool', tool_call_id: 3, content: '' }] },
      /^"messages\[0\].tool_call_id" must be a string/,
    ],
    [{ messages: [{ role: 'tool' }] }, /^"messages\[0\].content" must be/],
    [
      { messages: [{ role: 'user', content: 'x', tool_calls: [call] }] },
      /^"messages\[0\].tool_calls" is not supported/,
    ],
  ])('%j is refused by name', (fields, message) => {
    expect(() => validate(fields, hermes)).toThrow(message);
  });
});

const renderedBy = (template: ChatTemplate, fields: object) => {
  const { prompt } = validate(fields, template.toolSource!);
  return template.render(prompt as unknown as Parameters<ChatTemplate['render']>[0]).rest;
};

describe("real models' templates", () => {
  const qwen = sharedConfig('qwen3');
  test(sharedCheck('Qwen 3', !!qwen), () => {
    if (!qwen) return;
    const text = renderedBy(ChatTemplate.fromFiles(undefined, qwen), { messages: history, tools: [weather] });
    expect(text).toContain(
      '<tools>\n{"type": "function", "function": {"name": "weather", "description": "Tells it.", "parameters": {"type": "object",',
    );
    expect(text).toContain(
      '<tool_call>\n{"name": "weather", "arguments": {"city": "Bern"}}\n</tool_call><|im_end|>',
    );
    expect(text).toContain('<tool_response>\nSunny.\n</tool_response><|im_end|>');
  });

  const smol = readShared('tokenizers/smollm/chat_template.jinja');
  test(sharedCheck('SmolLM3, which does not write the calls of the history itself', !!smol), () => {
    if (!smol) return;
    const text = renderedBy(ChatTemplate.fromFiles(smol, undefined), { messages: history, tools: [weather] });
    expect(text).toContain("<tools>\n{'type': 'function', 'function': {'name': 'weather',");
    expect(text).toContain('<tool_call>\n{"name":"weather","arguments":{"city":"Bern"}}\n</tool_call>');
    expect(text).toContain('<|im_start|>user\nSunny.<|im_end|>');
  });
});

describe('an answer', () => {
  const text =
    '<think>\nHm.\n</think>\n\n<tool_call>{"name": "weather", "arguments": {"city": "Bern"}}</tool_call>';
  const script = { pieces: text.match(/[^]{1,4}/g)!, chatTemplate: `${hermes}<think>` };
  const request = { messages: [question], tools: [weather] } as ChatCompletionRequest;

  test('has thoughts and calls beside its text', async () => {
    const engine = scriptedEngine(script);
    const { choices, usage } = (await engine.chat.completions.create(request)) as ChatCompletion;
    expect(choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: {
        role: 'assistant',
        content: null,
        refusal: null,
        reasoning_content: 'Hm.',
        tool_calls: [{ type: 'function', function: { name: 'weather', arguments: '{"city": "Bern"}' } }],
      },
    });
    expect(usage.completion_tokens_details).toEqual({ reasoning_tokens: 5 });
    // It goes back into the history as it is.
    const again = { ...request, messages: [question, choices[0].message] } as ChatCompletionRequest;
    await expect(engine.chat.completions.create(again)).resolves.toBeDefined();
  });

  test('streams them as deltas', async () => {
    const stream = await scriptedEngine(script).chat.completions.create({ ...request, stream: true });
    const chunks: ChatCompletionChunk[] = [];
    for await (const chunk of stream as AsyncIterable<ChatCompletionChunk>) chunks.push(chunk);
    const deltas = chunks.map(({ choices }) => choices[0]!.delta);
    expect(deltas[0]).toEqual({ role: 'assistant', content: '' });
    expect(deltas.map(({ reasoning_content: thought = '' }) => thought).join('')).toBe('Hm.');
    const calls = deltas.flatMap(({ tool_calls: made = [] }) => made);
    expect(calls[0]).toMatchObject({ index: 0, type: 'function', function: { name: 'weather' } });
    expect(calls.length).toBeGreaterThan(2);
    expect(calls.map(({ function: { arguments: part = '' } }) => part).join('')).toBe('{"city": "Bern"}');
    expect(deltas.every(({ content = '' }) => content === '')).toBe(true);
    expect(chunks.at(-1)!.choices[0]!.finish_reason).toBe('tool_calls');
  });

  test('that was cut in a call says so', async () => {
    const cut = {
      ...script,
      pieces: ['<tool_call>{"name": "weather", "argum'],
      finishReason: 'length' as const,
    };
    const { choices } = (await scriptedEngine(cut).chat.completions.create(request)) as ChatCompletion;
    expect(choices[0]).toMatchObject({ finish_reason: 'length', message: { content: null } });
    expect(choices[0].message.tool_calls).toHaveLength(1);
  });

  test('without tools keeps what looks like a call as text', async () => {
    const plain = await scriptedEngine(script).chat.completions.create({ messages: request.messages });
    const { message, finish_reason } = (plain as ChatCompletion).choices[0];
    expect(finish_reason).toBe('stop');
    expect(message.content).toMatch(/^<tool_call>/);
    expect(message.tool_calls).toBeUndefined();
  });
});
