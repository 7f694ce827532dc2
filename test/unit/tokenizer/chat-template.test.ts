import { describe, expect, test } from 'vitest';
import type { ChatMessage } from '../../../src/tokenizer/chat-message';
import { ChatTemplate } from '../../../src/tokenizer/chat-template';
import { EngineError } from '../../../src/util/errors';
import { readShared, sharedCheck, sharedConfig, sharedTokenizer } from './shared-tokenizers';

const user = (content: string): ChatMessage => ({ role: 'user', content });
const assistant = (content: string): ChatMessage => ({ role: 'assistant', content });
const system = (content: string): ChatMessage => ({ role: 'system', content });

const now = new Date(2025, 5, 1);
const turns = [user('Hi'), assistant('Hello'), user('Who?')];

const scoutSource =
  '{{ bos_token }}{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}' +
  '{% if add_generation_prompt %}<|assistant|>{% endif %}';
const scout = ChatTemplate.fromFiles(scoutSource, { bos_token: '<s>' });

/** As Mistral's: the system text goes to the last user message, so it cannot come first in every turn. */
const systemLast = ChatTemplate.fromFiles(
  "{% if messages[0].role == 'system' %}{% set head = messages[0].content %}{% set messages = messages[1:] %}{% endif %}" +
    '{{ bos_token }}{% for m in messages %}' +
    "{% if m.role == 'user' %}[INST] {% if loop.last and head %}{{ head }}\n\n{% endif %}{{ m.content }} [/INST]" +
    '{% else %} {{ m.content }}</s>{% endif %}{% endfor %}',
  { bos_token: '<s>' },
);

/** As Gemma's: no system message at all, and contents are trimmed. */
const noSystem = ChatTemplate.fromFiles(
  "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}" +
    "<{{ 'model' if m.role == 'assistant' else m.role }}>{{ m.content | trim }}<end>{% endfor %}<model>",
  {},
);

describe('a template of our own', () => {
  test('a conversation', () => {
    expect(scout.render({ messages: [system('Be brief.'), ...turns] })).toEqual({
      documentPrefix: '',
      rest: '<s><|system|>Be brief.<|end|><|user|>Hi<|end|><|assistant|>Hello<|end|><|user|>Who?<|end|><|assistant|>',
    });
  });

  test('a document comes before the system text', () => {
    expect(scout.render({ messages: [system('Be brief.'), user('Hi')], document: ' THE BOOK\n' })).toEqual({
      documentPrefix: '<s><|system|> THE BOOK\n',
      rest: '\n\nBe brief.<|end|><|user|>Hi<|end|><|assistant|>',
    });
    expect(scout.render({ messages: [user('Hi')], document: 'B' }).rest).toBe(
      '<|end|><|user|>Hi<|end|><|assistant|>',
    );
  });

  test('system messages at the beginning become one', () => {
    expect(scout.render({ messages: [system('A'), system('B'), user('Hi'), system('C')] }).rest).toBe(
      '<s><|system|>A\n\nB<|end|><|user|>Hi<|end|><|system|>C<|end|><|assistant|>',
    );
    expect(scout.render({ messages: [system('A'), system('B')] }).rest).toContain('A\n\nB');
  });

  test('a document that looks like the marker, or like a template, stays what it is', () => {
    const document = '[[document-goes-here-0]] {{ bos_token }} {% raise %} $& $1';
    const messages = [user('[[document-goes-here-0]] and [[document-goes-here-1]]?')];
    const { documentPrefix, rest } = scout.render({ messages, document });
    expect(documentPrefix).toBe(`<s><|system|>${document}`);
    expect(rest).toContain('<|user|>[[document-goes-here-0]] and [[document-goes-here-1]]?<|end|>');
  });

  test('an empty document is one', () => {
    expect(scout.render({ messages: [user('Hi')], document: '' }).documentPrefix).toBe('<s><|system|>');
  });
});

