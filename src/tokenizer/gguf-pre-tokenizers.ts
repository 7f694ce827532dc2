/**
 * How texts are cut into words before byte pairs are merged, by the names that GGUF files have for it (`llama-vocab.cpp` of
 * github.com/ggml-org/llama.cpp lists them; the expressions are those of the models' own tokenizer.json).
 */
import type { JsonObject } from '../util/json';

const contractions = "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])";
const rest = '| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';
const slashRest = '| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';
const upper = '[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]';
const lower = '[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]';
const lead = '[^\\r\\n\\p{L}\\p{N}]?';

const split = (regex: string): JsonObject => ({
  type: 'Split',
  pattern: { Regex: regex },
  behavior: 'Isolated',
  invert: false,
});
const bytes = (hasRegex: boolean): JsonObject => ({
  type: 'ByteLevel',
  add_prefix_space: false,
  trim_offsets: true,
  use_regex: hasRegex,
});
const sequence = (...pretokenizers: JsonObject[]): JsonObject => ({ type: 'Sequence', pretokenizers });

/** GPT-2's own words. */
const gpt2 = bytes(true);
const digitsApart = sequence(split('\\p{N}'), bytes(true));
const llama3 = sequence(split(`${contractions}|${lead}\\p{L}+|\\p{N}{1,3}${rest}`), bytes(false));
const qwen2 = sequence(split(`${contractions}|${lead}\\p{L}+|\\p{N}${rest}`), bytes(false));
const tekken = sequence(
  split(`${lead}${upper}*${lower}+|${lead}${upper}+${lower}*|\\p{N}${slashRest}`),
  bytes(false),
);
const gpt4o = sequence(
  split(
    `${lead}${upper}*${lower}+${contractions}?|${lead}${upper}+${lower}*${contractions}?|\\p{N}{1,3}${slashRest}`,
  ),
  bytes(false),
);
const falcon = sequence(split('[\\p{P}\\$\\+<=>\\^~\\|`]+'), bytes(true), split('[0-9][0-9][0-9]'));
const deepseek3 = sequence(
  split('\\p{N}{1,3}'),
  split('[一-龥\\u3040-ゟ゠-ヿ]+'),
  split(
    '[!"#$%&\'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+' +
      '| ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+',
  ),
  bytes(false),
);

/** One name, or several that mean the same. */
const named: readonly (readonly [names: string, preTokenizer: JsonObject])[] = [
  ['gpt-2 phi-2 mpt olmo jina-es jina-de roberta-bpe exaone4 trillion granite-docling', gpt2],
  ['smollm starcoder refact command-r codeshell exaone minerva-7b', digitsApart],
  [
    'llama-bpe llama3 llama-v3 falcon3 falcon-h1 pixtral midm-2.0 lfm2 dbrx smaug-bpe chatglm-bpe glm4',
    llama3,
  ],
  ['qwen2 deepseek-r1-qwen stablelm2 hunyuan megrez', qwen2],
  ['tekken', tekken],
  ['gpt-4o llama4 kanana2', gpt4o],
  ['falcon', falcon],
  ['deepseek-v3 hunyuan-dense', deepseek3],
];

/** Pre-tokenizers, as tokenizer.json describes them, by their name in `tokenizer.ggml.pre`. */
export const preTokenizers: ReadonlyMap<string, JsonObject> = new Map(
  named.flatMap(([names, preTokenizer]) => names.split(' ').map((name) => [name, preTokenizer] as const)),
);

/** Those that take a word which is a token as it is, whatever merges say, and whose files may leave BOS to the reader. */
export const wholeWordNames: ReadonlySet<string> = new Set([
  'llama-bpe',
  'llama3',
  'llama-v3',
  'falcon3',
  'falcon-h1',
  'pixtral',
  'midm-2.0',
  'lfm2',
  'tekken',
]);
