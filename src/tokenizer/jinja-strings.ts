/** Python's methods of `str`, for templates: their arguments and results are those of Python 3, positions count characters. */
import {
  boolean,
  integer,
  isNone,
  isUndefined,
  itemsOf,
  iterate,
  list,
  numberOf,
  pythonString,
  string,
  textOf,
  tuple,
  type TextBudget,
  type Value,
} from './jinja-values';

/** Arguments of a call. */
export interface Arguments {
  readonly positional: readonly Value[];
  readonly named: ReadonlyMap<string, Value>;
}

/** A method's result for a text; what it makes is paid for before it is made. */
type Method = (text: string, args: Arguments, budget: TextBudget) => Value;

/** The text at a place among the arguments; undefined where it is left out or None. @throws Error for another type */
function textAt({ positional, named }: Arguments, index: number, name: string): string | undefined {
  const value = positional[index] ?? named.get(name);
  if (value === undefined || isNone(value) || isUndefined(value)) return undefined;
  const text = textOf(value);
  if (text === undefined) throw new Error(`argument '${name}' must be str`);
  return text;
}

function neededText(args: Arguments, index: number, name: string): string {
  const text = textAt(args, index, name);
  if (text === undefined) throw new Error(`missing argument '${name}'`);
  return text;
}

function countAt({ positional, named }: Arguments, index: number, name: string): number {
  return numberOf(positional[index] ?? named.get(name)) ?? -1;
}

/** Python's white space, which has the separators 0x1c to 0x1f and not the byte order mark. */
const white = '[\\s\\x1c-\\x1f\\x85]';
const whiteStart = new RegExp(`^(?:(?!\\ufeff)${white})+`, 'u');
/** What ends a line in Python, but for the separators of files and records. */
const lineEnd = /\r\n|[\n\r\v\f\u0085\u2028\u2029]/;
const isWhite = (character: string) => whiteStart.test(character);

/** The text without the characters of `chars`, or without white space, at the sides wanted. */
export function strip(text: string, chars: string | undefined, isLeft: boolean, isRight: boolean): string {
  const isStripped = chars === undefined ? isWhite : (character: string) => chars.includes(character);
  let [start, end] = [0, text.length];
  if (isLeft) while (start < end && isStripped(text[start]!)) start++;
  if (isRight) while (end > start && isStripped(text[end - 1]!)) end--;
  return text.slice(start, end);
}

const stripping =
  (isLeft: boolean, isRight: boolean): Method =>
  (text, args) =>
    string(strip(text, textAt(args, 0, 'chars'), isLeft, isRight));

function splitAtWhite(text: string, maxSplits: number, isFromRight: boolean): string[] {
  const words = [...text.matchAll(new RegExp(`(?:(?!${white})[^]|\\ufeff)+`, 'gu'))];
  if (maxSplits < 0 || words.length <= maxSplits) return words.map(([word]) => word);
  if (isFromRight) {
    const rest = words.slice(words.length - maxSplits);
    const last = words[words.length - maxSplits - 1]!;
    const first = text.slice(0, last.index + last[0].length);
    return [first, ...rest.map(([word]) => word)];
  }
  const first = words.slice(0, maxSplits).map(([word]) => word);
  return [...first, strip(text.slice(words[maxSplits]!.index), undefined, false, true)];
}

function splitAt(text: string, separator: string, maxSplits: number, isFromRight: boolean): string[] {
  if (separator === '') throw new Error('empty separator');
  const parts = text.split(separator);
  const numExtra = maxSplits < 0 ? 0 : parts.length - 1 - maxSplits;
  if (numExtra <= 0) return parts;
  return isFromRight
    ? [parts.slice(0, numExtra + 1).join(separator), ...parts.slice(numExtra + 1)]
    : [...parts.slice(0, maxSplits), parts.slice(maxSplits).join(separator)];
}

const splitting =
  (isFromRight: boolean): Method =>
  (text, args, budget) => {
    const separator = textAt(args, 0, 'sep');
    const maxSplits = countAt(args, 1, 'maxsplit');
    budget.spend(text.length);
    const parts =
      separator === undefined
        ? splitAtWhite(text, maxSplits, isFromRight)
        : splitAt(text, separator, maxSplits, isFromRight);
    return list(parts.map(string));
  };

const partitioning =
  (isFromRight: boolean): Method =>
  (text, args) => {
    const separator = neededText(args, 0, 'sep');
    if (separator === '') throw new Error('empty separator');
    const at = isFromRight ? text.lastIndexOf(separator) : text.indexOf(separator);
    if (at < 0) return tuple((isFromRight ? ['', '', text] : [text, '', '']).map(string));
    return tuple([text.slice(0, at), separator, text.slice(at + separator.length)].map(string));
  };

const matching =
  (test: (text: string, part: string) => boolean): Method =>
  (text, { positional }) => {
    const [wanted] = positional;
    const parts = itemsOf(wanted) ?? (wanted ? [wanted] : []);
    return boolean(
      parts.some((part) => {
        const affix = textOf(part);
        if (affix === undefined) throw new Error('the first argument must be str or a tuple of str');
        return test(text, affix);
      }),
    );
  };

