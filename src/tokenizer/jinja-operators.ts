/** Python's operators on the values of templates. */
import { contains } from './jinja-tests';
import { compare, equals, float, integer, type Value } from './jinja-values';

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

/** A number's operation on another. @throws Error for a division by zero */
export function arithmetic(operator: string, x: number, y: number, isFloat: boolean): Value {
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
