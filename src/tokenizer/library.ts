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
  /** Found only where no character of a word stands beside it. */
  readonly single_word?: boolean;
}

/** What `\w` is in Rust's regular expressions, by which Hugging Face tells whether a token is a word of its own. */
const wordBefore = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]$/u;
const wordAfter = /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u;

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
  /** Writes what no piece of a Unigram model has in bytes. */
  readonly #bytes: TextEncoder | undefined;

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
    if (this.#model instanceof Unigram && fields.byte_fallback === true) this.#bytes = new TextEncoder();
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
      if (section.isWord) return [section.text];
      const normalized = this.#normalize ? this.#normalize(section.text) : section.text;
      return this.#parts(this.#after, normalized).flatMap((part) =>
        part.isWord ? [part.text] : this.#pieces(this.#cut(part.text, { section_index: sectionIndex })),
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

  /** The model's tokens of words. A Unigram model joins what it does not know within a word, and not beyond. */
  #pieces(words: string[]): string[] {
    if (!(this.#model instanceof Unigram)) return this.#model._call(words);
    return words.flatMap((word) => this.#model._call([word])).flatMap((piece) => this.#inBytes(piece));
  }

  /** The bytes of a piece that is no token, where they are to stand for it and all of them are tokens. */
  #inBytes(piece: string): string[] {
    if (!this.#bytes || this.idOf(piece) !== undefined) return [piece];
    const bytes = Array.from(
      this.#bytes.encode(piece),
      (byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`,
    );
    return bytes.every((byte) => this.idOf(byte) !== undefined) ? bytes : [piece];
  }

  /** A text cut at added tokens, which take the white space beside them where they are to. */
  #parts(finder: WordFinder, text: string): { text: string; isWord: boolean }[] {
    const counts = (word: string, start: number) =>
      !this.#addedByText.get(word)!.single_word ||
      // Two UTF-16 units before it: a character may have as many.
      !(
        wordBefore.test(text.slice(Math.max(0, start - 2), start)) ||
        wordAfter.test(text.slice(start + word.length, start + word.length + 2))
      );
    const parts = finder.split(text, counts).map((part) => ({ ...part }));
    for (const [i, { text: content, isWord }] of parts.entries()) {
      const token = isWord ? this.#addedByText.get(content) : undefined;
      const [before, after] = [parts[i - 1], parts[i + 1]];
      if (token?.lstrip && before?.isWord === false) before.text = before.text.trimEnd();
      if (token?.rstrip && after?.isWord === false) after.text = after.text.trimStart();
    }
    return parts.filter((part) => part.text !== '');
  }
}
