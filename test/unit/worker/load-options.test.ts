import { expect, test } from 'vitest';
import { checkLoadOptions, checkPlanOptions } from '../../../src/worker/load-options';

test.each([
  [{ contextTokens: 'x' }, 'options.contextTokens'],
  [{ contextToken: 5 }, 'options.contextToken'],
  [{ kv: { format: 'f8' } }, 'options.kv.format'],
  [{ kv: { pages: 5 } }, 'options.kv.pages'],
  [{ kv: null }, 'options.kv'],
  [null, 'options'],
  ['f16', 'options'],
])('a plan for %j is refused', (options, named) => {
  expect(() => checkPlanOptions(options as object)).toThrow(named);
});

test('what is in order passes as it is', () => {
  const options = { contextTokens: 64, kv: { format: 'int8', pagesPerHead: 8 } } as const;
  expect(checkPlanOptions(options)).toBe(options);
  expect(checkLoadOptions({ kv: options.kv })).toEqual({ kv: options.kv });
});

test('a name stands for options, of a load and of a plan', () => {
  expect(checkLoadOptions({ kv: 'smallest', weights: 'q4' })).toEqual({
    kv: { format: 'int8', unstableShare: 0.1875 },
    weights: 'q4',
  });
  expect(checkLoadOptions({ kv: 'balanced' }).kv).toEqual({});
  expect(checkPlanOptions({ kv: 'exact', contextTokens: 64 })).toEqual({
    kv: { attention: 'all' },
    contextTokens: 64,
  });
  expect(() => checkLoadOptions({ kv: 'tiny' as 'exact' })).toThrow(
    'options.kv must be one of exact, balanced, smallest, not tiny.',
  );
  expect(() => checkLoadOptions({ kv: 'toString' as 'exact' })).toThrow(RangeError);
});

test('an engine is asked through what has the methods of a port, and through nothing else', () => {
  const { port1 } = new MessageChannel();
  expect(checkLoadOptions({ worker: port1 }).worker).toBe(port1);
  const sharedWorker = { port: port1, addEventListener: () => undefined };
  expect(checkLoadOptions({ worker: sharedWorker }).worker).toBe(sharedWorker);
  for (const worker of [{}, null, 'x', { port: {} }, { postMessage: () => undefined }]) {
    expect(() => checkLoadOptions({ worker: worker as never })).toThrow(
      /^options\.worker must be a Worker, a SharedWorker or a MessagePort/,
    );
  }
});
