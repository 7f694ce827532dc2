/** A GGUF file's vocabulary in the form of tokenizer.json and tokenizer_config.json, so that one tokenizer reads both. Pure. */
import { EngineError } from '../util/errors';
import { endTexts } from './end-ids';
import { preTokenizers, wholeWordNames } from './gguf-pre-tokenizers';
import type { JsonObject } from '../util/json';
import { pieceRanks } from './scored-pieces';
import { turnTemplate } from './turn-templates';

/** What a file says about text; its keys are those after `tokenizer.ggml.`. */
export interface GgufVocabulary {
  /** `gpt2`: byte pairs; `llama`: SentencePiece with scores. */
  readonly model: string;
  readonly pre: string | undefined;
  readonly tokens: readonly string[];
  readonly types: ArrayLike<number> | undefined;
  readonly scores: ArrayLike<number> | undefined;
  readonly merges: readonly string[] | undefined;
  readonly ids: Readonly<Record<'bos' | 'eos' | 'eot' | 'eom' | 'unknown' | 'padding', number | undefined>>;
  readonly addsBos: boolean | undefined;
  readonly addsEos: boolean | undefined;
  readonly addsSpacePrefix: boolean | undefined;
  readonly chatTemplate: string | undefined;
}

/** The files that a folder in Hugging Face layout would have. */
interface TokenizerFiles {
  readonly tokenizer: JsonObject;
  readonly tokenizerConfig: JsonObject;
  /** Tokens that end an answer. */
  readonly eosIds: readonly number[];
}

/** `tokenizer.ggml.token_type`. */
const types = { normal: 1, unknown: 2, control: 3, userDefined: 4, byte: 6 } as const;

/** @throws EngineError `model-unsupported` naming what cannot be followed */
export function ggufTokenizer(vocabulary: GgufVocabulary): TokenizerFiles {
  const { model, tokens } = vocabulary;
  if (model !== 'gpt2' && model !== 'llama')
    throw unusable(`its vocabulary is of the kind '${model}'; 'gpt2' and 'llama' are read`);
  if (tokens.length === 0) throw unusable('its vocabulary is empty');
  const body = model === 'gpt2' ? bytePairs(vocabulary) : sentencePieces(vocabulary);
  const typeOf = (id: number) => vocabulary.types?.[id] ?? types.normal;
  const added = tokens.flatMap((content, id) => {
    const type = typeOf(id);
    const isAdded = type === types.control || type === types.userDefined || type === types.unknown;
    if (!isAdded || content === '') return [];
    const special = type !== types.userDefined;
    return [{ id, content, special, normalized: false, lstrip: false, rstrip: false, single_word: false }];
  });
  const { ids, chatTemplate = turnTemplate(tokens), addsEos = false } = vocabulary;
  const textOf = (id: number | undefined) => (id === undefined ? undefined : tokens[id]);
  const named = { bos: ids.bos, eos: ids.eos, unk: ids.unknown, pad: ids.padding };
  const ends = tokens.flatMap((text, id) => (endTexts.has(text) && typeOf(id) !== types.normal ? [id] : []));
  return {
    tokenizer: { version: '1.0', added_tokens: added, post_processor: null, ...body },
    tokenizerConfig: {
      ...Object.fromEntries(
        Object.entries(named).flatMap(([name, id]) =>
          textOf(id) === undefined ? [] : [[`${name}_token`, textOf(id)]],
        ),
      ),
      add_bos_token: vocabulary.addsBos ?? (model === 'llama' || wholeWordNames.has(vocabulary.pre ?? '')),
      add_eos_token: addsEos,
      ...(chatTemplate !== undefined && { chat_template: chatTemplate }),
    },
    eosIds: [...new Set([ids.eos, ids.eot, ids.eom, ...ends])].filter(
      (id) => id !== undefined && id < tokens.length,
    ) as number[],
  };
}

function bytePairs({ pre = 'gpt-2', tokens, merges }: GgufVocabulary): JsonObject {
  const preTokenizer = preTokenizers.get(pre);
  if (!preTokenizer) {
    throw unusable(
      `its pre-tokenizer '${pre}' is not known here; ${[...preTokenizers.keys()].join(', ')} are`,
    );
  }
  if (!merges) throw unusable('it has no merges');
  return {
    normalizer: null,
    pre_tokenizer: preTokenizer,
    decoder: { type: 'ByteLevel' },
    model: {
      type: 'BPE',
      vocab: idsOf(tokens),
      merges,
      // llama.cpp takes them; Hugging Face's reader would refuse the file.
      has_stray_merges: true,
      ignore_merges: wholeWordNames.has(pre),
    },
  };
}

/** Pieces with scores: those merge first whose whole has the best score. */
function sentencePieces(vocabulary: GgufVocabulary): JsonObject {
  const { tokens, types: kinds, scores, ids, addsSpacePrefix = true } = vocabulary;
  if (scores?.length !== tokens.length) throw unusable('its tokens have no scores');
  const space = { type: 'Replace', pattern: { String: ' ' }, content: '▁' };
  const unspace = { type: 'Replace', pattern: { String: '▁' }, content: ' ' };
  const common = [unspace, { type: 'ByteFallback' }, { type: 'Fuse' }];
  const unknown = ids.unknown === undefined ? undefined : tokens[ids.unknown];
  return {
    normalizer: addsSpacePrefix
      ? { type: 'Sequence', normalizers: [{ type: 'Prepend', prepend: '▁' }, space] }
      : space,
    pre_tokenizer: null,
    decoder: {
      type: 'Sequence',
      decoders: addsSpacePrefix ? [...common, { type: 'Strip', content: ' ', start: 1, stop: 0 }] : common,
    },
    model: {
      type: 'pieces',
      pieces: tokens,
      ranks: pieceRanks(tokens, scores, (id) => (kinds?.[id] ?? types.normal) === types.normal),
      byte_fallback: true,
      fuse_unk: true,
      unk_token: unknown ?? null,
    },
  };
}

function idsOf(tokens: readonly string[]): JsonObject {
  // Not a literal's prototype, which has names of its own.
  const ids = Object.create(null) as Record<string, unknown>;
  for (const [id, token] of tokens.entries()) ids[token] ??= id;
  return ids;
}

function unusable(reason: string): EngineError {
  return new EngineError('model-unsupported', `This GGUF file's tokenizer cannot be used: ${reason}.`);
}
