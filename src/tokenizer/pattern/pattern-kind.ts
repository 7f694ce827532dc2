/**
 * Whether a browser's own regular expressions may run a tokenizer's pattern: they backtrack and cannot be interrupted. Judged by
 * the pattern's shape alone, and on the safe side: those of real tokenizers are found plain, what is not is for pattern-matcher.ts.
 */

/**
 * `linear`: no attempt goes more than a few characters beyond what it matches, so a whole text takes time in proportion to it.
 * `plain`: one attempt takes time in proportion to the text at most, but may fail behind all of it.
 */
type PatternKind = 'linear' | 'plain' | 'unknown';

const maxSourceLength = 2 ** 14;
const maxAlternatives = 64;
/** Ways in which the parts of one alternative that have a bound may be taken. */
const maxWays = 64;

/** What begins a group, a counted quantifier, and what stands for one character: a class, an escape, the character itself. */
const parts =
  /(\((?:\?(?::|<?[=!]))?|\{\d+(?:,\d*)?\})|\[(?:\\.|[^\]\\])*\]|\\[pP]\{[^}]*\}|\\u\{[^}]*\}|\\u[\dA-Fa-f]{4}|\\x[\dA-Fa-f]{2}|\\c[A-Za-z]|\\[^1-9bBk]|[^\\[\](){}|*+?]/gsu;
/** A look at one character, and a group that is one character. */
const look = /\(\?<?[=!]x(?:\|x)*\)/g;
const single = /\((?:\?:)?(l*x|l)\)/g;
const quantified = /^(?:[*+?]|\{[^}]*\})\??/;

/** How a pattern may be run; `source` is as JavaScript writes it for the flag `u`. */
export function kindOfPattern(source: string): PatternKind {
  if (source.length > maxSourceLength) return 'unknown';
  let shape = source.replace(parts, (_, kept?: string) => kept ?? 'x');
  for (let before = ''; before !== shape;) {
    before = shape;
    shape = shape.replace(look, 'l').replace(single, (_, content: string) => (content === 'l' ? 'l' : 'x'));
  }
  shape = shape.replaceAll('(?:', '(');
  if (!/^(?:[xl()|*+?]|\{\d+(?:,\d*)?\})*$/.test(shape) || shape.includes('(?')) return 'unknown';
  const alternatives = splitAlternatives(shape);
  if (!alternatives || alternatives.length > maxAlternatives) return 'unknown';
  const kinds = alternatives.map(kindOfAlternative);
  return (['unknown', 'plain'] as const).find((kind) => kinds.includes(kind)) ?? 'linear';
}

/** One part of an alternative with its quantifier. */
interface Item {
  /** `x` a character, `l` a look at one, else a group in which nothing repeats without a bound. */
  readonly content: string;
  readonly least: number;
  readonly most: number;
}

/** The alternatives of a pattern; undefined where a group repeats, or has something in it that does so without a bound. */
function splitAlternatives(shape: string): Item[][] | undefined {
  const alternatives: Item[][] = [[]];
  for (let at = 0; at < shape.length;) {
    if (shape[at] === '|') {
      alternatives.push([]);
      at++;
      continue;
    }
    const content = shape[at] === '(' ? groupAt(shape, at) : shape[at]!;
    at += content.length;
    const quantifier = quantified.exec(shape.slice(at, at + 32))?.[0] ?? '';
    at += quantifier.length;
    const [least, most] = boundsOf(quantifier);
    if (!/^[xl(]/.test(content) || (content !== 'x' && most > 1)) return undefined;
    if (content.length > 1 && /[*+]|,\}/.test(content)) return undefined;
    alternatives.at(-1)!.push({ content, least, most });
  }
  return alternatives;
}

function groupAt(shape: string, start: number): string {
  let depth = 0;
  for (let at = start; at < shape.length; at++) {
    if (shape[at] === '(') depth++;
    if (shape[at] === ')' && --depth === 0) return shape.slice(start, at + 1);
  }
  return ')';
}

function boundsOf(quantifier: string): [least: number, most: number] {
  switch (quantifier[0]) {
    case undefined:
      return [1, 1];
    case '*':
      return [0, Infinity];
    case '+':
      return [1, Infinity];
    case '?':
      return [0, 1];
    default: {
      const [, least, comma, most] = /^\{(\d+)(,?)(\d*)/.exec(quantifier)!;
      return [Number(least), most ? Number(most) : comma ? Infinity : Number(least)];
    }
  }
}

/**
 * With one repetition without a bound an alternative tries each of its ends once; with two, as many times as the square of the
 * text, unless nothing has to come after the second: then that one never gives back what it took.
 */
function kindOfAlternative(items: readonly Item[]): PatternKind {
  let numUnbounded = 0;
  let ways = 1;
  let isPlain = false;
  for (const { content, least, most } of items) {
    if (numUnbounded > 0 && least > 0) isPlain = true;
    if (numUnbounded > 1 && least > 0 && most < Infinity) return 'unknown';
    if (most === Infinity) numUnbounded++;
    ways *= most === Infinity ? Math.max(1, least) : waysOf(content) * Math.max(1, most) * (most - least + 1);
  }
  if (numUnbounded > 2 || ways > maxWays) return 'unknown';
  return isPlain ? 'plain' : 'linear';
}

function waysOf(content: string): number {
  let ways = 1;
  for (const [part] of content.matchAll(/[|?]|\{[^}]*\}/g)) {
    if (part === '|') ways++;
    else {
      const [least, most] = boundsOf(part);
      ways *= Math.max(1, most) * (most - least + 1);
    }
  }
  return ways;
}
