import { describe, expect, test } from 'vitest';
import { validateChatRequest } from '../../../src/api/validate-chat-request';
import { unsupportedFields } from '../../../src/api/unsupported-fields';
import { EngineError } from '../../../src/util/errors';

const messages = [{ role: 'user', content: 'Hi' }];
const context = { modelName: 'scout', vocabSize: 1000, drawSeed: () => 4_000_000_000 };
const validate = (fields: object) => validateChatRequest({ messages, ...fields }, context);
const samplingOf = (fields: object) => validate(fields).request.sampling;

describe('a good request', () => {
  test('gets the defaults of OpenAI, and ours switched off', () => {
    expect(validate({})).toEqual({
      request: {
        prompt: { kind: 'chat', messages },
        stop: [],
        sampling: {
          temperature: 1,
          topP: 1,
          topK: 0,
          minP: 0,
          repetitionPenalty: 1,
          frequencyPenalty: 0,
          presencePenalty: 0,
          seed: 4_000_000_000,
          logitBias: [],
        },
        isExact: false,
        ignoreEos: false,
      },
      response: { isStream: false, includeUsage: false, hasTokenIds: false, numChoices: 1 },
    });
  });

  test('with every field', () => {
    expect(
      validate({
        messages: [
          { role: 'developer', content: 'Be brief.' },
          {
            role: 'system',
            content: [
              { type: 'text', text: 'A' },
              { type: 'text', text: 'B' },
            ],
          },
          { role: 'assistant', content: '', refusal: null, tool_calls: null, annotations: undefined },
          { role: 'user', content: 'Who?' },
        ],
        model: 'scout',
        document: 'moby-dick',
        max_tokens: 9,
        max_completion_tokens: 9,
        stop: ['\n', 'END'],
        temperature: 0,
        top_p: 0.9,
        top_k: 40,
        min_p: 0.05,
        repetition_penalty: 1.1,
        frequency_penalty: -2,
        presence_penalty: 2,
        seed: 7,
        logit_bias: { 999: -100, 3: 1.5 },
        n: 1,
        logprobs: true,
        top_logprobs: 20,
        stream: true,
        stream_options: { include_usage: true },
        user: 'me',
        exact: true,
        ignore_eos: true,
        sources: 5,
        return_token_ids: true,
      }),
    ).toEqual({
      request: {
        prompt: {
          kind: 'chat',
          messages: [
            { role: 'system', content: 'Be brief.' },
            { role: 'system', content: 'AB' },
            { role: 'assistant', content: '' },
            { role: 'user', content: 'Who?' },
          ],
          document: { id: 'moby-dick' },
        },
        maxTokens: 9,
        stop: ['\n', 'END'],
        sampling: {
          temperature: 0,
          topP: 0.9,
          topK: 40,
          minP: 0.05,
          repetitionPenalty: 1.1,
          frequencyPenalty: -2,
          presencePenalty: 2,
          seed: 7,
          logitBias: [
            [3, 1.5],
            [999, -100],
          ],
        },
        logprobs: 20,
        isExact: true,
        ignoreEos: true,
        sources: { numPassages: 5 },
      },
      response: { isStream: true, includeUsage: true, hasTokenIds: true, numChoices: 1 },
    });
  });

  test('crosses to a worker as it is', () => {
    const { request } = validate({ document: { text: 'B' }, logprobs: true });
    expect(structuredClone(request)).toEqual(request);
    expect(request.prompt).toMatchObject({ document: { text: 'B' } });
    expect(request.logprobs).toBe(0);
  });

  test('what changes nothing is taken', () => {
    const neutral = {
      audio: null,
      best_of: 1,
      echo: false,
      function_call: 'none',
      functions: [],
      metadata: { user: 'me' },
      modalities: ['text'],
      parallel_tool_calls: true,
      prediction: { type: 'content', content: 'x' },
      prompt_cache_key: 'k',
      prompt_cache_options: { mode: 'explicit' },
      prompt_cache_retention: '24h',
      response_format: { type: 'text' },
      safety_identifier: 'x',
      service_tier: 'auto',
      store: true,
      suffix: '',
      tool_choice: 'none',
      tools: [],
      verbosity: 'low',
      unknown: null,
    };
    expect(validate(neutral)).toEqual(validate({}));
    const stream = { stream: true, stream_options: { include_obfuscation: false } };
    expect(validate(stream)).toEqual(validate({ stream: true }));
  });

  test('a history that clients write themselves', () => {
    const history = [
      {
        role: 'user',
        content: [{ type: 'text', text: 'A', cache_control: { type: 'ephemeral' } }],
        name: 'Bob',
      },
      { role: 'assistant', content: 'B', refusal: null, annotations: [], parsed: null, tool_calls: [] },
      { role: 'assistant', content: '{}', parsed: { x: 1 }, reasoning_content: 'Hm.', audio: null },
      { role: 'assistant', content: null, refusal: 'No.' },
      { role: 'assistant', refusal: null, function_call: null },
      { role: 'assistant', content: [{ type: 'refusal', refusal: 'Never.' }] },
      { role: 'user', content: 'C' },
    ];
    expect(validate({ messages: history }).request.prompt).toEqual({
      kind: 'chat',
      messages: [
        { role: 'user', content: 'A' },
        { role: 'assistant', content: 'B' },
        { role: 'assistant', content: '{}' },
        { role: 'assistant', content: 'No.' },
        { role: 'assistant', content: '' },
        { role: 'assistant', content: 'Never.' },
        { role: 'user', content: 'C' },
      ],
    });
  });

  test('the model may be called by an alias', () => {
    const aliased = { ...context, aliases: ['gpt-4o-mini'] };
    expect(() => validateChatRequest({ messages, model: 'gpt-4o-mini' }, aliased)).not.toThrow();
    expect(() => validateChatRequest({ messages, model: 'gpt-4o' }, aliased)).toThrow('"aliases"');
  });

  test('null means absent for every optional field', () => {
    const names = [
      'model',
      'document',
      'max_tokens',
      'max_completion_tokens',
      'stop',
      'temperature',
      'top_p',
      'top_k',
    ];
    names.push(
      'min_p',
      'repetition_penalty',
      'frequency_penalty',
      'presence_penalty',
      'seed',
      'logit_bias',
      'n',
    );
    names.push(
      'logprobs',
      'top_logprobs',
      'stream',
      'stream_options',
      'user',
      'exact',
      'ignore_eos',
      'return_token_ids',
    );
    const nulls = Object.fromEntries(
      [...names, ...Object.keys(unsupportedFields)].map((name) => [name, null]),
    );
    expect(validate(nulls)).toEqual(validate({}));
  });

  test('one stop string may stand alone', () => expect(validate({ stop: '.' }).request.stop).toEqual(['.']));
  test('logprobs: false is none', () =>
    expect(validate({ logprobs: false }).request).not.toHaveProperty('logprobs'));

  test('a seed is itself in 32 bits, larger and negative ones are mixed to 32', () => {
    expect([0, 1, 2 ** 32 - 1].map((seed) => samplingOf({ seed }).seed)).toEqual([0, 1, 2 ** 32 - 1]);
    const mixed = [-1, 2 ** 32, 2 ** 53 - 1, -(2 ** 53) + 1].map((seed) => samplingOf({ seed }).seed);
    for (const seed of mixed) expect(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32).toBe(true);
    expect(new Set(mixed).size).toBe(4);
  });

  test('without a seed, each request draws one', () => {
    const seeds = Array.from({ length: 8 }, () => validateChatRequest({ messages }).request.sampling.seed);
    expect(new Set(seeds).size).toBeGreaterThan(1);
  });

  test('without a context, any model name and token id passes', () => {
    expect(() => validateChatRequest({ messages, model: 'gpt', logit_bias: { 9999999: 1 } })).not.toThrow();
  });
});

