/**
 * JSON as grammars write it: white space, strings, numbers, values of any kind. RFC 8259. Or values as some models write the arguments of
 * calls: without white space, keys as they are, and strings between marks that they do not contain.
 */
import { anyCodePoint, codePoints, complement, intersection, type CodePoints } from './code-points';
import { GrammarBuilder, type GrammarNode } from './grammar';
import { textUpTo } from './text-up-to';

const quote = 0x22;
const backslash = 0x5c;
const lastControl = 0x1f;
/** Characters that stand for themselves in a string. */
const plain = intersection(
  anyCodePoint,
  complement(codePoints([0, lastControl], [quote, quote], [backslash, backslash])),
);
/** Those between marks, of which each begins with the one that is left out. */
const plainBetweenMarks = complement(codePoints([0x3c, 0x3c]));
/** Those of a key that stands as it is. */
const bare = codePoints([0x30, 0x39], [0x41, 0x5a], [0x5f, 0x5f], [0x61, 0x7a]);
/** Control characters by their short escapes. */
const shortEscapes = new Map([
  [8, 'b'],
  [9, 't'],
  [10, 'n'],
  [12, 'f'],
  [13, 'r'],
]);
/** Digits of a number's parts: more would not be a finite, whole, or exact number for JavaScript. */
const maxDigits = 15;
/** Spaces of indentation at most: white space without end would be an answer without end. */
const maxIndent = 16;

/** Makes the parts of JSON. */
export class JsonGrammar {
  readonly builder: GrammarBuilder;
  /** What strings stand between where that is no quotation mark, and nothing is escaped. */
  readonly #mark: string | undefined;
  /** Nothing, a space, or a new line with its indentation. */
  readonly space: GrammarNode;
  /** A character of a string, in one of its spellings. */
  readonly stringCharacter: GrammarNode;
  /** Any string. */
  readonly string: GrammarNode;
  /** Any key. */
  readonly key: GrammarNode;
  readonly integer: GrammarNode;
  readonly number: GrammarNode;
  /** Any value. */
  readonly value: GrammarNode;
  /** Any object. */
  readonly object: GrammarNode;
  readonly #digit: GrammarNode;

  /** @param mark stands before and after strings, or is ''; undefined for JSON */
  constructor(builder = new GrammarBuilder(), mark?: string) {
    this.builder = builder;
    this.#mark = mark;
    const indent = builder.repeat(builder.text(' '), 0, maxIndent);
    const space = builder.choice(
      builder.empty,
      builder.text(' '),
      builder.sequence(builder.text('\n'), indent),
    );
    this.space = mark === undefined ? space : builder.empty;
    this.#digit = builder.bytes([0x30, 0x39]);
    this.stringCharacter =
      mark === undefined ? this.#stringCharacter() : builder.character(plainBetweenMarks);
    const characters = builder.repeat(mark === '' ? builder.character(anyCodePoint) : this.stringCharacter);
    this.string = mark
      ? builder.sequence(builder.text(mark), textUpTo(builder, mark))
      : this.quoted(characters);
    this.key = mark === undefined ? this.string : builder.repeat(builder.character(bare), 1);
    const sign = builder.optional(builder.text('-'));
    const whole = builder.choice(
      builder.text('0'),
      builder.sequence(builder.bytes([0x31, 0x39]), this.digits(0, maxDigits - 1)),
    );
    this.integer = builder.sequence(sign, whole);
    const exponent = builder.sequence(
      builder.bytes([0x45, 0x45], [0x65, 0x65]),
      builder.optional(builder.bytes([0x2b, 0x2b], [0x2d, 0x2d])),
      this.digits(1, 2),
    );
    const fraction = builder.sequence(builder.text('.'), this.digits(1, maxDigits));
    this.number = builder.sequence(sign, whole, builder.optional(fraction), builder.optional(exponent));
    const value = builder.later();
    const member = this.member(this.key, value);
    this.object = this.enclosed('{', this.list(member), '}');
    const array = this.enclosed('[', this.list(value), ']');
    value.target = builder.choice(
      this.object,
      array,
      this.string,
      this.number,
      ...['true', 'false', 'null'].map((word) => builder.text(word)),
    );
    this.value = value;
  }

