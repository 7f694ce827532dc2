/**
 * Regular expressions of ECMAScript as grammars: what a text must match from its beginning to its end. No look-around, back references,
 * word borders and Unicode properties. Which of several matches is meant makes no difference to what matches, so lazy is greedy.
 */
import { anyCodePoint, codePoints, complement, type CodePoints } from './code-points';
import type { GrammarBuilder, GrammarNode } from './grammar';

/** Writes one of these characters. */
type CharacterWriter = (set: CodePoints) => GrammarNode;

/** An expression that cannot be followed; the message says why. */
export class UnsupportedRegex extends Error {}

const digits = codePoints([0x30, 0x39]);
const word = codePoints([0x30, 0x39], [0x41, 0x5a], [0x5f, 0x5f], [0x61, 0x7a]);
const white = codePoints(
  [9, 13],
  [0x20, 0x20],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
  [0xfeff, 0xfeff],
);
const lineEnds = codePoints([10, 10], [13, 13], [0x2028, 0x2029]);
const classes: Readonly<Record<string, CodePoints>> = {
  d: digits,
  D: complement(digits),
  w: word,
  W: complement(word),
  s: white,
  S: complement(white),
};
const controls: Readonly<Record<string, number>> = { t: 9, n: 10, v: 11, f: 12, r: 13, '0': 0 };
/** More repetitions than that are not counted. */
const maxCount = 10_000;
/** Groups in groups. */
const maxDepth = 200;

/**
 * The grammar of an expression. With `isSearch` the text needs a match only somewhere, unless `^` and `$` say where, as in JSON Schema.
 * @throws UnsupportedRegex
 */
export function regexGrammar(
  source: string,
  builder: GrammarBuilder,
  write: CharacterWriter,
  { isSearch = false } = {},
): GrammarNode {
  return new RegexReader(source, builder, write, isSearch).read();
}

class RegexReader {
  readonly #characters: readonly string[];
  #at = 0;

  constructor(
    source: string,
    private readonly builder: GrammarBuilder,
    private readonly write: CharacterWriter,
    private readonly isSearch: boolean,
  ) {
    try {
      new RegExp(source, 'u');
    } catch (error) {
      // Not every expression without the flag is one with it.
      try {
        new RegExp(source);
      } catch {
        throw new UnsupportedRegex((error as Error).message.toLowerCase());
      }
    }
    this.#characters = Array.from(source);
  }

