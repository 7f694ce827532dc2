/** Model folders that nobody means well: small real ones with fields changed, drawn by a seed so that a failure can be drawn again. */
import { readModelConfig } from '../../src/config/read-model-config';
import { readTextFiles, type TextFiles } from '../../src/prompt/text-files';
import { EngineError } from '../../src/util/errors';
import { byteLevelJson, metaspaceJson } from '../unit/tokenizer/small-tokenizers';
import { folderSource } from '../../tools/tiny-models/folder-source';
import { architectureModel } from '../../tools/tiny-models/models';
import { randomSource } from '../../tools/util/random';
import { tinyChatTemplate } from '../../tools/tiny-models/tiny-tokenizer';

type Json = Record<string, unknown>;

const split = (regex: string): Json => ({
  type: 'Split',
  pattern: { Regex: regex },
  behavior: 'Isolated',
  invert: false,
});
const doubling = { type: 'Replace', pattern: { Regex: '.' }, content: 'aa' };

/** Stands for JSON that nests beyond what recursion bears, until it is written. */
const nested = '@nested@';

const odd: readonly (() => unknown)[] = [
  ...[
    null,
    true,
    false,
    0,
    -1,
    0.5,
    2 ** 40,
    1e308,
    '',
    '▁',
    'x',
    '\ud800',
    '$&$&',
    '(a+)+$',
    '\\p{',
    '(?<a',
    '(',
  ].map((value) => () => value),
  () => 'x'.repeat(100_000),
  () => [],
  () => ({}),
  () => [[], {}, null, 'x'],
  () => ({ type: 'Sequence' }),
  () => JSON.parse('{"__proto__": {"type": "BPE"}, "constructor": 1}') as unknown,
  () => nested,
  () => Array<Json>(40).fill(doubling),
  () => ({ type: 'Sequence', normalizers: Array<Json>(40).fill(doubling) }),
  () => ({
    type: 'Sequence',
    pretokenizers: Array<Json>(40).fill({ type: 'ByteLevel', add_prefix_space: true }),
  }),
  () => ({ type: 'FixedLength', length: 0 }),
  () => ({ Regex: '(?:a|a)*b|(a*)*c' }),
  () => ({ Regex: '\\p{L}*a*\\p{L}*b' }),
  () => split('(a+)+$'),
  () => ({ type: 'Prepend', prepend: 'a'.repeat(10_000_000) }),
];

const snippets = [
  '{% for i in range(10**9) %}x{% endfor %}',
  "{% set x = 'a' * 10**8 %}",
  "{{ messages|string|replace('e', 'eeeeeeeee') }}",
  '{{ nothing.at.all }}',
  '{{ nothing }}',
  '{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}',
  '{%',
  '}}',
  '{{ [[]] * 10**9 }}',
  "{{ '%s' % messages }}",
  '{% include "x" %}',
  "{{ 'a'.__class__.__mro__ }}",
];

/** An object in which fields somewhere are another value, gone, twice there, or come from somewhere else in it. */
export function mutate(value: unknown, next: () => number): unknown {
  const copy = structuredClone(value);
  const places: [object, string][] = [];
  const visit = (item: unknown, depth: number): void => {
    if (typeof item !== 'object' || item === null || depth > 8) return;
    const keys = Object.keys(item);
    // Of long lists and maps a few.
    const some = keys.length > 40 ? keys.filter(() => next() < 20 / keys.length) : keys;
    for (const key of some) {
      places.push([item, key]);
      visit((item as Json)[key], depth + 1);
    }
  };
  visit(copy, 0);
  for (let i = 1 + Math.floor(3 * next()); i > 0; i--) {
    const [object, key] = pick(places, next);
    const fields = object as Json;
    const draw = next();
    if (draw < 0.6) fields[key] = pick(odd, next)();
    else if (draw < 0.75) Reflect.deleteProperty(object, key);
    else if (draw < 0.85) fields[`${key}2`] = fields[key];
    else {
      const [other, otherKey] = pick(places, next);
      fields[key] = (other as Json)[otherKey];
    }
  }
  return copy;
}

function mutateText(text: string, next: () => number): string {
  let result = text;
  for (let i = 1 + Math.floor(3 * next()); i > 0; i--) {
    const at = Math.floor(next() * result.length);
    const cut = next() < 0.5 ? Math.floor(8 * next()) : 0;
    result = result.slice(0, at) + (next() < 0.6 ? pick(snippets, next) : '') + result.slice(at + cut);
  }
  return result;
}

