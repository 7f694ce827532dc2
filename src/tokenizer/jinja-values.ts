/**
 * The values of @huggingface/jinja's interpreter, which the package does not export: how to make them, and what Python's `str`,
 * `repr`, `==` and `json.dumps` make of them.
 */
import { Environment, Interpreter } from '@huggingface/jinja';

/** A value of a running template. */
export type Value = ReturnType<Interpreter['evaluate']>;

/** What makes a value of one kind. */
type Maker<T> = new (value?: T) => Value;

const sample = (value: unknown) => new Environment().set('sample', value).constructor;
const StringMaker = sample('') as Maker<string>;
const IntegerMaker = sample(0) as Maker<number>;
const FloatMaker = sample(0.5) as Maker<number>;
const BooleanMaker = sample(true) as Maker<boolean>;
const NoneMaker = sample(null) as Maker<null>;
const UndefinedMaker = sample(undefined) as Maker<undefined>;
const ListMaker = sample([]) as Maker<readonly Value[]>;
const DictMaker = sample({}) as Maker<ReadonlyMap<string, Value>>;
const FunctionMaker = sample(() => null) as Maker<(args: Value[]) => Value>;
const tupleLiteral: unknown = { type: 'TupleLiteral', value: [] };
const TupleMaker = new Interpreter().evaluate(tupleLiteral as never, new Environment()).constructor as Maker<
  readonly Value[]
>;

/** A string. */
export const string = (value: string): Value => new StringMaker(value);
/** An integer. */
export const integer = (value: number): Value => new IntegerMaker(value);
/** A number with a fraction. */
export const float = (value: number): Value => new FloatMaker(value);
/** A boolean. */
export const boolean = (value: boolean): Value => new BooleanMaker(value);
/** None. */
export const none = (): Value => new NoneMaker(null);
/** The value of a name that nothing defines. */
export const undefinedValue = (): Value => new UndefinedMaker(undefined);
/** A list. */
export const list = (items: readonly Value[]): Value => new ListMaker(items);
/** A tuple. */
export const tuple = (items: readonly Value[]): Value => new TupleMaker(items);
/** A dict. */
export const dict = (entries: ReadonlyMap<string, Value>): Value => new DictMaker(entries);
/** A function of the template. */
export const callable = (call: (args: Value[]) => Value): Value => new FunctionMaker(call);
/** A value from plain data. */
export const fromData = (value: unknown): Value => new Environment().set('value', value);

/** The text of a string; undefined for any other value. */
export const textOf = (value: Value | undefined): string | undefined =>
  value?.type === 'StringValue' ? (value.value as string) : undefined;

/** The items of a list or tuple; undefined for any other value. */
export const itemsOf = (value: Value | undefined): readonly Value[] | undefined =>
  value?.type === 'ArrayValue' || value?.type === 'TupleValue' ? (value.value as Value[]) : undefined;

/** The entries of a dict or namespace; undefined for any other value. */
export const entriesOf = (value: Value | undefined): ReadonlyMap<string, Value> | undefined =>
  value?.type === 'ObjectValue' || value?.type === 'NamespaceValue' || value?.type === 'KeywordArgumentsValue'
    ? (value.value as Map<string, Value>)
    : undefined;

/** A number, of which booleans are two; undefined for any other value. */
export const numberOf = (value: Value | undefined): number | undefined =>
  value?.type === 'IntegerValue' || value?.type === 'FloatValue' || value?.type === 'BooleanValue'
    ? Number(value.value)
    : undefined;

/** Whether nothing defines it. */
export const isUndefined = (value: Value | undefined): boolean => value?.type === 'UndefinedValue';
/** Whether it is None. */
export const isNone = (value: Value | undefined): boolean => value?.type === 'NullValue';

/** A list's, tuple's or dict's items, or a string's characters, as Python iterates over them. @throws Error for others */
export function iterate(value: Value): readonly Value[] {
  const text = textOf(value);
  if (text !== undefined) return Array.from(text, string);
  if (isUndefined(value)) return [];
  const entries = entriesOf(value);
  const items = itemsOf(value) ?? (entries && Array.from(entries.keys(), string));
  if (!items) throw new Error(`'${pythonType(value)}' object is not iterable`);
  return items;
}

const pythonTypes: Readonly<Record<string, string>> = {
  StringValue: 'str',
  IntegerValue: 'int',
  FloatValue: 'float',
  BooleanValue: 'bool',
  NullValue: 'NoneType',
  ArrayValue: 'list',
  TupleValue: 'tuple',
  ObjectValue: 'dict',
  FunctionValue: 'function',
  UndefinedValue: 'Undefined',
};

/** Python's name of a value's type. */
export const pythonType = (value: Value): string => pythonTypes[value.type] ?? value.type;

/** Python's `str(value)`, which is what a template prints. */
export function pythonString(value: Value, budget: TextBudget): string {
  const text = textOf(value);
  if (text !== undefined) return text;
  return isUndefined(value) ? '' : repr(value, budget);
}

/** Counts the characters that a template has made; throws where they are too many. */
export interface TextBudget {
  /** @throws Error where more characters are made than a conversation can need */
  spend(numChars: number): void;
}

/** What a value within another costs in characters: a list that holds itself many times over makes little text at first. */
const perValue = 64;

