/** Errors as plain data that `postMessage` clones, and back to the classes that they were. */
import { EngineError, type EngineErrorCode } from '../util/errors';

/** An error, or any other thrown value, as plain data. */
export type SerializedError =
  | {
      kind: 'error';
      name: string;
      message: string;
      stack?: string;
      /** A DOMException, such as AbortError; its class goes with any name. */
      isDomException?: true;
      /** Of an EngineError. */
      code?: EngineErrorCode;
      /** Of an EngineError that names a field of the request. */
      field?: string;
      cause?: SerializedError;
    }
  /** Thrown as it is: a string, number, …; objects that are no errors come as text. */
  | { kind: 'value'; value: string | number | boolean | bigint | null | undefined };

/** Longer chains of causes are cut: a chain may be a circle. */
const maxCauses = 16;

const builtIns = { Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError } as const;

/** `error` as plain data, its causes included. */
export function serializeError(error: unknown, numCausesLeft = maxCauses): SerializedError {
  if (!isErrorLike(error)) return { kind: 'value', value: plainValue(error) };
  return {
    kind: 'error',
    name: error.name,
    message: error.message,
    ...(error.stack !== undefined && { stack: error.stack }),
    ...(error instanceof DOMException && { isDomException: true as const }),
    ...(error instanceof EngineError && {
      code: error.code,
      ...(error.field !== undefined && { field: error.field }),
    }),
    ...(error.cause !== undefined &&
      numCausesLeft > 0 && { cause: serializeError(error.cause, numCausesLeft - 1) }),
  };
}

/**
 * The error again: EngineError, DOMException (such as AbortError) and the language's own classes as themselves, any other as an
 * Error with its name. The stack is the one from the other side.
 */
export function deserializeError(data: SerializedError): unknown {
  if (data.kind === 'value') return data.value;
  const error = reviveError(data);
  if (data.cause && error.cause === undefined) defineHidden(error, 'cause', deserializeError(data.cause));
  if (data.stack !== undefined) defineHidden(error, 'stack', data.stack);
  return error;
}

function reviveError(data: SerializedError & { kind: 'error' }): Error {
  if (data.code !== undefined) {
    const { field } = data;
    return new EngineError(data.code, data.message, field === undefined ? {} : { field });
  }
  if (data.isDomException) return new DOMException(data.message, data.name);
  if (Object.hasOwn(builtIns, data.name))
    return new builtIns[data.name as keyof typeof builtIns](data.message);
  const error = new Error(data.message);
  defineHidden(error, 'name', data.name);
  return error;
}

function isErrorLike(value: unknown): value is Error {
  return value instanceof Error || value instanceof DOMException;
}

function plainValue(value: unknown): (SerializedError & { kind: 'value' })['value'] {
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'boolean':
    case 'bigint':
    case 'undefined':
      return value;
    default:
      return value === null ? null : describeObject(value);
  }
}

function describeObject(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    // A circle, or a toJSON that throws: its kind is all there is to say.
    return Object.prototype.toString.call(value);
  }
}

/** Defines a property as errors have theirs: there, but not listed. */
function defineHidden(target: Error, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, configurable: true, writable: true, enumerable: false });
}
