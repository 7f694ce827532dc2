/**
 * Reads the fields of a request that came from anywhere: each is taken by name, checked, and what nobody took is refused by name.
 * Knows no field itself.
 */

import { EngineError } from '../util/errors';

/** A field of OpenAI's API that this engine cannot honour. */
export interface UnsupportedField {
  /** Why, as the end of a sentence. */
  readonly reason: string;
  /** Whether a value asks for nothing beyond what the engine does anyway, so that the field may be there (default: none does). */
  readonly changesNothing?: (value: unknown) => boolean;
}

/** An inclusive range of numbers. */
interface NumberRange {
  min: number;
  max: number;
}

/** The fields of one object of a request. `null` and undefined mean that a field is absent, as with OpenAI. */
export class RequestReader {
  private readonly fields: Map<string, unknown>;

  /**
   * @param value What should be an object.
   * @param label How messages call it, e.g. `The chat completion request`.
   * @param path What stands before a field's name in messages, e.g. `messages[0].`.
   * @throws TypeError when `value` is no plain object.
   */
  constructor(
    value: unknown,
    private readonly label: string,
    private readonly path = '',
  ) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new TypeError(`${label} must be an object, not ${describe(value)}.`);
    }
    this.fields = new Map(Object.entries(value));
  }

  /** Takes a field as it is; undefined where it is absent. */
  take(name: string): unknown {
    const value = this.fields.get(name) ?? undefined;
    this.fields.delete(name);
    return value;
  }

  /** Takes a number within `range`. @throws TypeError, RangeError */
  number(name: string, range: NumberRange): number | undefined {
    const value = this.take(name);
    return value === undefined ? undefined : checkedNumber(value, this.path + name, range);
  }

  /** Takes an integer within `range`. @throws TypeError, RangeError */
  integer(name: string, range: NumberRange): number | undefined {
    const value = this.take(name);
    return value === undefined ? undefined : checkedInteger(value, this.path + name, range);
  }

  /** Takes a boolean. @throws TypeError */
  boolean(name: string): boolean | undefined {
    const value = this.take(name);
    if (value !== undefined && typeof value !== 'boolean') throw this.wrongType(name, 'true or false', value);
    return value;
  }

  /** Takes a string. @throws TypeError */
  string(name: string): string | undefined {
    const value = this.take(name);
    if (value !== undefined && typeof value !== 'string') throw this.wrongType(name, 'a string', value);
    return value;
  }

  /** Takes a list. @throws TypeError */
  list(name: string): readonly unknown[] | undefined {
    const value = this.take(name);
    if (value !== undefined && !Array.isArray(value)) throw this.wrongType(name, 'a list', value);
    return value;
  }

  /** Takes an object, to be read in turn. @throws TypeError */
  object(name: string): RequestReader | undefined {
    const value = this.take(name);
    if (value === undefined) return undefined;
    return new RequestReader(value, `"${this.path}${name}"`, `${this.path}${name}.`);
  }

  /**
   * Refuses whatever field has not been taken, is not absent, and would change the answer.
   * @param known Fields that are known but not honoured, by their names; others are unknown.
   * @throws EngineError `unsupported` for a known field, TypeError for an unknown one; each names it.
   */
  refuseRest(known: Readonly<Record<string, UnsupportedField>> = {}): void {
    for (const [name, value] of this.fields) {
      if (value === undefined || value === null) continue;
      const field = Object.hasOwn(known, name) ? known[name] : undefined;
      if (!field) throw new TypeError(`${this.label} has an unknown field ${quoted(this.path + name)}.`);
      if (!field.changesNothing?.(value)) throw this.unsupported(name, field.reason);
    }
  }

  /** An error saying that this engine cannot do what a field asks for, and why. */
  unsupported(name: string, reason: string): EngineError {
    const field = this.path + name;
    return new EngineError('unsupported', `"${field}" is not supported: ${reason}.`, { field });
  }

  /** A TypeError saying what a field must be. */
  wrongType(name: string, expected: string, value: unknown): TypeError {
    return new TypeError(`"${this.path}${name}" must be ${expected}, not ${describe(value)}.`);
  }
}

/** `value` where it is a finite number within `range`. @throws TypeError, RangeError */
export function checkedNumber(value: unknown, name: string, range: NumberRange): number {
  if (typeof value !== 'number') throw new TypeError(`"${name}" must be a number, not ${describe(value)}.`);
  if (!(value >= range.min && value <= range.max)) {
    throw new RangeError(`"${name}" must be between ${range.min} and ${range.max}, not ${value}.`);
  }
  return value;
}

/** `value` where it is an integer within `range`. @throws TypeError, RangeError */
export function checkedInteger(value: unknown, name: string, range: NumberRange): number {
  const number = checkedNumber(value, name, range);
  if (!Number.isInteger(number)) throw new RangeError(`"${name}" must be a whole number, not ${number}.`);
  return number;
}

/** A text of the request as a message repeats it: in quotes, and cut where it is long. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}

/** A value's kind in words. */
export function describe(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  return value === undefined ? 'nothing' : `a ${typeof value}`;
}
