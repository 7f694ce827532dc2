/** Jinja's filters as its documentation describes them, for the values of templates. */
import { capitalize, replace, strip, title, type Arguments } from './jinja-strings';
import { testNamed, type Test } from './jinja-tests';
import {
  boolean,
  compare,
  entriesOf,
  equals,
  float,
  integer,
  isNone,
  isUndefined,
  itemsOf,
  iterate,
  list,
  numberOf,
  pythonJson,
  pythonString,
  pythonType,
  string,
  textOf,
  tuple,
  undefinedValue,
  type TextBudget,
  type Value,
} from './jinja-values';

/** A filter's result. */
type Filter = (value: Value, args: Arguments, budget: TextBudget) => Value;

const isTrue = (value: Value): boolean => value.__bool__().value;

const at = ({ positional, named }: Arguments, index: number, name: string): Value | undefined =>
  positional[index] ?? named.get(name);
const flag = (args: Arguments, index: number, name: string): boolean => {
  const value = at(args, index, name);
  return value !== undefined && isTrue(value);
};

/** What stands under a name or number in a value: Jinja's `getattr`, else `getitem`; `a.b` goes down. */
export function attribute(value: Value, path: Value | string | undefined): Value {
  const text = typeof path === 'string' ? path : (textOf(path) ?? String(numberOf(path) ?? ''));
  let found = value;
  for (const part of text.split('.')) {
    const items = itemsOf(found);
    found = (items ? items.at(Number(part)) : entriesOf(found)?.get(part)) ?? undefinedValue();
  }
  return found;
}

const printed =
  (change: (text: string) => string): Filter =>
  (value, _, budget) => {
    const text = pythonString(value, budget);
    budget.spend(text.length);
    return string(change(text));
  };

function length(value: Value): number {
  const size = itemsOf(value)?.length ?? entriesOf(value)?.size;
  if (size !== undefined) return size;
  const text = textOf(value) ?? (isUndefined(value) ? '' : undefined);
  if (text === undefined) throw new Error(`object of type '${pythonType(value)}' has no len()`);
  return Array.from(text).length;
}

/** By an attribute, or by the values themselves; strings without regard to case unless wanted. */
function sorted(value: Value, args: Arguments, names: readonly string[]): readonly Value[] {
  const [reverse, caseSensitive, by] = names.map((name, index) => at(args, index, name));
  const isCased = caseSensitive !== undefined && isTrue(caseSensitive);
  const key = (item: Value) => {
    const field = by && !isNone(by) ? attribute(item, by) : item;
    const text = isCased ? undefined : textOf(field);
    return text === undefined ? field : string(text.toLowerCase());
  };
  const sign = reverse !== undefined && isTrue(reverse) ? -1 : 1;
  return [...iterate(value)].sort((a, b) => sign * compare(key(a), key(b)));
}

const choosing =
  (isKept: boolean, hasAttribute: boolean): Filter =>
  (value, { positional }) => {
    const [field, ...rest] = hasAttribute ? positional : [undefined, ...positional];
    const [name, ...args] = rest as Value[];
    const test: Test = name === undefined ? isTrue : testNamed(textOf(name) ?? '');
    return list(
      iterate(value).filter((item) => test(hasAttribute ? attribute(item, field) : item, args) === isKept),
    );
  };

const extreme =
  (sign: number): Filter =>
  (value) =>
    iterate(value).reduce<Value | undefined>(
      (best, item) => (best === undefined || sign * compare(item, best) > 0 ? item : best),
      undefined,
    ) ?? undefinedValue();

const toNumber =
  (isInteger: boolean): Filter =>
  (value, args) => {
    const text = textOf(value)?.trim();
    const number =
      text === undefined
        ? numberOf(value)
        : /^[+-]?[\d_]*\.?\d*(e[+-]?\d+)?$/i.test(text) && text !== ''
          ? Number(text.replaceAll('_', ''))
          : undefined;
    if (number === undefined || !Number.isFinite(number))
      return at(args, 0, 'default') ?? (isInteger ? integer(0) : float(0));
    return isInteger ? integer(Math.trunc(number)) : float(number);
  };

function indent(value: Value, args: Arguments, budget: TextBudget): Value {
  const width = at(args, 0, 'width');
  const padding = textOf(width) ?? ' '.repeat(Math.min(numberOf(width) ?? 4, 2 ** 16));
  const lines = pythonString(value, budget).split('\n');
  budget.spend(lines.length * padding.length);
  const [isFirst, isBlank] = [flag(args, 1, 'first'), flag(args, 2, 'blank')];
  const written = lines.map((line, i) =>
    (i === 0 ? isFirst : isBlank || line !== '') ? padding + line : line,
  );
  return string(written.join('\n'));
}

function toJson(value: Value, args: Arguments, budget: TextBudget): Value {
  const named = { positional: [], named: args.named };
  const indentation = numberOf(at(args, 1, 'indent'));
  const separators = itemsOf(named.named.get('separators'))?.map((item) => textOf(item) ?? '');
  const style = {
    indent: indentation === undefined ? undefined : Math.min(indentation, 64),
    isAscii: flag(named, 0, 'ensure_ascii'),
    areKeysSorted: flag(named, 0, 'sort_keys'),
    separators: [separators?.[0] ?? ', ', separators?.[1] ?? ': '] as const,
  };
  return string(pythonJson(value, style, budget));
}

