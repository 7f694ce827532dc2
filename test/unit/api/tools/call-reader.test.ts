import { describe, expect, test } from 'vitest';
import { CallReader } from '../../../../src/api/tools/call-reader';
import { toolFamilies } from '../../../../src/api/tools/families';

type Call = [name: string, args: string];

/** How a family is written, what it says, and what of it is text. */
const answers: readonly [family: string, text: string, calls: Call[], content: string][] = [
  [
    'hermes',
    '<tool_call>\n{"name": "weather", "arguments": {"city": "Bern", "days": [1, {"a": "}"}]}}\n</tool_call>',
    [['weather', '{"city": "Bern", "days": [1, {"a": "}"}]}']],
    '',
  ],
  [
    'hermes',
    'Let me see.\n\n<tool_call>\n{"name": "a", "arguments": {}}\n</tool_call>\n<tool_call>{"arguments": {"x": "\\"\\\\"}, "name": "b"}</tool_call>\n',
    [
      ['a', '{}'],
      ['b', '{"x": "\\"\\\\"}'],
    ],
    'Let me see.',
  ],
  // Arguments in a string; none at all; a call that the answer's end breaks off.
  ['hermes', '<tool_call>{"name": "a", "arguments": "{\\"x\\": 1}"}</tool_call>', [['a', '{"x": 1}']], ''],
  ['hermes', '<tool_call>{"name": "a"}</tool_call>', [['a', '{}']], ''],
  ['hermes', '<tool_call>{"name": "a", "arguments": {"x": "he', [['a', '{"x": "he']], ''],
  // What is no call is text, mark and all.
  ['hermes', 'Say <tool_call>hello</tool_call> <tool', [], 'Say <tool_call>hello</tool_call> <tool'],
  ['hermes', '<tool_call>{"colour": "red"}</tool_call>', [], '<tool_call>{"colour": "red"}</tool_call>'],
  ['hermes', ' Just text \n', [], ' Just text \n'],
  ['llama-3', '{"name": "a", "parameters": {"x": 1}}', [['a', '{"x": 1}']], ''],
  [
    'llama-3',
    '\n<|python_tag|>{"type": "function", "name": "a", "parameters": {"x": 1}}',
    [['a', '{"x": 1}']],
    '',
  ],
  [
    'llama-3',
    '{"name": "a", "parameters": {}}; {"name": "b", "parameters": {"y": null}}',
    [
      ['a', '{}'],
      ['b', '{"y": null}'],
    ],
    '',
  ],
  ['llama-3', '{"answer": {"name": "a"}}', [], '{"answer": {"name": "a"}}'],
  ['llama-3', 'It is {"name": "a", "parameters": {}}', [], 'It is {"name": "a", "parameters": {}}'],
  [
    'mistral',
    '[TOOL_CALLS] [{"name": "a", "arguments": {"x": "]"}}, {"name": "b", "arguments": {}}]',
    [
      ['a', '{"x": "]"}'],
      ['b', '{}'],
    ],
    '',
  ],
  [
    'mistral',
    '[TOOL_CALLS]a[ARGS]{"x": {"y": 1}}[TOOL_CALLS]b[CALL_ID]123456789[ARGS]{}',
    [
      ['a', '{"x": {"y": 1}}'],
      ['b', '{}'],
    ],
    '',
  ],
  ['granite-3', '<|tool_call|>[{"name": "a", "arguments": {"x": 1}}]', [['a', '{"x": 1}']], ''],
  [
    'qwen-3-coder',
    '<tool_call>\n<function=a>\n<parameter=n>\n3\n</parameter>\n<parameter=code>\n1\n2\n</parameter>\n</function>\n</tool_call>',
    [['a', '{"n":3,"code":"1\\n2"}']],
    '',
  ],
  [
    'function-gemma',
    '<start_function_call>call:a{city:<escape>Bern, {CH}<escape>,days:[1,2],deep:{on:true,x:null}}<end_function_call>',
    [['a', '{"city":"Bern, {CH}","days":[1,2],"deep":{"on":true,"x":null}}']],
    '',
  ],
  ['gemma-4', '<|tool_call>call:a{q:<|"|>x<|"|>}<tool_call|>', [['a', '{"q":"x"}']], ''],
  ['gemma-4', '<|tool_call>call:a{}<tool_call|>Done.', [['a', '{}']], 'Done.'],
];

const typeOf = (_tool: string, name: string) => (name === 'code' ? 'string' : undefined);

function read(family: string, pieces: Iterable<string>, maxCalls = Infinity) {
  const reader = new CallReader(
    toolFamilies.find(({ name }) => name === family)!,
    typeOf,
    maxCalls,
  );
  let content = '';
  const streamed: { id: string; name: string; args: string }[] = [];
  const take = (piece: ReturnType<CallReader['push']>) => {
    content += piece.content;
    for (const { index, id, function: made } of piece.calls) {
      // A call's first piece has its id and its name, the others have neither.
      if (id !== undefined) streamed[index] = { id, name: made.name!, args: '' };
      else expect(made.name).toBeUndefined();
      streamed[index]!.args += made.arguments ?? '';
    }
  };
  for (const piece of pieces) take(reader.push(piece));
  take(reader.end());
  const whole = reader.calls.map(({ id, function: made }) => ({ id, name: made.name, args: made.arguments }));
  expect(streamed).toEqual(whole);
  return { content, calls: whole };
}

describe('calls are told from text', () => {
  test.each(answers)('%s: %j', (family, text, calls, content) => {
    const expected = { content, calls: calls.map(([name, args]) => ({ name, args })) };
    for (const pieces of [[text], text, text.match(/[^]{1,3}/g)!]) {
      const { content: got, calls: made } = read(family, pieces);
      expect({ content: got, calls: made.map(({ name, args }) => ({ name, args })) }).toEqual(expected);
      expect(new Set(made.map(({ id }) => id)).size).toBe(calls.length);
    }
  });

  test('arguments stream as they come', () => {
    const family = toolFamilies.find(({ name }) => name === 'hermes')!;
    const reader = new CallReader(family, typeOf, Infinity);
    expect(reader.push('<tool_call>{"name": "a", "arguments": {"x"')).toEqual({
      content: '',
      calls: [
        {
          index: 0,
          id: expect.stringMatching(/^call_/) as string,
          type: 'function',
          function: { name: 'a', arguments: '{"x"' },
        },
      ],
    });
    expect(reader.push(': 1')).toEqual({
      content: '',
      calls: [{ index: 0, function: { arguments: ': 1' } }],
    });
  });

  test('calls beyond the limit are left out', () => {
    const [, text] = answers[1]!;
    expect(read('hermes', text, 1).calls.map(({ name, args }) => [name, args])).toEqual([['a', '{}']]);
  });

  test("Mistral's templates want ids of nine letters and digits", () => {
    const { calls } = read('mistral', '[TOOL_CALLS]a[ARGS]{}');
    expect(calls[0]!.id).toMatch(/^[0-9a-z]{9}$/);
  });
});
