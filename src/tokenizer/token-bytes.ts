/**
 * Token → UTF-8 bytes, from the decoder that tokenizer.json describes. Not the library's decoder, which needs a whole list of
 * tokens at once: here each token has its bytes alone, so text can stream and log-probabilities can name them.
 */
import { EngineError } from '../util/errors';
import { asObject, asString, type JsonObject } from '../util/json';

/** How tokens of one vocabulary become bytes. */
export interface TokenBytesRule {
  /** The bytes that a token of the vocabulary stands for. */
  bytesOf(token: string): Uint8Array;
  /** The bytes of an added token: its content, outside the byte-level alphabet. */
  bytesOfAdded(token: string): Uint8Array;
  /** Spaces to take off the beginning of a text that is no continuation: what the encoder put there. */
  readonly numPrefixSpaces: number;
}

/**
 * Reads the `decoder` of a tokenizer.json: `ByteLevel`, `Metaspace`, or a sequence of `Replace` (plain strings), `ByteFallback`,
 * `Fuse`, `Strip` (at the start) and those two.
 * @throws EngineError `model-unsupported`, naming the stage, for any other.
 */
export function compileTokenBytes(decoder: unknown): TokenBytesRule {
  const transforms: ((token: string) => string)[] = [];
  let isByteLevel = false;
  let hasByteFallback = false;
  let isFused = false;
  let numPrefixSpaces = 0;

  for (const stage of stagesOf(decoder)) {
    switch (stage.type) {
      case 'ByteLevel':
        isByteLevel = true;
        break;
      case 'ByteFallback':
        hasByteFallback = true;
        break;
      case 'Fuse':
        isFused = true;
        break;
      case 'Metaspace': {
        const replacement = stage.replacement ?? '▁';
        if (typeof replacement !== 'string' || !/^.$/su.test(replacement))
          throw unsupported('a Metaspace stage whose replacement is no character');
        const hasPrefix = stage.prepend_scheme !== 'never' && stage.add_prefix_space !== false;
        transforms.push((token) => token.replaceAll(replacement, ' '));
        if (hasPrefix) numPrefixSpaces = 1;
        break;
      }
      case 'Replace': {
        const from = asString(asObject(stage.pattern)?.String);
        const to = asString(stage.content);
        if (!from || to === undefined)
          throw unsupported('a Replace stage with a pattern that is no plain string');
        transforms.push((token) => token.replaceAll(from, to));
        break;
      }
      case 'Strip': {
        const start = stage.start ?? 0;
        if (!isFused || stage.content !== ' ' || !isSmallCount(start) || (stage.stop ?? 0) !== 0) {
          throw unsupported('a Strip stage other than spaces at the start of the whole text');
        }
        numPrefixSpaces = start;
        break;
      }
      default:
        throw unsupported(`the stage ${JSON.stringify(stage.type ?? null)}`);
    }
  }

  const encoder = new TextEncoder();
  const transform = (token: string) => transforms.reduce((text, step) => step(text), token);
  return {
    numPrefixSpaces,
    bytesOf(token) {
      if (hasByteFallback) {
        const byte = fallbackByte(token);
        if (byte !== undefined) return Uint8Array.of(byte);
      }
      const text = transform(token);
      return (isByteLevel ? byteLevelBytes(text) : undefined) ?? encoder.encode(text);
    },
    bytesOfAdded(token) {
      return encoder.encode(transform(token));
    },
  };
}

function stagesOf(decoder: unknown): JsonObject[] {
  const stage = asObject(decoder);
  if (!stage) throw unsupported('no decoder');
  if (stage.type !== 'Sequence') return [stage];
  const parts = stage.decoders;
  if (!Array.isArray(parts)) throw unsupported('a Sequence without stages');
  return parts.flatMap(stagesOf);
}

function isSmallCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 16;
}

function unsupported(what: string): EngineError {
  return new EngineError(
    'model-unsupported',
    `The decoder in tokenizer.json has ${what}, which is not supported.`,
  );
}

/** The byte of a byte-fallback token such as `<0x0A>`. */
function fallbackByte(token: string): number | undefined {
  const match = /^<0x([0-9A-Fa-f]{2})>$/.exec(token);
  return match ? Number.parseInt(match[1]!, 16) : undefined;
}

/**
 * GPT-2's alphabet: printable Latin-1 characters stand for their own byte, the other 68 bytes, in order, for U+0100 and up
 * (`bytes_to_unicode` of github.com/openai/gpt-2).
 */
const byteOfCharacter: ReadonlyMap<string, number> = (() => {
  const map = new Map<string, number>();
  let numOthers = 0;
  for (let byte = 0; byte < 256; byte++) {
    const isItself = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xff && byte !== 0xad);
    map.set(String.fromCharCode(isItself ? byte : 0x100 + numOthers++), byte);
  }
  return map;
})();

/** The bytes of a byte-level token; undefined where it has characters outside the alphabet and stands for itself. */
function byteLevelBytes(token: string): Uint8Array | undefined {
  const bytes = new Uint8Array(token.length);
  for (let i = 0; i < token.length; i++) {
    const byte = byteOfCharacter.get(token[i]!);
    if (byte === undefined) return undefined;
    bytes[i] = byte;
  }
  return bytes;
}
