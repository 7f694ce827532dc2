import { expect, test } from 'vitest';
import { checkBundle, maxBundleBytes } from '../../../.ci/check-bundle.mjs';

test('bundle check accepts plain modules', () => {
  expect(checkBundle({ 'index.js': 'export const evaluate = (x) => x.evaluate(1);' })).toEqual([]);
});

test.each([
  ['eval("1")', 'calls eval'],
  ['new Function("return 1")()', 'from a string'],
  ['const f=Function("return 1")', 'from a string'],
  ['WebAssembly.instantiate(x)', 'WebAssembly'],
  ['new Worker(URL.createObjectURL(b))', 'blob'],
  ['import x from "lit";', 'imports a package'],
])('bundle check refuses %s', (source, why) => {
  expect(checkBundle({ 'index.js': source })).toEqual([expect.stringContaining(why)]);
});

test('bundle check adds the files up', () => {
  const half = ';'.repeat(maxBundleBytes / 2);
  expect(checkBundle({ 'index.js': half, 'engine-worker.js': half })).toEqual([
    expect.stringContaining('bytes'),
  ]);
});
