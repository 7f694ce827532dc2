/** Python's operators on the values of templates. */
import type { Limits } from './jinja-limits';
import { contains } from './jinja-tests';
import {
  compare,
  equals,
  float,
  integer,
  itemsOf,
  list,
  numberOf,
  pythonType,
  string,
  textOf,
  tuple,
  type Value,
} from './jinja-values';

/** Operators that can be chained. */
export const comparisons = ['==', '!=', '<', '<=', '>', '>=', 'in', 'not in'];

/** Whether a comparison holds. @throws Error where the values have no order */
export function holds(operator: string, a: Value, b: Value): boolean {
  switch (operator) {
    case '==':
      return equals(a, b);
    case '!=':
      return !equals(a, b);
    case 'in':
      return contains(b, a);
    case 'not in':
      return !contains(b, a);
    case '<':
      return compare(a, b) < 0;
    case '<=':
      return compare(a, b) <= 0;
    case '>':
      return compare(a, b) > 0;
    default:
      return compare(a, b) >= 0;
  }
}

/** `a operator b` as Python has it, for texts and lists too. @throws Error where Python has no such operation */
export function calculated(operator: string, a: Value, b: Value, limits: Limits): Value {
  if (operator === '+') {
    const [left, right] = [textOf(a), textOf(b)];
    if (left !== undefined && right !== undefined) {
      limits.spend(left.length + right.length);
      return string(left + right);
    }
    const [these, those] = [itemsOf(a), itemsOf(b)];
    if (these && those && a.type === b.type) {
      limits.spendItems(these.length + those.length);
      return (a.type === 'TupleValue' ? tuple : list)([...these, ...those]);
    }
  }
  if (operator === '*') {
    const [whole, times] = numberOf(b) === undefined ? [b, a] : [a, b];
    const count = Math.max(0, numberOf(times) ?? 0);
    const text = textOf(whole);
    if (text !== undefined) {
      limits.spend(text.length * count);
      return string(text.repeat(count));
    }
    const items = itemsOf(whole);
    if (items) {
      limits.spendItems(items.length * count);
      return list(Array.from({ length: count }, () => items).flat());
    }
  }
  const [x, y] = [numberOf(a), numberOf(b)];
  if (x === undefined || y === undefined) {
    const types = `'${pythonType(a)}' and '${pythonType(b)}'`;
    throw new Error(`unsupported operand type(s) for ${operator}: ${types}`);
  }
  const isFloat = a.type === 'FloatValue' || b.type === 'FloatValue';
  return arithmetic(operator, x, y, isFloat);
}

/** A number's operation on another. @throws Error for a division by zero */
function arithmetic(operator: string, x: number, y: number, isFloat: boolean): Value {
  const number = isFloat ? float : integer;
  if (y === 0 && ['/', '//', '%'].includes(operator)) throw new Error('division by zero');
  switch (operator) {
    case '+':
      return number(x + y);
    case '-':
      return number(x - y);
    case '*':
      return number(x * y);
    case '/':
      return float(x / y);
    case '//':
      return number(Math.floor(x / y));
    case '%':
      return number(x - y * Math.floor(x / y));
    case '**':
      return (y < 0 ? float : number)(x ** y);
    default:
      throw new Error(`unknown operator ${operator}`);
  }
}
