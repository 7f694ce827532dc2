/** Typed reading of a GGUF file's metadata; every refusal names the key. */
import { EngineError } from '../../util/errors';
import type { GgufValue } from './gguf-bytes';

/** The metadata of one file, with the keys of its architecture by their last part. */
export class GgufMetadata {
  readonly architecture: string;
  readonly #file: string;
  readonly #values: ReadonlyMap<string, GgufValue>;

  /** @throws EngineError `model-unsupported` when the file is of no model */
  constructor(file: string, values: ReadonlyMap<string, GgufValue>) {
    this.#file = file;
    this.#values = values;
    const architecture = this.text('general.architecture');
    if (architecture === undefined) throw this.unsupported(`does not say which architecture it is of`);
    this.architecture = architecture;
  }

  /** The whole key of a part such as `block_count`. */
  own(part: string): string {
    return `${this.architecture}.${part}`;
  }

  /** A number, or undefined where the key is missing. @throws EngineError `model-unsupported` for anything else */
  number(key: string): number | undefined {
    const value = this.#values.get(key);
    if (value === undefined || (typeof value === 'number' && Number.isFinite(value))) return value;
    throw this.unsupported(`has a '${key}' that is no number`);
  }

  /** @throws EngineError `model-unsupported` also where it is missing */
  requiredNumber(key: string): number {
    const value = this.number(key);
    if (value === undefined) throw this.unsupported(`has no '${key}'`);
    return value;
  }

  /** A number that may be listed for every layer, where all are the same. */
  layerNumber(key: string): number | undefined {
    const value = this.#values.get(key);
    if (typeof value !== 'object') return this.number(key);
    const [first, ...others] = value;
    if (typeof first === 'number' && others.every((other) => other === first)) return first;
    throw this.unsupported(`has layers with different '${key}', which this engine does not run`);
  }

  boolean(key: string): boolean | undefined {
    const value = this.#values.get(key);
    if (value === undefined || typeof value === 'boolean') return value;
    throw this.unsupported(`has a '${key}' that is neither true nor false`);
  }

  text(key: string): string | undefined {
    const value = this.#values.get(key);
    if (value === undefined || typeof value === 'string') return value;
    throw this.unsupported(`has a '${key}' that is no text`);
  }

  /** A list of texts; undefined where the key is missing. */
  texts(key: string): readonly string[] | undefined {
    const value = this.#values.get(key);
    if (value === undefined) return undefined;
    if (Array.isArray(value) && value.every((entry) => typeof entry === 'string')) return value;
    throw this.unsupported(`has a '${key}' that is no list of texts`);
  }

  /** A list of numbers; undefined where the key is missing. */
  numbers(key: string): ArrayLike<number> | undefined {
    const value = this.#values.get(key);
    if (value === undefined || ArrayBuffer.isView(value)) return value;
    if (Array.isArray(value) && value.length === 0) return [];
    throw this.unsupported(`has a '${key}' that is no list of numbers`);
  }

  /** The error for what this engine cannot follow. */
  unsupported(why: string): EngineError {
    return new EngineError('model-unsupported', `The GGUF file '${this.#file}' ${why}.`);
  }
}