const finding =
  (isFromRight: boolean, isNeeded: boolean): Method =>
  (text, args) => {
    const part = neededText(args, 0, 'sub');
    const at = isFromRight ? text.lastIndexOf(part) : text.indexOf(part);
    if (at < 0 && isNeeded) throw new Error('substring not found');
    return integer(at < 0 ? at : Array.from(text.slice(0, at)).length);
  };

/** `text.replace(old, new, count)`. */
export function replace(
  text: string,
  [old, other]: readonly [string, string],
  count: number,
  budget: TextBudget,
): string {
  budget.spend(text.length);
  const parts = old === '' ? ['', ...Array.from(text), ''] : text.split(old);
  const numReplaced = count < 0 ? parts.length - 1 : Math.min(count, parts.length - 1);
  budget.spend(numReplaced * other.length);
  const kept = parts.slice(numReplaced).join(old);
  return [...parts.slice(0, numReplaced), kept].join(other);
}

/** `{}`, `{0}` and `{name}` filled in. @throws Error for a field that has no argument, or a format of its own */
function format(text: string, { positional, named }: Arguments, budget: TextBudget): string {
  let next = 0;
  return text.replace(/\{\{|\}\}|\{([^{}]*)\}/g, (whole, field: string | undefined) => {
    if (field === undefined) return whole[0]!;
    if (!/^\w*$/.test(field)) throw new Error(`format fields like {${field}} are not supported`);
    const value = field === '' ? positional[next++] : (named.get(field) ?? positional[Number(field)]);
    if (value === undefined) throw new Error(`no argument for the format field {${field}}`);
    const written = pythonString(value, budget);
    budget.spend(written.length);
    return written;
  });
}

/** Each word's first letter large and the others small. */
export const title = (text: string): string => text.replace(/\p{L}+/gu, (word) => capitalize(word));

/** The first character large and the others small. */
export function capitalize(text: string): string {
  const [first = ''] = text;
  return first.toUpperCase() + text.slice(first.length).toLowerCase();
}

const fully =
  (pattern: RegExp): Method =>
  (text) =>
    boolean(pattern.test(text));

/** By name; what a method makes of the text counts as made by it only where it can be longer than the text. */
export const stringMethods: Readonly<Record<string, Method>> = {
  upper: (text) => string(text.toUpperCase()),
  lower: (text) => string(text.toLowerCase()),
  casefold: (text) => string(text.toLowerCase()),
  title: (text) => string(title(text)),
  capitalize: (text) => string(capitalize(text)),
  strip: stripping(true, true),
  lstrip: stripping(true, false),
  rstrip: stripping(false, true),
  split: splitting(false),
  rsplit: splitting(true),
  splitlines: (text) => {
    const lines = text.split(lineEnd);
    if (lines.at(-1) === '') lines.pop();
    return list(lines.map(string));
  },
  partition: partitioning(false),
  rpartition: partitioning(true),
  startswith: matching((text, part) => text.startsWith(part)),
  endswith: matching((text, part) => text.endsWith(part)),
  removeprefix: (text, args) => {
    const prefix = neededText(args, 0, 'prefix');
    return string(text.startsWith(prefix) ? text.slice(prefix.length) : text);
  },
  removesuffix: (text, args) => {
    const suffix = neededText(args, 0, 'suffix');
    return string(suffix !== '' && text.endsWith(suffix) ? text.slice(0, -suffix.length) : text);
  },
  replace: (text, args, budget) =>
    string(
      replace(
        text,
        [neededText(args, 0, 'old'), neededText(args, 1, 'new')],
        countAt(args, 2, 'count'),
        budget,
      ),
    ),
  count: (text, args) => {
    const part = neededText(args, 0, 'sub');
    return integer(part === '' ? Array.from(text).length + 1 : text.split(part).length - 1);
  },
  find: finding(false, false),
  rfind: finding(true, false),
  index: finding(false, true),
  rindex: finding(true, true),
  format: (text, args, budget) => string(format(text, args, budget)),
  join: (text, { positional }, budget) => {
    const parts = iterate(positional[0] ?? list([])).map((part, i) => {
      const written = textOf(part);
      if (written === undefined) throw new Error(`sequence item ${i}: expected str instance`);
      budget.spend(written.length + text.length);
      return written;
    });
    return string(parts.join(text));
  },
  isdigit: fully(/^\p{Nd}+$/u),
  isnumeric: fully(/^\p{N}+$/u),
  isalpha: fully(/^\p{L}+$/u),
  isalnum: fully(/^[\p{L}\p{N}]+$/u),
  isspace: (text) => boolean(text !== '' && strip(text, undefined, true, false) === ''),
  isupper: (text) => boolean(text === text.toUpperCase() && text !== text.toLowerCase()),
  islower: (text) => boolean(text === text.toLowerCase() && text !== text.toUpperCase()),
  zfill: (text, { positional }, budget) => {
    const width = numberOf(positional[0]) ?? 0;
    budget.spend(width);
    const sign = /^[+-]/.test(text) ? text[0]! : '';
    return string(sign + text.slice(sign.length).padStart(width - sign.length, '0'));
  },
};
