/** Text ↔ token ids: @huggingface/tokenizers behind one small class. Knows nothing of chats and templates. */
import { EngineError } from '../util/errors';
import { whyUnusable } from './check-tokenizer';
import { IncrementalDecoder, type DecodeOptions, type DecoderVocabulary } from './incremental-decoder';
import { asObject, type JsonObject } from '../util/json';
import { Library } from './library';
import type { MatcherClass } from './pattern/pattern';
import { additionalSpecialTokens, namedSpecialTokens } from './special-tokens';
import { compileTokenBytes, type TokenBytesRule } from './token-bytes';

/** How to turn text into ids. */
export interface EncodeOptions {
  /** Add what the model's files put around a prompt, such as BOS (default true). Rendered chat templates have theirs already. */
  addSpecialTokens?: boolean;
  /** The text goes on from tokens that are already there: the encoder's prefix space is left out (default false). */
  isContinuation?: boolean;
}

/** A special token that the model's files name. */
interface NamedToken {
  id: number;
  text: string;
}

const noBytes = new Uint8Array(0);

/** The tokenizer of one model. */
export class Tokenizer implements DecoderVocabulary {
  /** One more than the largest id. A model's embedding may have more rows: they stand for no text. */
  readonly vocabSize: number;
  /** The token that begins a text, where the model's files name one. */
  readonly bos: NamedToken | undefined;
  /** The token that ends a text, where tokenizer_config.json names one; generation_config.json may list others. */
  readonly eos: NamedToken | undefined;
  /** Special tokens by their name in tokenizer_config.json (`bos_token`, …), for chat templates. */
  readonly namedTokens: Readonly<Record<string, string>>;
  readonly numPrefixSpaces: number;

  private readonly addedIds: ReadonlySet<number>;
  private readonly specialIds: ReadonlySet<number>;
  private readonly prefixIds: readonly number[];
  private readonly suffixIds: readonly number[];
  private readonly bytesById: Uint8Array[] = [];

  private constructor(
    private readonly library: Library,
    private readonly rule: TokenBytesRule,
    config: JsonObject,
  ) {
    this.namedTokens = namedSpecialTokens(config);
    this.bos = this.named('bos_token');
    this.eos = this.named('eos_token');
    this.numPrefixSpaces = rule.numPrefixSpaces;
    this.vocabSize = library.vocabSize;
    this.addedIds = new Set(library.added.map(({ id }) => id));
    const named = [...Object.values(this.namedTokens), ...additionalSpecialTokens(config)];
    this.specialIds = new Set([
      ...library.added.filter((token) => token.special).map((token) => token.id),
      ...named.map((text) => library.idOf(text)).filter((id) => id !== undefined),
    ]);
    ({ prefixIds: this.prefixIds, suffixIds: this.suffixIds } = this.surroundings(config));
  }

  /**
   * @param tokenizerJson The parsed tokenizer.json.
   * @param tokenizerConfigJson The parsed tokenizer_config.json; undefined where the model has none.
   * @param Matcher For patterns that the browser may not run (`hasUnknownPattern`); they are refused without it.
   * @throws EngineError `model-unsupported` with the reason when the files cannot be used.
   */
  static fromJson(tokenizerJson: unknown, tokenizerConfigJson?: unknown, Matcher?: MatcherClass): Tokenizer {
    const config = tokenizerConfigJson === undefined ? {} : asObject(tokenizerConfigJson);
    if (!config) throw unusable('tokenizer_config.json is no JSON object');
    const json = asObject(tokenizerJson);
    if (!json) throw unusable('tokenizer.json is no JSON object');
    const reason = whyUnusable(json);
    if (reason) throw unusable(reason);
    return blamed(() => {
      const rule = compileTokenBytes(json.decoder);
      return new Tokenizer(new Library(json, namedSpecialTokens(config).eos_token, Matcher), rule, config);
    });
  }

  /**
   * The ids of a text. Special tokens written out in the text become their ids, as Hugging Face does.
   * @throws EngineError `model-unsupported` where the vocabulary has no way to write a character, and naming the stage that makes
   * too much of the text or does not come to an end.
   */
  encode(text: string, options: EncodeOptions = {}): number[] {
    const ids = options.isContinuation ? this.encodeContinuation(text) : this.encodePlain(text);
    return options.addSpecialTokens === false ? ids : this.surround(ids);
  }