  /** So many digits. */
  digits(least: number, most: number): GrammarNode {
    return this.builder.repeat(this.#digit, least, most);
  }

  /** A string of these contents. */
  quoted(contents: GrammarNode): GrammarNode {
    const mark = this.builder.text(this.#mark ?? '"');
    return this.builder.sequence(mark, contents, mark);
  }

  /** A value as it is written; undefined for one that cannot be. */
  write(value: unknown): string | undefined {
    const mark = this.#mark;
    if (mark === undefined || typeof value === 'number') return JSON.stringify(value);
    if (typeof value === 'string') {
      return mark !== '' && value.includes(mark) ? undefined : mark + value + mark;
    }
    if (typeof value !== 'object' || value === null) return JSON.stringify(value);
    const isList = Array.isArray(value);
    const parts = Object.entries(value).map(([name, part]) => {
      const text = this.write(part);
      return text === undefined || isList ? text : `${this.writeKey(name)}:${text}`;
    });
    if (parts.includes(undefined)) return undefined;
    return isList ? `[${parts.join(',')}]` : `{${parts.join(',')}}`;
  }

  /** A key as it is written. */
  writeKey(name: string): string {
    const mark = this.#mark;
    if (mark === undefined) return JSON.stringify(name);
    return /^\w+$/.test(name) ? name : mark + name + mark;
  }

  /** What stands before and after a key. */
  get keyMark(): GrammarNode {
    return this.#mark === undefined ? this.builder.text('"') : this.builder.empty;
  }

  /** One of these characters, if it may stand for itself in a key. */
  inKey(set: CodePoints): GrammarNode {
    return this.#mark === undefined ? this.itself(set) : this.builder.character(intersection(set, bare));
  }

  /** A key with its value. */
  member(key: GrammarNode, value: GrammarNode): GrammarNode {
    return this.builder.sequence(key, this.space, this.builder.text(':'), this.space, value);
  }

  /** A comma, with the white space that may stand around it. */
  get comma(): GrammarNode {
    return this.builder.sequence(this.space, this.builder.text(','), this.space);
  }

  /** Items with commas between them, so many in all. */
  list(item: GrammarNode, least = 0, most = Infinity): GrammarNode {
    const { builder } = this;
    if (most <= 0) return least > 0 ? builder.never : builder.empty;
    const others = builder.repeat(builder.sequence(this.comma, item), Math.max(least - 1, 0), most - 1);
    const some = builder.sequence(item, others);
    return least > 0 ? some : builder.optional(some);
  }

  /** What stands between brackets. */
  enclosed(open: string, contents: GrammarNode, close: string): GrammarNode {
    const { builder, space } = this;
    if (contents === builder.empty) return builder.sequence(builder.text(open), space, builder.text(close));
    return builder.sequence(builder.text(open), space, contents, space, builder.text(close));
  }

  /** One of these characters, if it may stand for itself in a string. */
  itself(set: CodePoints): GrammarNode {
    return this.builder.character(intersection(set, this.#mark === undefined ? plain : plainBetweenMarks));
  }

  /** One of these characters as a string has it: itself where it may stand there, else its escape. */
  inString(set: CodePoints): GrammarNode {
    const { builder } = this;
    const itself = this.itself(set);
    if (this.#mark !== undefined) return itself;
    const escapes = intersection(set, complement(plain)).flatMap(([first, last]) => {
      return Array.from({ length: last - first + 1 }, (_, i) => builder.text(escapeOf(first + i)));
    });
    return builder.choice(itself, ...escapes);
  }

  #stringCharacter(): GrammarNode {
    const { builder } = this;
    const hex = builder.bytes([0x30, 0x39], [0x41, 0x46], [0x61, 0x66]);
    // Surrogates stand for half a character, and are left out: every character has another spelling.
    const noSurrogate = builder.choice(
      builder.sequence(
        builder.bytes([0x30, 0x39], [0x41, 0x43], [0x45, 0x46], [0x61, 0x63], [0x65, 0x66]),
        hex,
      ),
      builder.sequence(builder.bytes([0x44, 0x44], [0x64, 0x64]), builder.bytes([0x30, 0x37])),
    );
    const short = builder.choice(
      ...['"', '\\', '/', 'b', 'f', 'n', 'r', 't'].map((letter) => builder.text(letter)),
    );
    const long = builder.sequence(builder.text('u'), noSurrogate, hex, hex);
    return builder.choice(
      builder.character(plain),
      builder.sequence(builder.text('\\'), builder.choice(short, long)),
    );
  }
}

function escapeOf(codePoint: number): string {
  if (codePoint === quote || codePoint === backslash) return `\\${String.fromCharCode(codePoint)}`;
  const short = shortEscapes.get(codePoint);
  return short ? `\\${short}` : `\\u${codePoint.toString(16).padStart(4, '0')}`;
}
