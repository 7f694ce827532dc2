/**
 * Why a tokenizer.json cannot be used: fields of another type than Hugging Face's reader takes, and what would be understood in
 * another way here than there. Pure.
 */
import { asObject, type JsonObject } from '../util/json';
import { stagesOf } from './pipeline';
import { isPieceModel } from './scored-pieces';
import { splitBehaviors } from './split-text';

/** Ids beyond this are a broken file, not a vocabulary: the largest known have 2^18 tokens. */
const maxTokenId = 2 ** 24;
/** Longer ones would be looked for at every character of a text. */
const maxAddedLength = 1024;
/** Of a Unigram vocabulary: the tokens that begin with each other, times the lengths that tokens have. Real ones have some 150. */
const maxNesting = 512;

type Check = (value: unknown) => boolean;

const isFlag: Check = (value) => typeof value === 'boolean';
const isText: Check = (value) => typeof value === 'string';
const isSize: Check = (value) => Number.isSafeInteger(value) && (value as number) > 0;
const isOneOf =
  (...values: readonly string[]): Check =>
  (value) =>
    values.includes(value as string);
/** Missing or null too. */
const maybe =
  (check: Check): Check =>
  (value) =>
    value === undefined || value === null || check(value);
/** Missing too, but not null. */
const unless =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
const isCharacter: Check = (value) => typeof value === 'string' && /^.$/su.test(value);
const isPattern: Check = (value) => {
  const { String: literal, Regex: regex } = asObject(value) ?? {};
  return regex === undefined ? isText(literal) : literal === undefined && isText(regex);
};

type Checks = Readonly<Record<string, Check>>;

const normalizers: Readonly<Record<string, Checks>> = {
  BertNormalizer: {
    clean_text: unless(isFlag),
    handle_chinese_chars: unless(isFlag),
    strip_accents: maybe(isFlag),
    lowercase: unless(isFlag),
  },
  Lowercase: {},
  NFC: {},
  NFD: {},
  NFKC: {},
  NFKD: {},
  Precompiled: { precompiled_charsmap: maybe(isText) },
  Prepend: { prepend: isText },
  Replace: { pattern: isPattern, content: isText },
  Strip: { strip_left: isFlag, strip_right: isFlag },
  StripAccents: {},
};

const preTokenizers: Readonly<Record<string, Checks>> = {
  BertPreTokenizer: {},
  ByteLevel: { add_prefix_space: isFlag, trim_offsets: unless(isFlag), use_regex: unless(isFlag) },
  Digits: { individual_digits: isFlag },
  FixedLength: { length: isSize },
  Metaspace: {
    replacement: unless(isCharacter),
    add_prefix_space: maybe(isFlag),
    prepend_scheme: unless(isOneOf('always', 'first', 'never')),
    split: maybe(isFlag),
  },
  Punctuation: { behavior: unless(isOneOf(...splitBehaviors)) },
  Split: { pattern: isPattern, behavior: isOneOf(...splitBehaviors), invert: isFlag },
  Whitespace: {},
  WhitespaceSplit: {},
};

const postProcessors: Readonly<Record<string, Checks>> = {
  BertProcessing: {},
  ByteLevel: {},
  RobertaProcessing: {},
  TemplateProcessing: {},
};

/** The fields that have stages: which are known, and where a sequence has them. */
const stages = {
  normalizer: [normalizers, 'normalizers'],
  pre_tokenizer: [preTokenizers, 'pretokenizers'],
  post_processor: [postProcessors, 'processors'],
} as const;

const model: Checks = {
  dropout: maybe((value) => typeof value === 'number' && value >= 0 && value <= 1),
  unk_token: maybe(isText),
  // Pieces within a word that look different would be merged in another way than here.
  continuing_subword_prefix: maybe((value) => value === ''),
  end_of_word_suffix: maybe(isText),
  fuse_unk: maybe(isFlag),
  byte_fallback: maybe(isFlag),
  ignore_merges: maybe(isFlag),
};

/** The reason in words; undefined where there is none. */
export function whyUnusable(json: JsonObject): string | undefined {
  try {
    return (
      stageReason(json.normalizer, 'normalizer') ??
      stageReason(json.pre_tokenizer, 'pre_tokenizer') ??
      stageReason(json.post_processor, 'post_processor') ??
      modelReason(asObject(json.model)) ??
      addedReason(json.added_tokens ?? [])
    );
  } catch (error) {
    if (error instanceof Error) return error.message;
    throw error;
  }
}