  /** The ids of a text with what the model's files put around a prompt. */
  surround(ids: readonly number[]): number[] {
    return [...this.prefixIds, ...ids, ...this.suffixIds];
  }

  /** The text of a list of ids; ids without a token stand for nothing. Spaces before punctuation are never cleaned up. */
  decode(ids: readonly number[], options: DecodeOptions = {}): string {
    const decoder = this.decoder(options);
    const parts = ids.map((id) => decoder.push(id));
    parts.push(decoder.flush());
    return parts.join('');
  }

  /** A decoder for ids that come one at a time. */
  decoder(options: DecodeOptions = {}): IncrementalDecoder {
    return new IncrementalDecoder(this, options);
  }

  /** The id of a token written out as in the vocabulary, e.g. `<|im_end|>`. */
  idOf(token: string): number | undefined {
    return this.library.idOf(token);
  }

  /** Whether an id is a special token, left out of text. */
  isSpecial(id: number): boolean {
    return this.specialIds.has(id);
  }

  /** The UTF-8 bytes that an id stands for, maybe a part of a character; empty where it stands for no token. */
  tokenBytes(id: number): Uint8Array {
    return (this.bytesById[id] ??= this.computeBytes(id));
  }

  private computeBytes(id: number): Uint8Array {
    const token = this.library.tokenOf(id);
    if (token === undefined) return noBytes;
    return this.addedIds.has(id) ? this.rule.bytesOfAdded(token) : this.rule.bytesOf(token);
  }

  private encodePlain(text: string): number[] {
    const ids = blamed(() => this.library.encode(text));
    if (!ids.every((id) => id !== undefined)) {
      throw new EngineError('model-unsupported', 'The text has characters that this tokenizer cannot write.');
    }
    return ids;
  }

  /** Encodes after a letter and takes its ids off again, so that the prefix space stands before the letter. */
  private encodeContinuation(text: string): number[] {
    if (this.numPrefixSpaces === 0) return this.encodePlain(text);
    const anchor = this.encodePlain('a');
    const ids = this.encodePlain(`a${text}`);
    // Where the letter has merged with the text there is no clean cut: the prefix space is then the smaller evil.
    return anchor.every((id, i) => ids[i] === id) ? ids.slice(anchor.length) : this.encodePlain(text);
  }

  private named(name: string): NamedToken | undefined {
    const text = this.namedTokens[name];
    const id = text === undefined ? undefined : this.library.idOf(text);
    return text === undefined || id === undefined ? undefined : { id, text };
  }

  /** What goes around a prompt: the post-processor's tokens, overruled by an explicit `add_bos_token` or `add_eos_token`. */
  private surroundings(config: JsonObject): { prefixIds: number[]; suffixIds: number[] } {
    const probe = '\u0000prompt';
    const tokens = this.library.surround([probe]);
    const at = tokens.indexOf(probe);
    if (at < 0) throw new Error('its post_processor leaves the text out');
    const idsOf = (texts: string[]) =>
      texts.map((text) => {
        const id = this.library.idOf(text);
        if (id === undefined)
          throw new Error(`its post_processor names ${JSON.stringify(text)}, which is no token`);
        return id;
      });
    const prefixIds = idsOf(tokens.slice(0, at));
    const suffixIds = idsOf(tokens.slice(at + 1));
    return {
      prefixIds: overruled(prefixIds, config.add_bos_token, this.bos?.id, true),
      suffixIds: overruled(suffixIds, config.add_eos_token, this.eos?.id, false),
    };
  }
}

function overruled(ids: number[], isWanted: unknown, id: number | undefined, isBefore: boolean): number[] {
  if (id === undefined || typeof isWanted !== 'boolean' || ids.includes(id) === isWanted) return ids;
  if (!isWanted) return ids.filter((other) => other !== id);
  return isBefore ? [id, ...ids] : [...ids, id];
}

/** What the package throws is the files' doing. */
function blamed<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof EngineError) throw cause;
    throw unusable(cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function unusable(reason: string, cause?: unknown): EngineError {
  return new EngineError('model-unsupported', `This model's tokenizer cannot be used: ${reason}.`, { cause });
}
