/**
 * Where @huggingface/tokenizers 0.2.0 departs from Hugging Face's own tokenizer, put right by rewriting parts of tokenizer.json
 * before the library reads it. Each rewrite has its reason here and a test that fails without it.
 */
import { asObject, type JsonObject } from '../util/json';
import { isPieceModel } from './scored-pieces';

/**
 * A shallow copy of `tokenizerJson` that the library handles as Hugging Face handles the original.
 *
 * - Stages that may be left out of the file are required by the library: they become null. So does the decoder, which is
 *   token-bytes.ts's.
 * - `Digits` splits at ASCII digits in the library, at every numeric character (Unicode N: ½ ² Ⅷ ٣) in the original
 *   (`pre_tokenizers/digits.rs` of github.com/huggingface/tokenizers uses `char::is_numeric`).
 * - `Metaspace` never splits in the library and does not know the older `add_prefix_space`; the original splits before each `▁`
 *   unless `split` is false (`pre_tokenizers/metaspace.rs`).
 * - A vocabulary whose words begin with `▁`, without a splitting pre-tokenizer, makes one word of the whole text: seconds and
 *   gigabytes for a book. Where no token has `▁` after another character no merge can cross such a place, so cutting the text
 *   there changes no id.
 */
export function withPipelineFixes(tokenizerJson: JsonObject): JsonObject {
  return {
    normalizer: null,
    post_processor: null,
    ...tokenizerJson,
    decoder: null,
    added_tokens: tokenizerJson.added_tokens ?? [],
    pre_tokenizer: fixedPreTokenizer(tokenizerJson),
  };
}

function fixedPreTokenizer(tokenizerJson: JsonObject): JsonObject | null {
  const preTokenizer = asObject(tokenizerJson.pre_tokenizer);
  const wordSplit = canCutBeforeMetaspace(asObject(tokenizerJson.model)) ? [split('▁*[^▁]+|▁+')] : [];
  if (!preTokenizer) return wordSplit[0] ?? null;
  return fixedStage(preTokenizer, wordSplit);
}

function fixedStage(stage: JsonObject, wordSplit: JsonObject[]): JsonObject {
  switch (stage.type) {
    case 'Digits':
      return split(stage.individual_digits ? '\\p{N}' : '\\p{N}+');
    case 'Metaspace': {
      const scheme = stage.prepend_scheme ?? (stage.add_prefix_space === false ? 'never' : 'always');
      const { replacement } = stage;
      const metaspace = { type: 'Metaspace', replacement, prepend_scheme: scheme };
      const splits = stage.split === false ? wordSplit : [split('▁[^▁]*')];
      return { type: 'Sequence', pretokenizers: [metaspace, ...splits] };
    }
    case 'Sequence': {
      const stages = Array.isArray(stage.pretokenizers) ? stage.pretokenizers : [];
      return { ...stage, pretokenizers: stages.map((part: unknown) => fixedStage(asObject(part) ?? {}, [])) };
    }
    default:
      return stage;
  }
}

function split(regex: string): JsonObject {
  return { type: 'Split', pattern: { Regex: regex }, behavior: 'Isolated', invert: false };
}

/** Whether merges of this BPE vocabulary stay within `▁…▁word` stretches. */
function canCutBeforeMetaspace(model: JsonObject | undefined): boolean {
  const vocab = asObject(model?.vocab);
  const tokens = isPieceModel(model) ? model.pieces : vocab && Object.keys(vocab);
  if (!tokens || model?.ignore_merges === true) return false;
  return tokens.some((token) => token.startsWith('▁')) && !tokens.some((token) => /[^▁]▁/u.test(token));
}