describe('a bad request is refused with a sentence that names the field', () => {
  test.each([
    [{ temperature: 2.1 }, RangeError, '"temperature" must be between 0 and 2, not 2.1.'],
    [{ temperature: NaN }, RangeError, '"temperature" must be between 0 and 2, not NaN.'],
    [{ temperature: '1' }, TypeError, '"temperature" must be a number, not a string.'],
    [{ top_p: -0.1 }, RangeError, '"top_p"'],
    [{ top_k: 1.5 }, RangeError, '"top_k" must be a whole number, not 1.5.'],
    [{ top_k: -1 }, RangeError, '"top_k"'],
    [{ min_p: 2 }, RangeError, '"min_p"'],
    [{ repetition_penalty: 0 }, RangeError, '"repetition_penalty" must be between 0.01 and 100'],
    [{ frequency_penalty: 3 }, RangeError, '"frequency_penalty"'],
    [{ presence_penalty: -Infinity }, RangeError, '"presence_penalty"'],
    [{ seed: 2 ** 60 }, RangeError, '"seed"'],
    [{ seed: 0.5 }, RangeError, '"seed" must be a whole number'],
    [{ max_tokens: 0 }, RangeError, '"max_tokens"'],
    [{ max_completion_tokens: -1 }, RangeError, '"max_completion_tokens"'],
    [{ max_tokens: 1, max_completion_tokens: 2 }, RangeError, 'give one of them'],
    [{ n: 0 }, RangeError, '"n" must be between 1 and 128, not 0.'],
    [{ n: 129 }, RangeError, '"n" must be between 1 and 128'],
    [{ stop: '' }, RangeError, '"stop" must not have an empty string.'],
    [{ stop: [1] }, TypeError, '"stop" must be a string or a list of strings, not a number.'],
    [
      { stop: Array.from({ length: 17 }, () => 'x') },
      RangeError,
      '"stop" must have at most 16 strings, not 17.',
    ],
    [{ logit_bias: [1] }, TypeError, '"logit_bias" must be an object from token id to bias, not a list.'],
    [{ logit_bias: { x: 1 } }, TypeError, '"logit_bias" must have token ids as keys, not "x".'],
    [{ logit_bias: { '01': 1 } }, TypeError, 'token ids as keys'],
    [{ logit_bias: { 1000: 1 } }, RangeError, 'between 0 and 999, not 1000.'],
    [{ logit_bias: { 1: 101 } }, RangeError, '"logit_bias.1"'],
    [{ logit_bias: { 1: null } }, TypeError, '"logit_bias.1" must be a number, not null.'],
    [{ logprobs: 5 }, TypeError, '"logprobs" must be true or false, not a number.'],
    [{ top_logprobs: 1 }, TypeError, '"top_logprobs" needs "logprobs": true.'],
    [{ logprobs: true, top_logprobs: 21 }, RangeError, '"top_logprobs"'],
    [{ stream: 'yes' }, TypeError, '"stream" must be true or false, not a string.'],
    [{ stream_options: {} }, TypeError, '"stream_options" needs "stream": true.'],
    [{ stream: true, stream_options: 1 }, TypeError, '"stream_options" must be an object, not a number.'],
    [{ stream: true, stream_options: { include: 1 } }, TypeError, 'unknown field "stream_options.include"'],
    [
      { stream: true, stream_options: { include_usage: 1 } },
      TypeError,
      '"stream_options.include_usage" must be',
    ],
    [{ user: 7 }, TypeError, '"user" must be a string, not a number.'],
    [{ model: 'other' }, RangeError, '"model" is "other", but "scout" is loaded'],
    [{ exact: 1 }, TypeError, '"exact"'],
    [{ ignore_eos: 0 }, TypeError, '"ignore_eos"'],
    [{ sources: true }, TypeError, '"sources" needs a "document" that they are in.'],
    [
      { document: 'x', sources: 'yes' },
      TypeError,
      '"sources" must be true, false or a number, not a string.',
    ],
    [{ document: 'x', sources: 0 }, RangeError, '"sources" must be between 1 and 20, not 0.'],
    [{ document: 'x', sources: 2.5 }, RangeError, '"sources" must be a whole number, not 2.5.'],
    [{ document: '' }, RangeError, '"document"'],
    [{ document: 5 }, TypeError, '"document" must be an object, not a number.'],
    [{ document: {} }, TypeError, '"document" must be a name or an object with "id" or "text".'],
    [{ document: { text: 1 } }, TypeError, '"document.text" must be a string'],
    [
      { document: { text: 'x', id: 'y' } },
      TypeError,
      '"document" must be a name or an object with "id" or "text".',
    ],
    [{ documents: 'a' }, TypeError, '"documents" must be a list of the names of documents.'],
    [{ documents: ['a', 1] }, TypeError, '"documents" must be a list of the names of documents.'],
    [{ documents: [] }, RangeError, '"documents" must name one document or more, each once.'],
    [{ documents: ['a', 'b', 'a'] }, RangeError, '"documents" must name one document or more, each once.'],
    [{ documents: ['a'], document: 'b' }, TypeError, '"documents" does not go with "document".'],
    [{ prompt: 'x' }, TypeError, 'unknown field "prompt"'],
    [{ temprature: 1 }, TypeError, 'The chat completion request has an unknown field "temprature".'],
    [JSON.parse('{"__proto__": {"stream": true}}'), TypeError, 'unknown field "__proto__"'],
    [{ toString: 1 }, TypeError, 'unknown field "toString"'],
    [{ messages: undefined }, TypeError, 'needs "messages"'],
    [{ messages: 'Hi' }, TypeError, '"messages" must be a list, not a string.'],
    [{ messages: [] }, RangeError, '"messages" must have at least one message.'],
    [{ messages: [null] }, TypeError, '"messages[0]" must be an object, not null.'],
    [
      { messages: [{ content: 'x' }] },
      RangeError,
      '"messages[0].role" must be system, developer, user, assistant or tool, not nothing.',
    ],
    [{ messages: [...messages, { role: 'tool', content: 'x' }] }, RangeError, '"messages[1].role"'],
    [{ messages: [{ role: 'constructor', content: 'x' }] }, RangeError, '"messages[0].role"'],
    [
      { messages: [{ role: 'user' }] },
      TypeError,
      '"messages[0].content" must be a string or a list of text parts, not nothing.',
    ],
    [{ messages: [{ role: 'user', content: null }] }, TypeError, '"messages[0].content"'],
    [
      { messages: [{ role: 'user', content: ['x'] }] },
      TypeError,
      '"messages[0].content[0]" must be an object',
    ],
    [
      { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: {} }] }] },
      EngineError,
      '"messages[0].content[0].type" is not supported: only text is, and this is "image_url".',
    ],
    [
      { messages: [{ role: 'user', content: [{ text: 'x' }] }] },
      TypeError,
      '"messages[0].content[0]" needs "type".',
    ],
    [
      { messages: [{ role: 'user', content: [{ type: 'text' }] }] },
      TypeError,
      '"messages[0].content[0]" needs "text".',
    ],
    [
      { messages: [{ role: 'user', content: [{ type: 'text', text: 'x', cache: 1 }] }] },
      TypeError,
      '"messages[0].content[0].cache"',
    ],
    [
      { messages: [{ role: 'user', content: 'x', name: 5 }] },
      EngineError,
      '"messages[0].name" is not supported: it changes nothing here, but must be a string.',
    ],
    [
      { messages: [{ role: 'user', content: 'x', colour: 1 }] },
      TypeError,
      'unknown field "messages[0].colour"',
    ],
  ])('%j', (fields, kind, message) => {
    const attempt = () => validate(fields as object);
    expect(attempt).toThrow(kind);
    expect(attempt).toThrow(message);
    expect(attempt).toThrow(/^["T].*\.$/);
  });

  test.each(Object.keys(unsupportedFields))('%s is unsupported, with a reason and the field', (name) => {
    const attempt = () => validate({ [name]: 9 });
    expect(attempt).toThrow(EngineError);
    expect(attempt).toThrow(expect.objectContaining({ code: 'unsupported', field: name }));
    expect(attempt).toThrow(new RegExp(`^"${name}" is not supported: .+\\.$`));
  });

  test.each([[null], [undefined], ['x'], [[]], [3]])('%j is no request', (value) => {
    expect(() => validateChatRequest(value)).toThrow(/^The chat completion request must be an object, not /);
  });
});

