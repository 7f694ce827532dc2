import { describe, expect, test } from 'vitest';
import { toolFamilies } from '../../../../src/api/tools/families';
import * as toolPart from '../../../../src/api/tools/tool-use';
import { needsToolPart, validateChatRequest } from '../../../../src/api/validate-chat-request';
import { formatAutomaton } from '../../../../src/grammar/format-grammar';
import { accepts } from '../../../../src/grammar/json-schema';
import { CallReader } from '../../../../src/api/tools/call-reader';

const messages = [{ role: 'user', content: 'Hi' }];
const parameters = {
  type: 'object',
  properties: { on: { type: 'boolean' } },
  required: ['on'],
  additionalProperties: false,
};
const tools = ['a', 'b'].map((name) => ({ type: 'function', function: { name, parameters } }));
const templateOf: Readonly<Record<string, string>> = {
  hermes: '{% if tools %}<tool_call>{% endif %}',
  'llama-3': '{% if tools %}<|python_tag|>{% endif %}',
  mistral: '{% if tools %}[TOOL_CALLS][ARGS]{% endif %}',
  'mistral-list': '{% if tools %}[TOOL_CALLS]{% endif %}',
  'granite-3': '{% if tools %}<|tool_call|>{% endif %}',
  'gemma-4': '{% if tools %}<|tool_call>{% endif %}',
  'function-gemma': '{% if tools %}<start_function_call>{% endif %}',
  'qwen-3-coder': '{% if tools %}<tool_call><function={% endif %}',
};
const formatOf = (fields: object, family = 'hermes') => {
  const request = { messages, ...fields };
  const context = { chatTemplate: templateOf[family]! };
  expect(needsToolPart(request, context)).toBe(true);
  return validateChatRequest(request, context, toolPart).request.format;
};

