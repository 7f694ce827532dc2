/** Numbers between bounds, digit by digit. */
import type { GrammarNode } from './grammar';
import type { JsonGrammar } from './json-grammar';

/** What a number must be. */
export interface NumberBounds {
  readonly least: number;
  readonly most: number;
  /** The bound itself is not allowed (default: it is). */
  readonly isLeastOut?: boolean;
  readonly isMostOut?: boolean;
}

/** Whole numbers beyond this have spellings of their own. */
const mostWhole = 999_999_999_999_999;
const mostDigits = 15;

/** Whole numbers between two, in decimal digits. */
export function integerBetween(json: JsonGrammar, bounds: NumberBounds): GrammarNode {
  const { least, most } = bounds;
  if (least === -Infinity && most === Infinity) return json.integer;
  const [low, high] = wholeBounds(bounds);
  const { builder } = json;
  const positive = low <= high && high >= 0 ? naturalBetween(json, Math.max(low, 0), high) : builder.never;
  const negative = low <= high && low < 0 ? naturalBetween(json, Math.max(-high, 1), -low) : builder.never;
  return builder.choice(positive, builder.sequence(builder.text('-'), negative));
}

/** The first and the last whole number between bounds. */
export function wholeBounds({ least, most, isLeastOut, isMostOut }: NumberBounds): [number, number] {
  const low = isLeastOut ? Math.floor(least) + 1 : Math.ceil(least);
  const high = isMostOut ? Math.ceil(most) - 1 : Math.floor(most);
  return [Math.max(low, -mostWhole), Math.min(high, mostWhole)];
}

/** Numbers of 0 or more, both whole and below 10^15. */
function naturalBetween(json: JsonGrammar, low: number, high: number): GrammarNode {
  const parts: GrammarNode[] = [];
  for (let length = 1; length <= mostDigits; length++) {
    const first = length === 1 ? 0 : 10 ** (length - 1);
    const from = Math.max(low, first);
    const to = Math.min(high, 10 ** length - 1);
    if (from > to) continue;
    parts.push(digitsBetween(json, String(from), String(to)));
  }
  return json.builder.choice(...parts);
}

/** Texts of digits of one length, in the order of numbers. */
function digitsBetween(json: JsonGrammar, from: string, to: string): GrammarNode {
  const { builder } = json;
  if (from === '') return builder.empty;
  const [first, last] = [Number(from[0]), Number(to[0])];
  const digit = (a: number, b: number) => builder.bytes([0x30 + a, 0x30 + b]);
  const rest = from.length - 1;
  if (first === last) {
    return builder.sequence(digit(first, first), digitsBetween(json, from.slice(1), to.slice(1)));
  }
  const isFromRound = /^0*$/.test(from.slice(1));
  const isToRound = /^9*$/.test(to.slice(1));
  const [a, b] = [isFromRound ? first : first + 1, isToRound ? last : last - 1];
  const parts: GrammarNode[] = [];
  if (!isFromRound) {
    parts.push(builder.sequence(digit(first, first), digitsBetween(json, from.slice(1), '9'.repeat(rest))));
  }
  if (a <= b) parts.push(builder.sequence(digit(a, b), json.digits(rest, rest)));
  if (!isToRound) {
    parts.push(builder.sequence(digit(last, last), digitsBetween(json, '0'.repeat(rest), to.slice(1))));
  }
  return builder.choice(...parts);
}

/**
 * Numbers between two bounds: whole ones, and others in decimal digits. Beside a bound that is not whole those are left out that have
 * its first digit behind the point but not all of them between the bounds.
 */
export function numberBetween(json: JsonGrammar, bounds: NumberBounds): GrammarNode {
  const { least, most, isLeastOut = false, isMostOut = false } = bounds;
  if (least === -Infinity && most === Infinity) return json.number;
  const { builder } = json;
  const included = [...(isLeastOut ? [] : [least]), ...(isMostOut ? [] : [most])];
  const isNegative = least < 0;
  const positive = decimalBetween(json, Math.max(least, 0), most, isLeastOut && least >= 0);
  const negative = isNegative
    ? decimalBetween(json, Math.max(-most, 0), -least, isMostOut && most <= 0)
    : builder.never;
  return builder.choice(
    integerBetween(json, bounds),
    ...included.filter(isPlain).map((bound) => builder.text(String(bound))),
    positive,
    builder.sequence(builder.text('-'), negative),
  );
}

/** Whether a number is written without an exponent, and finite. */
function isPlain(value: number): boolean {
  return /^-?\d+(\.\d+)?$/.test(String(value));
}

/** Numbers of 0 or more with a fraction, below `high` or equal to it; `low` itself only where it is not out. */
function decimalBetween(json: JsonGrammar, low: number, high: number, isLowOut: boolean): GrammarNode {
  const { builder } = json;
  if (low >= high) return builder.never;
  const point = builder.text('.');
  const fraction = builder.sequence(point, json.digits(1, mostDigits));
  const from = Number.isInteger(low) && isLowOut ? low + 1 : Math.ceil(low);
  const to = Math.min(Math.floor(high), mostWhole) - 1;
  const parts = [from <= to ? builder.sequence(naturalBetween(json, from, to), fraction) : builder.never];
  if (from === low + 1 && low + 1 <= high) {
    // Just above a whole number that is out: anything but zeros behind the point.
    const some = builder.sequence(
      builder.repeat(builder.text('0'), 0, 6),
      builder.bytes([0x31, 0x39]),
      json.digits(0, 8),
    );
    parts.push(builder.sequence(builder.text(String(low)), point, some));
  }
  for (const number of new Set([Math.floor(low), Math.floor(high)])) {
    if (!Number.isFinite(number) || number > mostWhole || (number >= from && number <= to)) continue;
    for (let tenth = 0; tenth < 10; tenth++) {
      const [first, next] = [number + tenth / 10, number + (tenth + 1) / 10];
      const isIn = isLowOut ? first > low : first >= low;
      if (!isIn || next > high) continue;
      parts.push(builder.sequence(builder.text(`${number}.${tenth}`), json.digits(0, mostDigits - 1)));
    }
  }
  return builder.choice(...parts);
}

/** Whole multiples of a whole number, by what remains of the digits so far. */
export function multiplesOf(json: JsonGrammar, divisor: number): GrammarNode {
  const { builder } = json;
  /** By remainder: what may follow while so many digits are left. */
  let states = Array.from({ length: divisor }, (_, remainder) =>
    remainder === 0 ? builder.empty : builder.never,
  );
  const after = (remainder: number, digit: number) =>
    builder.sequence(builder.text(String(digit)), states[(remainder * 10 + digit) % divisor]!);
  for (let numLeft = 1; numLeft < mostDigits; numLeft++) {
    states = states.map((_, remainder) => {
      const more = Array.from({ length: 10 }, (_, digit) => after(remainder, digit));
      return builder.choice(...(remainder === 0 ? [builder.empty] : []), ...more);
    });
  }
  const firsts = Array.from({ length: 9 }, (_, i) => after(0, i + 1));
  return builder.choice(
    builder.text('0'),
    builder.sequence(builder.optional(builder.text('-')), builder.choice(...firsts)),
  );
}