  read(): GrammarNode {
    const node = this.#choice(0, true);
    if (this.#at < this.#characters.length) throw new UnsupportedRegex('a bracket has no partner');
    return node;
  }

  /** Alternatives; those of the whole expression may be anchored. */
  #choice(depth: number, isOutermost: boolean): GrammarNode {
    if (depth > maxDepth) throw new UnsupportedRegex('groups are nested too deep');
    const parts = [this.#sequence(depth, isOutermost)];
    while (this.#take('|')) parts.push(this.#sequence(depth, isOutermost));
    return this.builder.choice(...parts);
  }

  #sequence(depth: number, isOutermost: boolean): GrammarNode {
    const isAtStart = isOutermost && this.#take('^');
    let isAtEnd = false;
    const parts: GrammarNode[] = [];
    while (this.#at < this.#characters.length && !['|', ')'].includes(this.#peek())) {
      if (isOutermost && this.#peek() === '$' && ['|', ''].includes(this.#characters[this.#at + 1] ?? '')) {
        this.#at++;
        isAtEnd = true;
      } else parts.push(this.#quantified(depth));
    }
    if (!this.isSearch || !isOutermost) return this.builder.sequence(...parts);
    const anything = this.builder.repeat(this.write(anyCodePoint));
    return this.builder.sequence(...(isAtStart ? [] : [anything]), ...parts, ...(isAtEnd ? [] : [anything]));
  }

  #quantified(depth: number): GrammarNode {
    const atom = this.#atom(depth);
    const [least, most] = this.#quantifier() ?? [1, 1];
    return least === 1 && most === 1 ? atom : this.builder.repeat(atom, least, most);
  }

  #quantifier(): [number, number] | undefined {
    const simple: Readonly<Record<string, [number, number]>> = {
      '*': [0, Infinity],
      '+': [1, Infinity],
      '?': [0, 1],
    };
    let range = Object.hasOwn(simple, this.#peek()) ? simple[this.#peek()] : undefined;
    if (range) this.#at++;
    else {
      const match = /^\{(\d+)(,(\d*))?\}/.exec(this.#characters.slice(this.#at, this.#at + 24).join(''));
      if (!match) return undefined;
      this.#at += match[0].length;
      const least = Number(match[1]);
      const most = match[2] === undefined ? least : match[3] === '' ? Infinity : Number(match[3]);
      if (least > maxCount || (most > maxCount && most !== Infinity))
        throw new UnsupportedRegex(`it counts beyond ${maxCount}`);
      range = [least, most];
    }
    this.#take('?');
    return range;
  }

  #atom(depth: number): GrammarNode {
    const character = this.#characters[this.#at++]!;
    switch (character) {
      case '(':
        return this.#group(depth);
      case '[':
        return this.write(this.#class());
      case '.':
        return this.write(complement(lineEnds));
      case '\\':
        return this.write(this.#escape());
      case '^':
      case '$':
        throw new UnsupportedRegex(`it has ${character} within`);
      default:
        return this.write(single(character.codePointAt(0)!));
    }
  }

  #group(depth: number): GrammarNode {
    if (this.#take('?')) {
      const isNamed = this.#peek() === '<' && !['=', '!'].includes(this.#characters[this.#at + 1]!);
      if (isNamed) this.#at = this.#characters.indexOf('>', this.#at) + 1;
      else if (!this.#take(':')) throw new UnsupportedRegex('it looks ahead or behind, or sets flags');
    }
    const node = this.#choice(depth + 1, false);
    if (!this.#take(')')) throw new UnsupportedRegex('a bracket has no partner');
    return node;
  }

  #class(): CodePoints {
    const isNegative = this.#take('^');
    const parts: CodePoints[] = [];
    while (!this.#take(']')) {
      const first = this.#classAtom();
      const isRange = this.#peek() === '-' && this.#characters[this.#at + 1] !== ']';
      if (!isRange) {
        parts.push(first);
        continue;
      }
      this.#at++;
      const last = this.#classAtom();
      const [a, b] = [onlyOf(first), onlyOf(last)];
      if (a === undefined || b === undefined) throw new UnsupportedRegex('a range goes between classes');
      parts.push(codePoints([a, b]));
    }
    const set = codePoints(...parts.flat());
    return isNegative ? complement(set) : set;
  }

  #classAtom(): CodePoints {
    const character = this.#characters[this.#at++];
    if (character === undefined) throw new UnsupportedRegex('a class has no end');
    if (character !== '\\') return single(character.codePointAt(0)!);
    return this.#take('b') ? single(8) : this.#escape();
  }

  #escape(): CodePoints {
    const letter = this.#characters[this.#at++];
    if (letter === undefined) throw new UnsupportedRegex('it ends with a backslash');
    if (Object.hasOwn(classes, letter)) return classes[letter]!;
    if (letter === 'x') return this.#hex(2);
    if (letter === 'u') {
      if (!this.#take('{')) return this.#hex(4);
      const end = this.#characters.indexOf('}', this.#at);
      const set = this.#hex(end - this.#at);
      this.#at++;
      return set;
    }
    if (letter === 'c') return single(this.#characters[this.#at++]!.codePointAt(0)! % 32);
    if (Object.hasOwn(controls, letter)) return single(controls[letter]!);
    if (/[A-Za-z1-9]/.test(letter)) throw new UnsupportedRegex(`it has \\${letter}`);
    return single(letter.codePointAt(0)!);
  }

  #hex(length: number): CodePoints {
    const text = this.#characters.slice(this.#at, this.#at + length).join('');
    const value = Number.parseInt(text, 16);
    if (!/^[\da-f]+$/i.test(text) || text.length !== length || value > 0x10ffff)
      throw new UnsupportedRegex('an escape has no code');
    this.#at += length;
    return single(value);
  }

  #peek(): string {
    return this.#characters[this.#at] ?? '';
  }

  #take(character: string): boolean {
    if (this.#peek() !== character) return false;
    this.#at++;
    return true;
  }
}

function single(codePoint: number): CodePoints {
  return codePoints([codePoint, codePoint]);
}

function onlyOf(set: CodePoints): number | undefined {
  const [range] = set;
  return set.length === 1 && range![0] === range![1] ? range![0] : undefined;
}
