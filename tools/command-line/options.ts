/** Options of the commands that developers run: reading and checking them, with one line for whoever mistyped one. */
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { UsageError, usageErrorOf } from './usage-error.mjs';

export { UsageError };

/** Schema of an option with a value. */
export const text = { type: 'string' } as const;
/** Schema of a switch. */
export const flag = { type: 'boolean', default: false } as const;

/** The options as they were written. @throws UsageError for one that is not in the schema */
export function readOptions<const S extends NonNullable<ParseArgsConfig['options']>>(
  args: readonly string[],
  schema: S,
) {
  try {
    return parseArgs({ args: [...args], options: schema, allowPositionals: false }).values;
  } catch (error) {
    throw usageErrorOf(error);
  }
}

/** A whole number of `min` to `max` that is a multiple of `step`. @throws UsageError */
export function wholeNumber(
  name: string,
  given: string,
  { min = 1, max = Number.MAX_SAFE_INTEGER, step = 1 } = {},
): number {
  const value = /^\d+$/.test(given) ? Number(given) : NaN;
  if (value >= min && value <= max && value % step === 0) return value;
  const what = step === 1 ? 'a whole number' : `a multiple of ${step}`;
  const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
  throw new UsageError(`--${name} takes ${what} ${range}, not '${given}'.`);
}

/** One of `choices`. @throws UsageError naming them */
export function oneOf<T extends string>(name: string, given: string, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === given);
  if (found !== undefined) return found;
  const all = `${choices.slice(0, -1).join(', ')} or ${choices.at(-1)!}`;
  throw new UsageError(`--${name} takes ${all}, not '${given}'.`);
}

/** What `read` makes of a value, or undefined where none was given. */
export function optional<T>(given: string | undefined, read: (given: string) => T): T | undefined {
  return given === undefined ? undefined : read(given);
}

/** The entries of a list with commas, empty ones left out. */
export function listOf(given: string): string[] {
  return given
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}

/** The field where it has a value: types here tell a missing field from an undefined one. */
export function present<K extends string, V>(key: K, value: V | undefined): Partial<Record<K, V>> {
  return value === undefined ? {} : ({ [key]: value } as Record<K, V>);
}