describe('response_format', () => {
  const schema = { type: 'object' };
  test.each<[object, unknown]>([
    [{ type: 'json_object' }, { kind: 'json-object' }],
    [
      { type: 'json_schema', json_schema: { name: 'x', strict: true, schema } },
      { kind: 'json-schema', schema: '{"type":"object"}', field: 'response_format.json_schema.schema' },
    ],
    [
      { type: 'regex', pattern: 'a+' },
      { kind: 'regex', pattern: 'a+', field: 'response_format.pattern' },
    ],
    [
      { type: 'choice', choices: ['yes', 'no'] },
      { kind: 'choice', choices: ['yes', 'no'] },
    ],
  ])('%j', (format, expected) => {
    expect(formatOf({ response_format: format })).toEqual(expected);
  });

  test('text is no format', () => {
    const request = { messages, response_format: { type: 'text' } };
    expect(needsToolPart(request, {})).toBe(false);
    expect(validateChatRequest(request).request).not.toHaveProperty('format');
  });

  test.each<[object, RegExp]>([
    [{}, /^"response_format" needs "type"/],
    [{ type: 'grammar' }, /^"response_format.type" is not supported/],
    [{ type: 'json_schema' }, /^"response_format" needs "json_schema"/],
    [{ type: 'json_schema', json_schema: { schema: 3 } }, /json_schema.schema" must be an object/],
    [{ type: 'json_schema', json_schema: { schema, x: 1 } }, /unknown field "response_format.json_schema.x"/],
    [{ type: 'regex' }, /needs "pattern"/],
    [{ type: 'regex', pattern: 3 }, /^"response_format.pattern" must be a string/],
    [{ type: 'choice', choices: [] }, /needs "choices"/],
    [{ type: 'choice', choices: [1] }, /^"response_format.choices\[0\]" must be a string/],
    [{ type: 'choice', choices: [''] }, /must not be empty/],
    [{ type: 'json_object', schema }, /unknown field "response_format.schema"/],
  ])('%j is refused', (format, message) => {
    expect(() => formatOf({ response_format: format })).toThrow(message);
  });

  test('does not go with ignore_eos', () => {
    expect(() => formatOf({ response_format: { type: 'json_object' }, ignore_eos: true })).toThrow(
      /^"ignore_eos"/,
    );
  });
});

describe('a call that must be', () => {
  const named = { type: 'function', function: { name: 'b' } };

  test.each<[string, string]>([
    ['hermes', '<tool_call>\n{"name": "b", "arguments": {"on":true}}\n</tool_call>'],
    ['llama-3', '{"name": "b", "parameters": {"on":true}}'],
    ['mistral', '[TOOL_CALLS]b[ARGS]{"on":true}'],
    ['mistral-list', '[TOOL_CALLS] [{"name": "b", "arguments": {"on":true}}]'],
    ['granite-3', '<|tool_call|>[{"name": "b", "arguments": {"on":true}}]'],
    ['gemma-4', '<|tool_call>call:b{on:true}<tool_call|>'],
    ['function-gemma', '<start_function_call>call:b{on:true}<end_function_call>'],
    [
      'qwen-3-coder',
      '<tool_call>\n<function=b>\n<parameter=on>\ntrue\n</parameter>\n</function>\n</tool_call>',
    ],
  ])('%s: keeps to the family, the name and the parameters, and is read as a call', (family, text) => {
    const automaton = formatAutomaton(formatOf({ tools, tool_choice: named }, family)!);
    expect(accepts(automaton, text)).toBe(true);
    expect(accepts(automaton, text.replace(/\bb\b/, 'a'))).toBe(false);
    expect(accepts(automaton, text.replace('true', '1'))).toBe(false);
    expect(accepts(automaton, '')).toBe(false);
    const reader = new CallReader(
      toolFamilies.find(({ name }) => name === family)!,
      () => undefined,
      1,
    );
    expect(reader.push(text).content + reader.end().content).toBe('');
    expect(reader.calls.map(({ function: call }) => call)).toEqual([{ name: 'b', arguments: '{"on":true}' }]);
  });

  test('required is one of the tools, or several calls', () => {
    const call = (name: string) =>
      `<tool_call>\n{"name": "${name}", "arguments": {"on":false}}\n</tool_call>`;
    const several = formatAutomaton(formatOf({ tools, tool_choice: 'required' })!);
    for (const text of [call('a'), call('b'), `${call('a')}\n${call('b')}`])
      expect(accepts(several, text)).toBe(true);
    expect(accepts(several, call('c'))).toBe(false);
    const one = formatAutomaton(formatOf({ tools, tool_choice: 'required', parallel_tool_calls: false })!);
    expect(accepts(one, `${call('a')}\n${call('b')}`)).toBe(false);
  });

  test('auto with a format is a call, or that format', () => {
    const automaton = formatAutomaton(
      formatOf({ tools, response_format: { type: 'choice', choices: ['yes'] } })!,
    );
    expect(accepts(automaton, 'yes')).toBe(true);
    expect(accepts(automaton, '<tool_call>\n{"name": "a", "arguments": {"on":false}}\n</tool_call>')).toBe(
      true,
    );
    expect(accepts(automaton, 'no')).toBe(false);
  });

  describe('whose arguments are no JSON', () => {
    const parameters = {
      type: 'object',
      properties: {
        text: { type: 'string' },
        size: { type: 'string', enum: ['s', 'x < y'] },
        code: { type: 'string', pattern: '^[A-Z]{2}$' },
        days: { type: 'array', items: { type: 'integer' } },
        deep: {
          type: 'object',
          properties: { a: { type: 'string' }, b: { $ref: '#/$defs/maybe' } },
          required: ['a'],
          additionalProperties: { type: 'boolean' },
        },
        any: {},
      },
      required: ['text', 'deep'],
      $defs: { maybe: { anyOf: [{ type: 'null' }, { type: 'number' }] } },
    };
    const tool = { type: 'function', function: { name: 'f', parameters } };
    const typeOf = (_tool: string, name: string) =>
      (parameters.properties as Record<string, { type?: string }>)[name]?.type;

    /** The arguments of a call that is allowed; undefined for one that is not. */
    const argumentsOf = (family: string, text: string): unknown => {
      const automaton = formatAutomaton(formatOf({ tools: [tool], tool_choice: 'required' }, family)!);
      if (!accepts(automaton, text)) return undefined;
      const reader = new CallReader(
        toolFamilies.find(({ name }) => name === family)!,
        typeOf,
        1,
      );
      expect(reader.push(text).content + reader.end().content).toBe('');
      return JSON.parse(reader.calls[0]!.function.arguments);
    };

    test.each([
      ['gemma-4', '<|"|>', (args: string) => `<|tool_call>call:f{${args}}<tool_call|>`],
      [
        'function-gemma',
        '<escape>',
        (args: string) => `<start_function_call>call:f{${args}}<end_function_call>`,
      ],
    ])('%s: strings between marks, keys as they are', (family, mark, call) => {
      const read = (args: string) => argumentsOf(family, call(args.replaceAll("'", mark)));
      expect(
        read("text:'a \"<b>\"\n,}',size:'x < y',code:'CH',days:[1,-2],deep:{a:'',b:null,on:true}"),
      ).toEqual({
        text: 'a "<b>"\n,}',
        size: 'x < y',
        code: 'CH',
        days: [1, -2],
        deep: { a: '', b: null, on: true },
      });
      expect(read("text:'',deep:{a:'x'},any:{key:['y',{}]}")).toEqual({
        text: '',
        deep: { a: 'x' },
        any: { key: ['y', {}] },
      });
      for (const wrong of [
        "text:''",
        "deep:{a:''}",
        "text:a,deep:{a:''}",
        "text:'',size:'xl',deep:{a:''}",
        "text:'',code:'ch',deep:{a:''}",
        "text:'',deep:{a:'',a:true}",
        "text:'',deep:{a:'',on:1}",
        "text:'',deep:{a:'',b:'1'}",
      ])
        expect(read(wrong), wrong).toBe(undefined);
    });

    test('qwen-3-coder: elements in order, texts as they are', () => {
      const read = (...args: [string, string][]) => {
        const elements = args.map(([name, value]) => `<parameter=${name}>\n${value}\n</parameter>\n`);
        return argumentsOf(
          'qwen-3-coder',
          `<tool_call>\n<function=f>\n${elements.join('')}</function>\n</tool_call>`,
        );
      };
      const deep: [string, string] = ['deep', '{"a":"<","b":1.5}'];
      expect(
        read(['text', '<p>"1"</p>\n'], ['size', 'x < y'], ['code', 'CH'], ['days', '[1]'], deep),
      ).toEqual({
        text: '<p>"1"</p>\n',
        size: 'x < y',
        code: 'CH',
        days: [1],
        deep: { a: '<', b: 1.5 },
      });
      expect(read(['text', ''], deep, ['any', '"x"'])).toEqual({
        text: '',
        deep: { a: '<', b: 1.5 },
        any: 'x',
      });
      for (const wrong of [[deep], [deep, ['text', '']], [['text', ''], ['size', 'xl'], deep]] as const)
        expect(read(...(wrong as unknown as [string, string][])), JSON.stringify(wrong)).toBe(undefined);
    });

    test('qwen-3-coder: arguments that have no names one by one are refused by the keyword', () => {
      const format = formatOf(
        {
          tools: [{ type: 'function', function: { name: 'f', parameters: { anyOf: [{ type: 'object' }] } } }],
          tool_choice: 'required',
        },
        'qwen-3-coder',
      )!;
      expect(() => formatAutomaton(format)).toThrow(
        /^"tools\[0\]\.function\.parameters" is not supported: of "anyOf"/,
      );
    });
  });
});

describe('strict tools that may be called', () => {
  const strict = { type: 'function', function: { name: 'a', parameters, strict: true } };
  const free = { type: 'function', function: { name: 'b' } };
  const automatonOf = (family: string) =>
    formatAutomaton(formatOf({ tools: [strict, free], parallel_tool_calls: true }, family)!);

  const hermes = (name: string, args: string) =>
    `<tool_call>\n{"name": "${name}", "arguments": ${args}}\n</tool_call>`;
  const coder = (name: string, ...args: [string, string][]) => {
    const elements = args.map(([key, value]) => `<parameter=${key}>\n${value}\n</parameter>\n`).join('');
    return `<tool_call>\n<function=${name}>\n${elements}</function>\n</tool_call>`;
  };
  test.each<[string, good: string[], bad: string[]]>([
    [
      'hermes',
      [
        'No call, <tool_ca no mark.',
        `<think>\nHm.\n</think>\n\nLet me see: ${hermes('a', '{"on":true}')}`,
        `${hermes('b', '{"x": {}}')}\n${hermes('a', '{"on":false}')} Done.`,
      ],
      [
        hermes('a', '{"on":1}'),
        hermes('c', '{}'),
        '<tool_call>?',
        `${hermes('b', '{}')} ${hermes('a', '{}')}`,
      ],
    ],
    [
      'granite-3',
      ['Yes.', '<|tool_call|>[{"name": "a", "arguments": {"on":true}}, {"name": "b", "arguments": {}}]'],
      ['<|tool_call|>[{"name": "b", "arguments": {}}, {"name": "a", "arguments": {}}]', '<|tool_call|>[]'],
    ],
    ['mistral', ['', '[TOOL_CALLS]a[ARGS]{"on":true}[TOOL_CALLS]b[ARGS]{"on":1}'], ['[TOOL_CALLS]a[ARGS]{}']],
    [
      'gemma-4',
      ['<|tool_call>call:a{on:true}<tool_call|>', '<|tool_call>call:b{x:<|"|>}<|"|>}<tool_call|>'],
      ['<|tool_call>call:a{on:<|"|>true<|"|>}<tool_call|>'],
    ],
    [
      'qwen-3-coder',
      [coder('a', ['on', 'true']), `So: ${coder('b', ['x', '<b>'], ['y z', '1'])}`],
      [coder('a'), coder('a', ['on', 'yes'])],
    ],
  ])('%s: any text, and calls whose arguments keep to the parameters', (family, good, bad) => {
    const automaton = automatonOf(family);
    for (const text of good) expect(accepts(automaton, text), text).toBe(true);
    for (const text of bad) expect(accepts(automaton, text), text).toBe(false);
  });

  test('nothing is held where none is strict, nor where a call has no mark', () => {
    expect(formatOf({ tools: [free] })).toBe(undefined);
    expect(formatOf({ tools: [strict] }, 'llama-3')).toBe(undefined);
  });
});
