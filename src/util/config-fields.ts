/** Typed reading of the fields of a JSON object that a stranger wrote; every refusal names the field. Not their meaning. */
import { EngineError } from './errors';
import { isJsonObject, type JsonObject } from './json';

/** A field as a person would quote it, cut short. */
export function quote(value: unknown): string {
  let text;
  try {
    text = JSON.stringify(value) ?? String(value);
  } catch {
    // Parsing takes any depth of lists in lists, writing does not.
    text = 'a value too deep to show';
  }
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

/** The error for a field of a model's configuration that this engine cannot follow. */
export function unsupported(field: string, value: unknown, why: string): EngineError {
  return new EngineError(
    'model-unsupported',
    `The model's configuration has ${field} = ${quote(value)}: ${why}.`,
  );
}

/** Bounds, both inclusive. */
interface Range {
  readonly min: number;
  readonly max: number;
}

/** Reads fields of one object; a missing or null field gives the default, or is refused when there is none. */
export class ConfigFields {
  readonly values: JsonObject;
  readonly #path: string;

  /** `path` is what stands before a field's name in messages, such as `'rope_scaling.'`. */
  constructor(values: JsonObject, path = '') {
    this.values = values;
    this.#path = path;
  }

  /** The error for one of this object's fields. */
  refuse(name: string, why: string): EngineError {
    return unsupported(this.#path + name, this.values[name], why);
  }

  /** Whether the field is there at all, null included. */
  has(name: string): boolean {
    return Object.hasOwn(this.values, name);
  }

  /** The field, or undefined when it is missing or null. */
  get(name: string): unknown {
    return this.has(name) ? (this.values[name] ?? undefined) : undefined;
  }

  /** @throws EngineError `model-unsupported` unless a whole number within the range */
  integer(name: string, range: Range, otherwise?: number): number {
    const value = this.number(name, range, otherwise);
    if (!Number.isSafeInteger(value)) throw this.refuse(name, 'a whole number is needed');
    return value;
  }

  /** @throws EngineError `model-unsupported` unless a number within the range */
  number(name: string, { min, max }: Range, otherwise?: number): number {
    const value = this.get(name) ?? otherwise;
    if (value === undefined) {
      throw new EngineError('model-unsupported', `The model's configuration lacks ${this.#path}${name}.`);
    }
    if (typeof value !== 'number' || Number.isNaN(value)) throw this.refuse(name, 'a number is needed');
    if (value < min || value > max) {
      throw this.refuse(name, `this engine takes values from ${min} to ${max}`);
    }
    return value;
  }

  /** @throws EngineError `model-unsupported` unless a boolean */
  boolean(name: string, otherwise: boolean): boolean {
    const value = this.get(name) ?? otherwise;
    if (typeof value !== 'boolean') throw this.refuse(name, 'true or false is needed');
    return value;
  }

  /** @throws EngineError `model-unsupported` unless text */
  string(name: string, otherwise: string): string {
    const value = this.get(name) ?? otherwise;
    if (typeof value !== 'string') throw this.refuse(name, 'text is needed');
    return value;
  }

  /** @throws EngineError `model-unsupported` unless missing, null or an array */
  array(name: string): readonly unknown[] | undefined {
    const value = this.get(name);
    if (value !== undefined && !Array.isArray(value)) throw this.refuse(name, 'a list is needed');
    return value;
  }

  /** @throws EngineError `model-unsupported` unless missing, null or an object */
  object(name: string): JsonObject | undefined {
    const value = this.get(name);
    if (value !== undefined && !isJsonObject(value)) throw this.refuse(name, 'an object is needed');
    return value;
  }
}
