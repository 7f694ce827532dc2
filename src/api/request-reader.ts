/**
 * Reads the fields of a request that came from anywhere: each is taken by name, checked, and what nobody took is refused by name.
 * Knows no field itself.
 */

/** An inclusive range of numbers. */
export interface NumberRange {
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
   * Refuses whatever field has not been taken and is not absent.
   * @param reasons Why a known field is not supported, by its name; other fields are unknown.
   * @throws TypeError naming the field.
   */
  refuseRest(reasons: Readonly<Record<string, string>> = {}): void {
    for (const [name, value] of this.fields) {
      const isKnown = Object.hasOwn(reasons, name);
      if (value === undefined || (value === null && isKnown)) continue;
      if (isKnown) throw new TypeError(`"${this.path}${name}" is not supported: ${reasons[name]!}.`);
      throw new TypeError(`${this.label} has an unknown field "${this.path}${name}".`);
    }
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

/** A value's kind in words. */
export function describe(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  return value === undefined ? 'nothing' : `a ${typeof value}`;
}
