import { describe, expect, test } from 'vitest';
import { deserializeError, serializeError } from '../../../src/api/errors';
import { EngineError } from '../../../src/util/errors';

/** Across a thread border, as `postMessage` carries it. */
const cross = (error: unknown) => deserializeError(structuredClone(serializeError(error)));

describe('errors cross to another thread', () => {
  test('EngineError with code, cause and stack', () => {
    const cause = new RangeError('too big', { cause: 'a string' });
    const error = new EngineError('gpu-memory', 'It needs 5 bytes.', { cause });
    const revived = cross(error) as EngineError;
    expect(revived).toBeInstanceOf(EngineError);
    expect(revived).toMatchObject({ name: 'EngineError', code: 'gpu-memory', message: 'It needs 5 bytes.' });
    expect(revived.stack).toBe(error.stack);
    expect(revived.cause).toBeInstanceOf(RangeError);
    expect((revived.cause as RangeError).message).toBe('too big');
    expect((revived.cause as RangeError).cause).toBe('a string');
    expect(Object.keys(revived)).toEqual(Object.keys(error));
  });

  test.each([Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError])(
    '%o',
    (kind) => {
      const error = new kind('what');
      const revived = cross(error) as Error;
      expect(Object.getPrototypeOf(revived)).toBe(kind.prototype);
      expect(revived).toMatchObject({ name: error.name, message: 'what' });
      expect(revived.stack).toBe(error.stack);
      expect('cause' in revived).toBe(false);
    },
  );

  test('what an abort signal gives', () => {
    const revived = cross(AbortSignal.abort().reason) as DOMException;
    expect(revived).toBeInstanceOf(DOMException);
    expect(revived.name).toBe('AbortError');
    expect(cross(new DOMException('full', 'QuotaExceededError'))).toMatchObject({
      name: 'QuotaExceededError',
      message: 'full',
    });
    expect(cross(new DOMException('late', 'TimeoutError'))).toBeInstanceOf(DOMException);
  });

  test('a class of somebody else is an Error of that name', () => {
    class TensorError extends Error {
      override name = 'TensorError';
    }
    const revived = cross(new TensorError('bad')) as Error;
    expect(revived).toBeInstanceOf(Error);
    expect(`${revived}`).toBe('TensorError: bad');
  });

  test('an error with a name from Object.prototype', () => {
    const error = new Error('x');
    error.name = 'constructor';
    expect(cross(error)).toMatchObject({ name: 'constructor', message: 'x' });
  });

  test('a circle of causes ends', () => {
    const error = new Error('a');
    error.cause = new Error('b', { cause: error });
    let depth = 0;
    for (let at: unknown = cross(error); at instanceof Error; at = at.cause) depth++;
    expect(depth).toBe(17);
  });

  test.each(['text', 7, NaN, true, null, undefined, 10n])('a thrown value that is no error: %s', (value) => {
    expect(cross(value)).toBe(value);
  });

  test('a thrown object that cannot cross comes as text', () => {
    const circle: Record<string, unknown> = {};
    circle['self'] = circle;
    expect(cross({ a: 1 })).toBe('{"a":1}');
    expect(cross(circle)).toBe('[object Object]');
    expect(cross(Symbol('s'))).toBe('Symbol(s)');
    expect(cross(() => 1)).toBe('() => 1');
  });

  test('a falsy cause is kept', () => {
    expect((cross(new Error('x', { cause: null })) as Error).cause).toBeNull();
    expect((cross(new Error('x', { cause: 0 })) as Error).cause).toBe(0);
  });
});