function stageReason(json: unknown, field: keyof typeof stages): string | undefined {
  const [known, list] = stages[field];
  for (const stage of stagesOf(json, list)) {
    const { type } = stage;
    if (typeof type !== 'string' || !Object.hasOwn(known, type))
      return `its ${field} ${shown(type)} is not known; ${Object.keys(known).join(', ')} are`;
    const wrong = wrongField(stage, known[type]!);
    if (wrong !== undefined) return `its ${field} ${type} has ${wrong}`;
  }
  return undefined;
}

function wrongField(object: JsonObject, checks: Checks): string | undefined {
  const wrong = Object.entries(checks).find(([name, check]) => !check(object[name]));
  return wrong && `${wrong[0]} = ${shown(object[wrong[0]])}`;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value ?? null);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function modelReason(fields: JsonObject | undefined): string | undefined {
  if (!fields) return 'tokenizer.json has no "model"';
  if (isPieceModel(fields)) return undefined;
  const { type } = fields;
  if (type === 'Unigram') return unigramReason(fields);
  if (type !== 'BPE') return `its model type is ${shown(type)}; BPE and Unigram are supported`;
  const wrong = wrongField(fields, model);
  if (wrong !== undefined) return `its model has ${wrong}`;
  const vocab = asObject(fields.vocab);
  const ids = vocab && Object.values(vocab);
  if (!ids?.every(isTokenId)) return 'its "vocab" is no map from token to id';
  if (new Set(ids).size < ids.length) return 'two tokens of its "vocab" have the same id';
  return mergesReason(fields.merges, fields.has_stray_merges === true ? undefined : vocab);
}

/** @param vocab Undefined where merges may name what is no token. */
function mergesReason(merges: unknown, vocab: JsonObject | undefined): string | undefined {
  const isList = 'its "merges" is no list of pairs of tokens';
  if (!Array.isArray(merges)) return isList;
  for (const merge of merges) {
    const pair: unknown = typeof merge === 'string' ? merge.split(' ') : merge;
    if (!Array.isArray(pair) || pair.length !== 2 || !pair.every(isText)) return isList;
    const stray =
      vocab && [...(pair as string[]), pair.join('')].find((token) => !Object.hasOwn(vocab, token));
    if (stray !== undefined) return `its "merges" names ${shown(stray)}, which is no token`;
  }
  return undefined;
}

function unigramReason({
  vocab,
  unk_id: unknown,
  byte_fallback: isByteFallback,
}: JsonObject): string | undefined {
  const list = Array.isArray(vocab) ? vocab : [undefined];
  if (!list.every(isScoredToken)) return 'its "vocab" is no list of [token, score]';
  if (list.length === 0) return 'its "vocab" is empty';
  if (!maybe((value) => isTokenId(value) && value < list.length)(unknown))
    return `its unk_id ${shown(unknown)} is no token`;
  if (!maybe(isFlag)(isByteFallback)) return `its model has byte_fallback = ${shown(isByteFallback)}`;
  return nestingReason(list.map(([token]) => token));
}

/** Each place of a text takes as many steps as tokens that begin there times tokens that end there. */
function nestingReason(tokens: readonly string[]): string | undefined {
  const all = new Set(tokens);
  const lengths = new Set(tokens.map((token) => token.length));
  let deepest = 0;
  for (const token of all) {
    let depth = 1;
    for (let end = 1; end < token.length; end++) if (all.has(token.slice(0, end))) depth++;
    deepest = Math.max(deepest, depth);
    if (deepest * lengths.size > maxNesting || token.length > maxAddedLength)
      return `its "vocab" has too many tokens that begin like ${shown(token)}`;
  }
  return undefined;
}

function addedReason(added: unknown): string | undefined {
  if (!Array.isArray(added) || !added.every(isAddedToken))
    return 'its "added_tokens" is no list of tokens with ids';
  const byId = new Map<number, string>();
  for (const { content, id } of added) {
    if (content.length > maxAddedLength) return `its added token ${shown(content)} is too long`;
    if ((byId.get(id) ?? content) !== content)
      return `its added tokens ${shown(byId.get(id))} and ${shown(content)} have the same id`;
    byId.set(id, content);
  }
  return undefined;
}

function isTokenId(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < maxTokenId;
}

function isScoredToken(value: unknown): value is [string, number] {
  return (
    Array.isArray(value) && value.length === 2 && typeof value[0] === 'string' && typeof value[1] === 'number'
  );
}

const addedFlags: Checks = Object.fromEntries(
  ['single_word', 'lstrip', 'rstrip', 'normalized', 'special'].map((name) => [name, unless(isFlag)]),
);

function isAddedToken(value: unknown): value is { content: string; id: number } {
  const token = asObject(value);
  return (
    token !== undefined &&
    typeof token.content === 'string' &&
    token.content !== '' &&
    isTokenId(token.id) &&
    wrongField(token, addedFlags) === undefined
  );
}
