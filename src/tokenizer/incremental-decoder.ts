/** Token ids to text, one id at a time: never half a character, each id looked at once. Not aware of stop strings. */

/** What the decoder needs to know of a vocabulary; `Tokenizer` provides it. */
export interface DecoderVocabulary {
  /** The bytes that an id stands for; empty for an id that stands for no text. */
  tokenBytes(id: number): Uint8Array;
  isSpecial(id: number): boolean;
  /** Spaces that the encoder puts before a text and that decoding it takes off again. */
  readonly numPrefixSpaces: number;
}

/** How to turn ids into text. */
export interface DecodeOptions {
  /** Leave special tokens out (default true). */
  skipSpecialTokens?: boolean;
  /** Special tokens that are not left out. */
  keptIds?: readonly (number | undefined)[] | undefined;
  /**
   * The ids go on from text that is already there, so a leading space belongs to the text (default false: a text of its own,
   * from which the encoder's prefix space is taken off).
   */
  isContinuation?: boolean;
}

/**
 * Decodes a stream of ids. The deltas of `push` and the last one of `flush`, joined, are the text of all ids. Bytes that are no
 * UTF-8 become U+FFFD as in the WHATWG Encoding Standard: one for each longest run that could have begun a character.
 */
export class IncrementalDecoder {
  // A byte-order mark in the middle of an answer is text like any other: only with ignoreBOM is it kept.
  private readonly utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
  private readonly skipsSpecial: boolean;
  private readonly keptIds: readonly (number | undefined)[];
  private numSpacesToDrop: number;

  constructor(
    private readonly vocabulary: DecoderVocabulary,
    options: DecodeOptions = {},
  ) {
    this.skipsSpecial = options.skipSpecialTokens ?? true;
    this.keptIds = options.keptIds ?? [];
    this.numSpacesToDrop = options.isContinuation ? 0 : vocabulary.numPrefixSpaces;
  }

  /** Takes the next id and returns the text that is now certain: '' while a character is unfinished. */
  push(id: number): string {
    if (this.skipsSpecial && this.vocabulary.isSpecial(id) && !this.keptIds.includes(id)) return '';
    return this.utf8.decode(this.withoutPrefixSpaces(this.vocabulary.tokenBytes(id)), { stream: true });
  }

  /** Ends the stream: an unfinished character becomes U+FFFD. The decoder must not be used afterwards. */
  flush(): string {
    return this.utf8.decode();
  }

  private withoutPrefixSpaces(bytes: Uint8Array): Uint8Array {
    let start = 0;
    while (this.numSpacesToDrop > 0 && start < bytes.length) {
      if (bytes[start] === 0x20) {
        start++;
        this.numSpacesToDrop--;
      } else {
        this.numSpacesToDrop = 0;
      }
    }
    return start === 0 ? bytes : bytes.subarray(start);
  }
}
