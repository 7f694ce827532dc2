/**
 * The tokenizers package's models with our stages before them. Its own `Tokenizer` is not used: its stages know no bounds, and it
 * brings decoders and models that nothing here needs.
 */
import { BPE, SequencePostProcessor, Unigram } from '@huggingface/tokenizers';
import type { JsonObject } from '../util/json';
import type { MatcherClass } from './pattern/pattern';
import { compileNormalizer, compilePreTokenizer, type CutText, type NormalizeText } from './pipeline';
import { withPipelineFixes } from './pipeline-fixes';
import { addPieces, emptyMergingModel, isPieceModel } from './scored-pieces';
import { WordFinder } from './word-finder';

/** A token that is found in texts before all else. */
interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly special?: boolean;
  /** Found in the normalized text (default: unless it is special). */
  readonly normalized?: boolean;
  /** Takes the white space before it, or after it. */
  readonly lstrip?: boolean;
  readonly rstrip?: boolean;
}

/** A tokenizer.json at work. */
export class Library {
  readonly added: readonly AddedToken[];
  readonly #model: BPE | Unigram;
  readonly #normalize: NormalizeText | undefined;
  readonly #cut: CutText;
  /** Added tokens by what is found of them. */
  readonly #addedByText = new Map<string, AddedToken>();
  readonly #before: WordFinder;
  readonly #after: WordFinder;
  readonly #postProcessor: unknown;

  /**
   * @param eosToken What ends a text, which a Unigram model asks for.
   * @throws EngineError `model-unsupported` naming a stage that cannot be followed; Error where the package refuses the file
   */
  constructor(json: JsonObject, eosToken: string | undefined, Matcher: MatcherClass | undefined) {
    const fixed = withPipelineFixes(json);
    const given = fixed.model as JsonObject;
    const pieces = isPieceModel(given) ? given : undefined;
    const fields = pieces ? emptyMergingModel(pieces) : given;
    this.#normalize = compileNormalizer(fixed.normalizer, Matcher);
    this.#cut = compilePreTokenizer(fixed.pre_tokenizer, Matcher) ?? ((text) => [text]);
    this.#model =
      fields.type === 'Unigram' ? new Unigram(fields as never, eosToken as never) : new BPE(fields as never);
    this.#postProcessor = fixed.post_processor;
    this.added = fixed.added_tokens as readonly AddedToken[];
    const [before, after]: string[][] = [[], []];
    for (const token of this.added) {
      const { content, id } = token;
      this.#model.tokens_to_ids.set(content, id);
      this.#model.vocab[id] = content;
      this.#addedByText.set(content, token);
      const isNormalized = this.#normalize && (token.normalized ?? token.special !== true);
      const text = isNormalized ? this.#normalize(content) : content;
      (isNormalized ? after : before)!.push(text);
      this.#addedByText.set(text, token);
    }
    if (pieces) addPieces(this.#model, pieces);
    this.#before = new WordFinder(before!);
    this.#after = new WordFinder(after!);
  }

  /** One more than the largest id. */
  get vocabSize(): number {
    return this.#model.vocab.length;
  }

  idOf(token: string): number | undefined {
    return this.#model.tokens_to_ids.get(token);
  }

  tokenOf(id: number): string | undefined {
    return this.#model.vocab[id];
  }

  /** The ids of a text; undefined for what no token can write. */
  encode(text: string): (number | undefined)[] {
    const tokens = this.#parts(this.#before, text).flatMap((section, sectionIndex) => {
      if (this.#addedByText.has(section)) return [section];
      const normalized = this.#normalize ? this.#normalize(section) : section;
      return this.#parts(this.#after, normalized).flatMap((part) =>
        this.#addedByText.has(part)
          ? [part]
          : this.#model._call(this.#cut(part, { section_index: sectionIndex })),
      );
    });
    return tokens.map(
      (token) => this.#addedByText.get(token)?.id ?? this.idOf(token) ?? this.#model.unk_token_id,
    );
  }

  /** Tokens with what the post-processor puts around them. */
  surround(tokens: string[]): string[] {
    if (this.#postProcessor === null) return tokens;
    const processors = [this.#postProcessor as never];
    return new SequencePostProcessor({ type: 'Sequence', processors }).post_process(tokens, undefined, true)
      .tokens;
  }

  /** A text cut at added tokens, which take the white space beside them where they are to. */
  #parts(finder: WordFinder, text: string): string[] {
    const parts = finder.split(text);
    for (const [i, part] of parts.entries()) {
      const token = this.#addedByText.get(part);
      if (token?.lstrip && i > 0) parts[i - 1] = parts[i - 1]!.trimEnd();
      if (token?.rstrip && i < parts.length - 1) parts[i + 1] = parts[i + 1]!.trimStart();
    }
    return parts.filter((part) => part !== '');
  }
}