function pick<T>(list: readonly T[], next: () => number): T {
  return list[Math.floor(next() * list.length)]!;
}

const folder = architectureModel('llama');
const config = JSON.parse(new TextDecoder().decode(folder.files.get('config.json'))) as Json;
const tokenizers = [
  byteLevelJson(['h e', 'l l', 'he ll']),
  metaspaceJson(['▁', 'a', 'b'], ['▁ a', '▁ b', '▁a b']),
  {
    ...byteLevelJson(['h e']),
    normalizer: { type: 'Sequence', normalizers: [{ type: 'NFC' }, { type: 'Lowercase' }] },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        split(
          "(?i:'s|'t)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
        ),
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false },
      ],
    },
    post_processor: {
      type: 'TemplateProcessing',
      single: [{ SpecialToken: { id: '<s>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
      pair: [],
      special_tokens: { '<s>': { id: '<s>', ids: [257], tokens: ['<s>'] } },
    },
  },
];
const tokenizerConfig = {
  add_bos_token: true,
  add_eos_token: false,
  bos_token: '<s>',
  eos_token: { content: '</s>', lstrip: false },
  additional_special_tokens: ['<think>'],
  chat_template: [{ name: 'default', template: tinyChatTemplate }],
  clean_up_tokenization_spaces: false,
};

/** The files of one folder. */
export function mutatedFiles(seed: number): Record<string, unknown> {
  const next = randomSource(seed);
  const files: Record<string, unknown> = {
    'config.json': config,
    'generation_config.json': { eos_token_id: [1, 2], temperature: 0.5 },
    'tokenizer.json': pick(tokenizers, next),
    'tokenizer_config.json': tokenizerConfig,
    'chat_template.jinja': tinyChatTemplate,
  };
  const name = next() < 0.5 ? 'tokenizer.json' : pick(Object.keys(files), next);
  const file = files[name];
  return { ...files, [name]: typeof file === 'string' ? mutateText(file, next) : mutate(file, next) };
}

const texts = [
  '',
  'Hello, World!  12345\r\n\r\n',
  'héllo ▁▁ 中文 \ud800 <s>x</s>',
  `${'a'.repeat(5000)}!`,
  ' '.repeat(5000),
];

/** All files of such a folder, its weights too, as they lie on a disk. */
export function folderBytes(files: Record<string, unknown>): Map<string, Uint8Array> {
  const bytes = Object.entries(files).map(
    ([name, value]) =>
      [name, new TextEncoder().encode(typeof value === 'string' ? value : stringify(value))] as const,
  );
  return new Map([...folder.files, ...bytes]);
}

/** Loads what the folder says about text and configuration, and works with it; resolves to what was refused with a typed error. */
export async function tryFolder(files: Record<string, unknown>): Promise<EngineError | undefined> {
  const source = folderSource({ ...folder, files: folderBytes(files) });
  try {
    await readModelConfig(source);
    useText(await readTextFiles(source));
    return undefined;
  } catch (error) {
    if (error instanceof EngineError) return error;
    throw error;
  }
}

/** JSON of what was mutated. */
export function stringify(value: unknown): string {
  try {
    return JSON.stringify(value).replaceAll(`"${nested}"`, `${'['.repeat(20_000)}${']'.repeat(20_000)}`);
  } catch {
    // Something was put into itself.
    return '{}';
  }
}

function useText({ tokenizer, template }: TextFiles): void {
  for (const text of texts) {
    for (const isContinuation of [false, true]) {
      const ids = tokenizer.encode(text, { isContinuation });
      if (!ids.every((id) => Number.isInteger(id) && id >= 0 && id < tokenizer.vocabSize))
        throw new Error(`ids beyond the vocabulary: ${ids.join()}`);
      if (typeof tokenizer.decode(ids) !== 'string') throw new Error('no text');
    }
  }
  if (!template.isPresent) return;
  const messages = [{ role: 'user' as const, content: 'Hi' }];
  for (const document of [undefined, 'a document']) {
    try {
      const { rest } = template.render({ messages, document });
      if (typeof rest !== 'string') throw new Error('no text');
    } catch (error) {
      // A template may refuse messages.
      if (!(error instanceof TypeError && error.message.includes('refuses these messages'))) throw error;
    }
  }
}
