/** The tokenizers package's tokenizer with our stages before its model: they are bounded, and its own are not. */
import { Tokenizer as HuggingFaceTokenizer, type AddedToken } from '@huggingface/tokenizers';
import { asObject, type JsonObject } from './json';
import type { MatcherClass } from './pattern/pattern';
import { compileNormalizer, compilePreTokenizer } from './pipeline';
import { withPipelineFixes } from './pipeline-fixes';
import { addPieces, emptyMergingModel, isPieceModel } from './scored-pieces';

/** What the package keeps to itself. */
interface Internals {
  readonly added_tokens: readonly AddedToken[];
  readonly added_tokens_map: Map<string, AddedToken>;
  splitter_normalized: object;
}

/** @throws EngineError `model-unsupported` naming a stage that cannot be followed; Error where the package refuses the files */
export function makeLibrary(
  json: JsonObject,
  eosToken: string | undefined,
  Matcher: MatcherClass | undefined,
): HuggingFaceTokenizer {
  const fixed = withPipelineFixes(json);
  const normalizer = compileNormalizer(fixed.normalizer, Matcher) ?? null;
  const preTokenizer = compilePreTokenizer(fixed.pre_tokenizer, Matcher) ?? null;
  // A normalizer that changes nothing, so that the package knows there is one; of the other file it needs no more.
  const identity = normalizer && { type: 'Sequence', normalizers: [] };
  const model = asObject(json.model);
  const pieces = isPieceModel(model) ? model : undefined;
  const library = new HuggingFaceTokenizer(
    {
      ...fixed,
      ...(pieces && { model: emptyMergingModel(pieces) }),
      normalizer: identity,
      pre_tokenizer: null,
    },
    { eos_token: eosToken },
  );
  if (pieces) addPieces(library, pieces);
  const internals = library as unknown as Internals;
  const contents: string[] = [];
  for (const token of normalizer ? internals.added_tokens : []) {
    if (!token.normalized) continue;
    const content = normalizer!(token.content);
    contents.push(content);
    internals.added_tokens_map.set(content, token);
  }
  const Splitter = internals.splitter_normalized.constructor as new (words: readonly string[]) => object;
  internals.splitter_normalized = new Splitter(contents);
  return Object.assign(library, { normalizer, pre_tokenizer: preTokenizer });
}
