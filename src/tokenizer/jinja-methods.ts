/** The methods that templates may call on strings, lists and dicts. */
import { pairs } from './jinja-filters';
import { stringMethods, type Arguments } from './jinja-strings';
import {
  dict,
  entriesOf,
  equals,
  integer,
  itemsOf,
  list,
  none,
  string,
  textOf,
  type TextBudget,
  type Value,
} from './jinja-values';

/** A method of a string, a list or a dict by its name; undefined where there is none. */
export function methodOf(
  value: Value,
  name: string,
): ((args: Arguments, budget: TextBudget) => Value) | undefined {
  const text = textOf(value);
  if (text !== undefined) {
    if (!Object.hasOwn(stringMethods, name)) return undefined;
    return (args, budget) => stringMethods[name]!(text, args, budget);
  }
  const entries = entriesOf(value);
  if (entries && value.type === 'ObjectValue') {
    switch (name) {
      case 'get':
        return ({ positional: [key, otherwise] }) => entries.get(textOf(key) ?? '\0') ?? otherwise ?? none();
      case 'items':
        return () => list(pairs(value));
      case 'keys':
        return () => list(Array.from(entries.keys(), string));
      case 'values':
        return () => list([...entries.values()]);
      case 'copy':
        return () => dict(new Map(entries));
      default:
        return undefined;
    }
  }
  const items = itemsOf(value);
  if (!items) return undefined;
  switch (name) {
    case 'index':
      return ({ positional: [item] }) => integer(items.findIndex((other) => equals(other, item!)));
    case 'count':
      return ({ positional: [item] }) => integer(items.filter((other) => equals(other, item!)).length);
    case 'copy':
      return () => list(items);
    default:
      return undefined;
  }
}
