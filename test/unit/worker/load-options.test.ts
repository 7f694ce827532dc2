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
