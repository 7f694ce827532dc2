/** Jinja's tests (`is …`) as its documentation describes them, and Python's `in`. */
import {
  compare,
  entriesOf,
  equals,
  isNone,
  isUndefined,
  itemsOf,
  iterate,
  numberOf,
  pythonType,
  textOf,
  undefinedValue,
  type Value,
} from './jinja-values';

/** Whether a value passes a test. */
export type Test = (value: Value, args: readonly Value[]) => boolean;

const ordered =
  (holds: (order: number) => boolean): Test =>
  (value, [other]) =>
    holds(compare(value, other ?? undefinedValue()));

/** Whether `part` is in `whole`, as Python's `in` says. @throws Error where `whole` holds nothing */
export function contains(whole: Value, part: Value): boolean {
  const text = textOf(whole);
  if (text !== undefined) {
    const wanted = textOf(part);
    if (wanted === undefined) throw new Error(`'in <string>' requires string, not ${pythonType(part)}`);
    return text.includes(wanted);
  }
  const entries = entriesOf(whole);
  if (entries) return entries.has(textOf(part) ?? '\0');
  return iterate(whole).some((item) => equals(item, part));
}

const same: Test = (value, [other]) => other !== undefined && equals(value, other);
const tests: Readonly<Record<string, Test>> = {
  defined: (value) => !isUndefined(value),
  undefined: isUndefined,
  none: isNone,
  boolean: (value) => value.type === 'BooleanValue',
  true: (value) => value.type === 'BooleanValue' && value.value === true,
  false: (value) => value.type === 'BooleanValue' && value.value === false,
  integer: (value) => value.type === 'IntegerValue',
  float: (value) => value.type === 'FloatValue',
  number: (value) => numberOf(value) !== undefined,
  string: (value) => textOf(value) !== undefined,
  mapping: (value) => value.type === 'ObjectValue',
  sequence: (value) =>
    textOf(value) !== undefined || itemsOf(value) !== undefined || value.type === 'ObjectValue',
  iterable: (value) =>
    textOf(value) !== undefined ||
    itemsOf(value) !== undefined ||
    value.type === 'ObjectValue' ||
    isUndefined(value),
  callable: (value) => value.type === 'FunctionValue',
  odd: (value) => Math.abs((numberOf(value) ?? 0) % 2) === 1,
  even: (value) => (numberOf(value) ?? 0) % 2 === 0,
  divisibleby: (value, [by]) => (numberOf(value) ?? 0) % (numberOf(by) ?? 1) === 0,
  lower: (value) => textOf(value)?.toLowerCase() === value.value,
  upper: (value) => textOf(value)?.toUpperCase() === value.value,
  in: (value, [whole]) => whole !== undefined && contains(whole, value),
  eq: same,
  ne: (value, args) => !same(value, args),
  sameas: (value, [other]) => value.type === other?.type && equals(value, other),
  lt: ordered((order) => order < 0),
  le: ordered((order) => order <= 0),
  gt: ordered((order) => order > 0),
  ge: ordered((order) => order >= 0),
};
const testAliases: Readonly<Record<string, string>> = {
  equalto: 'eq',
  lessthan: 'lt',
  greaterthan: 'gt',
  '==': 'eq',
  '!=': 'ne',
  '<': 'lt',
  '<=': 'le',
  '>': 'gt',
  '>=': 'ge',
};

/** The test of a name. @throws Error where there is none */
export function testNamed(name: string): Test {
  const known = testAliases[name] ?? name;
  if (!Object.hasOwn(tests, known)) throw new Error(`No test named '${name}'.`);
  return tests[known]!;
}