function map(value: Value, args: Arguments, budget: TextBudget): Value {
  const field = args.named.get('attribute');
  const otherwise = args.named.get('default');
  if (field) {
    return list(
      iterate(value).map((item) => {
        const found = attribute(item, field);
        return isUndefined(found) && otherwise ? otherwise : found;
      }),
    );
  }
  const [name, ...positional] = args.positional;
  const filter = filterNamed(textOf(name) ?? '');
  return list(iterate(value).map((item) => filter(item, { positional, named: args.named }, budget)));
}

function grouped(value: Value, args: Arguments): Value {
  const groups: [key: Value, items: Value[]][] = [];
  const field = at(args, 0, 'attribute');
  for (const item of sorted(value, { positional: [], named: new Map([['attribute', field!]]) }, sortNames)) {
    const key = attribute(item, field);
    const last = groups.at(-1);
    if (last && equals(last[0], key)) last[1].push(item);
    else groups.push([key, [item]]);
  }
  return list(groups.map(([key, items]) => tuple([key, list(items)])));
}

function batched(value: Value, args: Arguments): Value {
  const size = Math.max(1, numberOf(at(args, 0, 'linecount')) ?? 1);
  const items = iterate(value);
  const numParts = Math.ceil(items.length / size);
  return list(Array.from({ length: numParts }, (_, i) => list(items.slice(i * size, (i + 1) * size))));
}

function joined(value: Value, args: Arguments, budget: TextBudget): Value {
  const separator = pythonString(at(args, 0, 'd') ?? string(''), budget);
  const field = at(args, 1, 'attribute');
  const parts = iterate(value).map((item) => {
    const text = pythonString(field ? attribute(item, field) : item, budget);
    budget.spend(text.length + separator.length);
    return text;
  });
  return string(parts.join(separator));
}

/** A dict's entries as tuples. */
export const pairs = (value: Value): Value[] =>
  Array.from(entriesOf(value) ?? [], ([key, item]) => tuple([string(key), item]));
const sortNames = ['reverse', 'case_sensitive', 'attribute'];

const filters: Readonly<Record<string, Filter>> = {
  safe: (value) => value,
  default: (value, args) =>
    isUndefined(value) || (flag(args, 1, 'boolean') && !isTrue(value))
      ? (at(args, 0, 'default_value') ?? string(''))
      : value,
  string: printed((text) => text),
  upper: printed((text) => text.toUpperCase()),
  lower: printed((text) => text.toLowerCase()),
  title: printed(title),
  capitalize: printed(capitalize),
  trim: (value, args, budget) =>
    string(strip(pythonString(value, budget), textOf(at(args, 0, 'chars')), true, true)),
  replace: (value, args, budget) => {
    const change = [at(args, 0, 'old'), at(args, 1, 'new')].map((text) => {
      if (text === undefined) throw new Error('replace needs two texts');
      return pythonString(text, budget);
    });
    const count = numberOf(at(args, 2, 'count')) ?? -1;
    return string(replace(pythonString(value, budget), change as [string, string], count, budget));
  },
  indent,
  tojson: toJson,
  escape: printed((text) => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)),
  length: (value) => integer(length(value)),
  list: (value) => list(iterate(value)),
  first: (value) => iterate(value)[0] ?? undefinedValue(),
  last: (value) => iterate(value).at(-1) ?? undefinedValue(),
  reverse: (value) => {
    const text = textOf(value);
    const items = [...iterate(value)].reverse();
    return text === undefined ? list(items) : string(items.map(textOf).join(''));
  },
  join: joined,
  sort: (value, args) => list(sorted(value, args, sortNames)),
  unique: (value) =>
    list(iterate(value).filter((item, i, all) => all.findIndex((other) => equals(item, other)) === i)),
  min: extreme(-1),
  max: extreme(1),
  sum: (value, args) => {
    const field = at(args, 0, 'attribute');
    const numbers = iterate(value).map((item) => (field ? attribute(item, field) : item));
    const total = numbers.reduce((sum, item) => sum + (numberOf(item) ?? 0), 0);
    return numbers.some((item) => item.type === 'FloatValue') ? float(total) : integer(total);
  },
  map,
  groupby: grouped,
  batch: batched,
  select: choosing(true, false),
  reject: choosing(false, false),
  selectattr: choosing(true, true),
  rejectattr: choosing(false, true),
  items: (value) => list(pairs(value)),
  dictsort: (value, args) => {
    const by = textOf(at(args, 1, 'by')) === 'value' ? integer(1) : integer(0);
    const order = {
      positional: [
        at(args, 2, 'reverse') ?? boolean(false),
        at(args, 0, 'case_sensitive') ?? boolean(false),
        by,
      ],
      named: new Map<string, Value>(),
    };
    return list(sorted(list(pairs(value)), order, sortNames));
  },
  attr: (value, { positional }) => attribute(value, positional[0]),
  int: toNumber(true),
  float: toNumber(false),
  abs: (value) => {
    const number = Math.abs(numberOf(value) ?? 0);
    return value.type === 'FloatValue' ? float(number) : integer(number);
  },
  round: (value, args) => {
    const scale = 10 ** (numberOf(at(args, 0, 'precision')) ?? 0);
    return float(Math.round((numberOf(value) ?? 0) * scale) / scale);
  },
  wordcount: (value, _, budget) => integer(pythonString(value, budget).match(/\S+/g)?.length ?? 0),
};
const filterAliases: Readonly<Record<string, string>> = { d: 'default', count: 'length', e: 'escape' };

/** The filter of a name. @throws Error where there is none */
export function filterNamed(name: string): Filter {
  const known = filterAliases[name] ?? name;
  if (!Object.hasOwn(filters, known)) throw new Error(`No filter named '${name}'.`);
  return filters[known]!;
}
