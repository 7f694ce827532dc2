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
  ])('%s: keeps to the family, the name and the parameters, and is read as a call', (family, text) => {
    const automaton = formatAutomaton(formatOf({ tools, tool_choice: named }, family)!);
    expect(accepts(automaton, text)).toBe(true);
    expect(accepts(automaton, text.replace('b', 'a'))).toBe(false);
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

  test('is unsupported for families whose calls are no JSON', () => {
    expect(() => formatOf({ tools, tool_choice: 'required' }, 'gemma-4')).toThrow(
      /^"tool_choice" is not supported/,
    );
  });
});