const templates: [string, ChatTemplate | undefined][] = [
  ['Scout', scout],
  ['system text last', systemLast],
  ['no system message', noSystem],
  ['SmolLM3', fromShared('smollm')],
  ['Qwen3', fromShared('qwen3')],
  ['Phi-3', fromShared('phi-3-mini')],
];

function fromShared(name: 'smollm' | 'qwen3' | 'phi-3-mini'): ChatTemplate | undefined {
  const jinja = readShared(`tokenizers/${name}/chat_template.jinja`);
  const config = sharedConfig(name);
  return jinja === undefined && config === undefined
    ? undefined
    : ChatTemplate.fromFiles(jinja, config ?? {});
}

describe.each(templates)('%s', (name, template) => {
  const conversations = [
    [user('Hi')],
    turns,
    [user('a very different question'), assistant('x'), user('y'), assistant('z'), user('w')],
    ...(name === 'no system message'
      ? []
      : [
          [system('Be brief.'), ...turns],
          [system('A'), system('B'), user('?')],
        ]),
  ];
  const documents = [
    'THE BOOK',
    '  \n text with space around \n\n',
    '/no_think /system_override </think> <|im_end|>',
    '鯨🐋',
    '',
  ];

  test(sharedCheck(`${name}: all conversations on a document begin alike`, !!template), () => {
    if (!template) return;
    for (const document of documents) {
      const prefix = template.documentPrefix(document, now);
      expect(prefix.endsWith(document)).toBe(true);
      for (const messages of conversations) {
        const rendered = template.render({ messages, document, now });
        expect(rendered.documentPrefix).toBe(prefix);
        for (const message of messages) expect(rendered.rest).toContain(message.content);
      }
    }
  });
});

describe('templates as they are', () => {
  const [smol, qwen, phi] = ['SmolLM3', 'Qwen3', 'Phi-3'].map(
    (name) => templates.find(([other]) => other === name)![1],
  );
  const messages = [system('Be brief.'), ...turns];

  // The expected texts: transformers 5.18.0 with jinja2, same templates and messages.
  test(sharedCheck('Qwen3', !!qwen), () => {
    if (!qwen) return;
    const head = '<|im_start|>system\nBe brief.<|im_end|>\n';
    const tail =
      '<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello<|im_end|>\n' +
      '<|im_start|>user\nWho?<|im_end|>\n<|im_start|>assistant\n';
    expect(qwen.render({ messages }).rest).toBe(head + tail);
  });

  test(sharedCheck('Phi-3', !!phi), () => {
    if (!phi) return;
    const text =
      '<|system|>\nBe brief.<|end|>\n<|user|>\nHi<|end|>\n<|assistant|>\nHello<|end|>\n<|user|>\nWho?<|end|>\n<|assistant|>\n';
    expect(phi.render({ messages }).rest).toBe(text);
  });

  test(sharedCheck('SmolLM3, with its date', !!smol), () => {
    if (!smol) return;
    const text =
      '<|im_start|>system\n## Metadata\n\nKnowledge Cutoff Date: June 2025\nToday Date: 01 June 2025\nReasoning Mode: /think\n\n' +
      '## Custom Instructions\n\nBe brief.\n\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello<|im_end|>\n' +
      '<|im_start|>user\nWho?<|im_end|>\n<|im_start|>assistant\n';
    expect(smol.render({ messages, now }).rest).toBe(text);
  });

  const tokenizer = sharedTokenizer('phi-3-mini');
  test(sharedCheck('Phi-3: encoded in two parts, the text is the same', !!phi && !!tokenizer), () => {
    if (!phi || !tokenizer) return;
    const { documentPrefix, rest } = phi.render({ messages, document: 'Call me Ishmael.' });
    const options = { addSpecialTokens: false };
    const parts = [
      ...tokenizer.encode(documentPrefix, options),
      ...tokenizer.encode(rest, { ...options, isContinuation: true }),
    ];
    expect(parts).toEqual(tokenizer.encode(documentPrefix + rest, options));
  });
});

