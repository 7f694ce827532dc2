/**
 * Long texts to token ids piece by piece, so that whoever waits is not blocked for seconds: the ids are those of the whole
 * text. A piece ends where the tokenizer itself shows that no token reaches across, or nearly so inside a word of thousands of
 * characters, which no model has learnt to read.
 */
import type { EncodeOptions } from './tokenizer';

/** What encodes a text at once. */
interface PieceEncoder {
  encode(text: string, options?: EncodeOptions): number[];
}

/** How to encode a long text. */
interface ChunkedOptions {
  /** The text goes on from tokens that are already there. */
  readonly isContinuation?: boolean;
  /** Characters of a piece, about. */
  readonly pieceLength?: number;
}

const defaultPieceLength = 16_384;
/** Characters before and after a border that must encode alike with and without it. */
const reach = 192;
/** A word's beginning after a line's or a word's end: between them ends what tokenizers cut first. */
const lineStart = /(?<=\S\n)(?=\p{L})/gu;
const wordEnd = /(?<=\p{Ll}\p{Ll})(?= \p{L})/gu;
/** Between any two characters, for writing without spaces and for what is no writing. */
const anywhere = /(?<=.)(?=.)/gsu;

/**
 * Yields the ids of `text` in parts; their concatenation is `encode(text)` without special tokens around it.
 * @throws EngineError `model-unsupported` as `encode` does
 */
export function* encodeChunks(
  encoder: PieceEncoder,
  text: string,
  { isContinuation = false, pieceLength = defaultPieceLength }: ChunkedOptions = {},
): Generator<number[], void> {
  let start = 0;
  while (start < text.length) {
    const end = findBorder(encoder, text, start + pieceLength, pieceLength);
    const options = { addSpecialTokens: false, isContinuation: isContinuation || start > 0 };
    yield encoder.encode(text.slice(start, end), options);
    start = end;
  }
}

/** Places of one kind that are tried before the next kind: where one does not serve, the others seldom do. */
const maxTries = 8;

/** The first place from `from` on where the text may be cut, within about `length` characters, after which it is cut anyway. */
function findBorder(encoder: PieceEncoder, text: string, from: number, length: number): number {
  if (from + length >= text.length) return text.length;
  // What comes before a place belongs to its kind; what lies far behind must not be searched for every piece.
  const start = Math.max(0, from - 4);
  const part = text.slice(start, from + length);
  for (const pattern of [lineStart, wordEnd, anywhere]) {
    pattern.lastIndex = from - start;
    for (let tries = 0; tries < maxTries; tries++) {
      const found = pattern.exec(part);
      if (!found) break;
      const at = start + found.index;
      if (isBorder(encoder, text, at)) return at;
      pattern.lastIndex = found.index + 1;
    }
  }
  anywhere.lastIndex = from - start;
  return start + anywhere.exec(part)!.index;
}

/** Whether the text around a place encodes to the same ids in one piece and in two. */
function isBorder(encoder: PieceEncoder, text: string, at: number): boolean {
  const before = text.slice(Math.max(0, at - reach), at);
  const after = text.slice(at, at + reach);
  const encode = (part: string) => encoder.encode(part, { addSpecialTokens: false, isContinuation: true });
  const whole = encode(before + after);
  const parts = [...encode(before), ...encode(after)];
  return whole.length === parts.length && whole.every((id, i) => id === parts[i]);
}