function repr(value: Value, budget: TextBudget): string {
  budget.spend(perValue);
  const text = textOf(value);
  if (text !== undefined) return reprOfText(text, budget);
  const items = itemsOf(value);
  if (items) {
    const inner = items.map((item) => repr(item, budget)).join(', ');
    if (value.type === 'TupleValue') return items.length === 1 ? `(${inner},)` : `(${inner})`;
    return `[${inner}]`;
  }
  const entries = entriesOf(value);
  if (entries) {
    const pairs = Array.from(entries, ([key, item]) => `${reprOfText(key, budget)}: ${repr(item, budget)}`);
    return `{${pairs.join(', ')}}`;
  }
  if (value.type === 'BooleanValue') return value.value ? 'True' : 'False';
  if (value.type === 'FloatValue') return reprOfFloat(value.value as number);
  if (isNone(value)) return 'None';
  if (isUndefined(value)) return 'Undefined';
  const number = numberOf(value);
  return number === undefined ? `<${pythonType(value)}>` : String(number);
}

const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function reprOfText(text: string, budget: TextBudget): string {
  budget.spend(text.length);
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replace(/[\\\n\r\t]|[^\P{C}\n\r\t]/gu, (character) => {
    const code = character.codePointAt(0)!;
    if (escapes[character] !== undefined) return escapes[character];
    if (code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`;
    return code < 0x10000
      ? `\\u${code.toString(16).padStart(4, '0')}`
      : `\\U${code.toString(16).padStart(8, '0')}`;
  });
  return quote + (quote === "'" ? escaped.replaceAll("'", "\\'") : escaped) + quote;
}

function reprOfFloat(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
  const size = Math.abs(value);
  // Python changes to an exponent, of two digits at least, at 1e16 and below 1e-4.
  if (size !== 0 && (size >= 1e16 || size < 1e-4)) {
    return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
  }
  if (Object.is(value, -0)) return '-0.0';
  return Number.isInteger(value) ? value.toFixed(1) : String(value);
}

/** Python's `==`. */
export function equals(a: Value, b: Value): boolean {
  const [x, y] = [numberOf(a), numberOf(b)];
  if (x !== undefined || y !== undefined) return x === y;
  const [left, right] = [itemsOf(a), itemsOf(b)];
  if (left && right) {
    return (
      a.type === b.type && left.length === right.length && left.every((item, i) => equals(item, right[i]!))
    );
  }
  const [these, those] = [entriesOf(a), entriesOf(b)];
  if (these && those) {
    return (
      these.size === those.size &&
      [...these].every(([key, item]) => those.has(key) && equals(item, those.get(key)!))
    );
  }
  if (isNone(a) || isUndefined(a)) return a.type === b.type;
  return a.type === b.type && a.value === b.value;
}

/** Below zero, zero or above, as Python orders numbers, strings, lists and tuples. @throws Error for what has no order */
export function compare(a: Value, b: Value): number {
  const [x, y] = [numberOf(a), numberOf(b)];
  if (x !== undefined && y !== undefined) return x - y;
  const [left, right] = [textOf(a), textOf(b)];
  if (left !== undefined && right !== undefined) return left < right ? -1 : left > right ? 1 : 0;
  const [these, those] = [itemsOf(a), itemsOf(b)];
  if (!these || !those || a.type !== b.type) {
    throw new Error(`'<' not supported between instances of '${pythonType(a)}' and '${pythonType(b)}'`);
  }
  const at = these.findIndex((item, i) => i >= those.length || !equals(item, those[i]!));
  if (at < 0) return these.length - those.length;
  return at < those.length ? compare(these[at]!, those[at]!) : 1;
}

/** How `tojson` writes. */
interface JsonStyle {
  readonly indent: number | undefined;
  readonly isAscii: boolean;
  readonly areKeysSorted: boolean;
  readonly separators: readonly [item: string, key: string];
}

/** Python's `json.dumps(value)`. @throws Error for what JSON does not have */
export function pythonJson(value: Value, style: JsonStyle, budget: TextBudget, depth = 0): string {
  budget.spend(perValue);
  const text = textOf(value);
  if (text !== undefined) return jsonText(text, style, budget);
  if (isNone(value)) return 'null';
  if (value.type === 'BooleanValue') return value.value ? 'true' : 'false';
  if (value.type === 'FloatValue') return reprOfFloat(value.value as number);
  if (value.type === 'IntegerValue') return String(numberOf(value));
  const inner = (item: Value) => pythonJson(item, style, budget, depth + 1);
  const around = (open: string, parts: readonly string[], close: string) => {
    if (style.indent === undefined || parts.length === 0)
      return open + parts.join(style.separators[0]) + close;
    const outer = `\n${' '.repeat(style.indent * depth)}`;
    const padding = outer + ' '.repeat(style.indent);
    budget.spend(parts.length * padding.length);
    return open + padding + parts.join(style.separators[0].trimEnd() + padding) + outer + close;
  };
  const items = itemsOf(value);
  if (items) return around('[', items.map(inner), ']');
  const entries = entriesOf(value);
  if (!entries) throw new Error(`Object of type ${pythonType(value)} is not JSON serializable`);
  const pairs = [...entries];
  if (style.areKeysSorted) pairs.sort(([a], [b]) => (a < b ? -1 : 1));
  const written = pairs.map(
    ([key, item]) => jsonText(key, style, budget) + style.separators[1] + inner(item),
  );
  return around('{', written, '}');
}

function jsonText(text: string, { isAscii }: JsonStyle, budget: TextBudget): string {
  budget.spend(text.length * (isAscii ? 6 : 1));
  const json = JSON.stringify(text);
  if (!isAscii) return json;
  return json.replace(
    /[\x7f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