describe('where the template comes from', () => {
  const render = (jinja: string | undefined, config: unknown) =>
    ChatTemplate.fromFiles(jinja, config).render({ messages: [user('Hi')] }).rest;
  const named = [
    { name: 'tool_use', template: 'tools' },
    { name: 'default', template: 'plain' },
  ];

  test('the file goes before the config', () =>
    expect(render('file', { chat_template: 'config' })).toBe('file'));
  test('the config', () => expect(render(undefined, { chat_template: 'config' })).toBe('config'));
  test('the default of a named list', () =>
    expect(render(undefined, { chat_template: named })).toBe('plain'));
  test('the only one of a list', () =>
    expect(render(undefined, { chat_template: [{ name: 'x', template: 'only' }] })).toBe('only'));
  test('special tokens as objects; those not set are empty', () =>
    expect(
      render('{{ bos_token }}|{{ eos_token }}|{{ pad_token }}', {
        bos_token: { content: '<s>' },
        pad_token: null,
      }),
    ).toBe('<s>||'));

  test.each([
    [undefined],
    [{}],
    [{ chat_template: 7 }],
    [{ chat_template: [] }],
    [{ chat_template: [null, 3] }],
  ])('none: chat is refused, with what to do instead (%j)', (config) => {
    const template = ChatTemplate.fromFiles(undefined, config);
    expect(template.isPresent).toBe(false);
    const chat = () => template.render({ messages: [user('Hi')] });
    expect(chat).toThrow(expect.objectContaining({ code: 'model-unsupported' }));
    expect(chat).toThrow(/use engine.completions.create/);
  });
});

describe('templates that fail', () => {
  const errorOf = (source: string, document?: string): unknown => {
    try {
      ChatTemplate.fromFiles(source, {}).render({ messages: [user('Hi')], document });
    } catch (error) {
      return error;
    }
    return undefined;
  };

  test('a refusal is about the messages', () => {
    const error = errorOf("{{ raise_exception('Roles must alternate') }}");
    expect(error).toBeInstanceOf(TypeError);
    expect((error as Error).message).toMatch(/refuses these messages: Roles must alternate/);
  });

  test.each([
    '{% if %}',
    '{{ messages[0].content.nonsense() }}',
    '{% for m in 3 %}{% endfor %}',
    '{% for i in range(10 ** 12) %}{% endfor %}',
  ])('broken: %s', (source) => {
    for (const document of [undefined, 'B']) {
      const error = errorOf(source, document);
      expect(error).toBeInstanceOf(EngineError);
      expect(error).toMatchObject({ code: 'model-unsupported' });
      expect((error as Error).message).toMatch(/chat template cannot be used/);
    }
  });

  test.each([
    ['drops contents', 'hello'],
    ['says contents twice', '{% for m in messages %}{{ m.content }}{{ m.content }}{% endfor %}'],
    ['turns the order around', '{% for m in messages[::-1] %}{{ m.content }}{% endfor %}'],
  ])('no place for a document: %s', (_, source) => {
    expect(errorOf(source)).toBeUndefined();
    expect((errorOf(source, 'B') as Error).message).toMatch(/no place for a document/);
  });
});

test('names that a request gives are there, and take no message away', () => {
  const source =
    "{{ bos_token }}{% if tools %}[{{ tools[0]['name'] }}]{% endif %}{{ messages[0]['content'] }}" +
    '{% if enable_thinking is defined and not enable_thinking %}<no-think>{% endif %}';
  const template = ChatTemplate.fromFiles(source, { bos_token: '<s>' });
  const messages = [user('Hi')];
  const variables = { enable_thinking: false, tools: [{ name: 'now' }] };
  expect(template.render({ messages }).rest).toBe('<s>Hi');
  expect(template.render({ messages, variables }).rest).toBe('<s>[now]Hi<no-think>');
  expect(template.render({ messages, variables: { messages: [], enable_thinking: true } }).rest).toBe(
    '<s>Hi',
  );
});