describe('what the chat template is told', () => {
  const variables = (fields: object) => {
    const { prompt } = validate(fields).request;
    return prompt.kind === 'chat' ? prompt.variables : undefined;
  };

  test('chat_template_kwargs reach it as they are', () => {
    const tools = [{ type: 'function', function: { name: 'now', parameters: {} } }];
    const chat_template_kwargs = { enable_thinking: true, tools, limit: null };
    expect(variables({ chat_template_kwargs })).toEqual(chat_template_kwargs);
    expect(variables({})).toBeUndefined();
  });

  test('no reasoning effort is no thinking, unless the other field says otherwise', () => {
    expect(variables({ reasoning_effort: 'none' })).toEqual({ enable_thinking: false });
    const chat_template_kwargs = { enable_thinking: true };
    expect(variables({ reasoning_effort: 'none', chat_template_kwargs })).toEqual(chat_template_kwargs);
  });

  test('bad ones are refused by name', () => {
    const cyclic: { self?: unknown } = {};
    cyclic.self = cyclic;
    const refused = (fields: object) => expect(() => validate(fields));
    refused({ chat_template_kwargs: [] }).toThrow(/"chat_template_kwargs" must be an object/);
    refused({ chat_template_kwargs: { messages: [] } }).toThrow(/"chat_template_kwargs.messages"/);
    refused({ chat_template_kwargs: { f: () => 1 } }).toThrow(/"chat_template_kwargs.f" must be plain JSON/);
    refused({ chat_template_kwargs: { cyclic } }).toThrow(/"chat_template_kwargs.cyclic" must be plain JSON/);
    refused({ reasoning_effort: 'high' }).toThrow(/"reasoning_effort" is not supported: only "none"/);
  });
});
