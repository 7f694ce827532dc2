import { expect, test } from 'vitest';
import { checkBundle, maxBytes, neededScripts } from '../../../.ci/check-bundle.mjs';

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

test('what a load needs is what the entries import statically, theirs included', () => {
  const scripts = {
    'index.js': 'export{}',
    'engine-worker.js': 'import{a}from"./engine.js";a()',
    'engine.js': 'import"./shared.js";export const a=()=>import(`./documents.js`)',
    'shared.js': '',
    'documents.js': 'import{a}from"./engine.js";import"./records.js"',
    'records.js': '',
  };
  expect(neededScripts(scripts)).toEqual(['index.js', 'engine-worker.js', 'engine.js', 'shared.js']);
  expect(checkBundle(scripts)).toEqual([]);
  expect(checkBundle({ ...scripts, 'left.js': '' })).toEqual(['nobody imports left.js']);
});

test('bundle check adds up what a load needs', () => {
  const half = ';'.repeat(maxBytes.needed / 2);
  expect(checkBundle({ 'index.js': half, 'engine-worker.js': half })).toEqual([
    expect.stringContaining('(needed)'),
  ]);
});

test('bundle check adds up all scripts', () => {
  const part = ';'.repeat(maxBytes.all);
  expect(checkBundle({ 'engine-worker.js': 'import(`./part.js`)', 'part.js': part })).toEqual([
    expect.stringContaining('(all)'),
  ]);
});
