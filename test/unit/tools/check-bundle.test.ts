import { expect, test } from 'vitest';
import {
  checkBundle,
  describeSizes,
  maxGzipBytes,
  measureBundle,
  neededScripts,
} from '../../../tools/gate/check-bundle.mjs';

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
  expect(checkBundle({ 'index.js': '', 'engine-worker.js': source })).toEqual([expect.stringContaining(why)]);
});

test('what a load needs is what the entries import statically, theirs included', () => {
  const bundle = {
    'index.js': 'export{}',
    'engine-worker.js': 'import{a}from"./engine.js";a()',
    'engine.js': 'import"./shared.js";export const a=()=>import(`./documents.js`)',
    'shared.js': '',
    'documents.js': 'import{a}from"./engine.js";import"./records.js"',
    'records.js': '',
  };
  expect(neededScripts(bundle)).toEqual(['index.js', 'engine-worker.js', 'engine.js', 'shared.js']);
  expect(checkBundle(bundle)).toEqual([]);
  expect(checkBundle({ ...bundle, 'left.js': '' })).toEqual(['nobody imports left.js']);
});

const size = (gzip: number) => ({ raw: 3 * gzip, gzip, brotli: gzip });
const scripts = { 'index.js': '' };

test('bundle check bounds what every load needs, and all, by their bytes of gzip', () => {
  const { needed, all } = maxGzipBytes;
  expect(checkBundle(scripts, { needed: size(needed), all: size(all) })).toEqual([]);
  expect(checkBundle(scripts, { needed: size(needed + 1), all: size(all) })).toEqual([
    expect.stringContaining('(needed)'),
  ]);
  expect(checkBundle(scripts, { needed: size(needed), all: size(all + 1) })).toEqual([
    expect.stringContaining('(all)'),
  ]);
});

test('bundle check measures each script as it is fetched, those on demand in all alone', () => {
  const part = Array.from({ length: 1000 }, (_, i) => `f${(i * 7919) % 1000}();`).join('');
  const { needed, all } = measureBundle({ 'index.js': 'import(`./part.js`)', 'part.js': part });
  expect(needed.raw).toBe(19);
  expect(all.raw).toBe(19 + part.length);
  expect(all.brotli).toBeLessThan(all.gzip);
  expect(all.gzip).toBeLessThan(all.raw);
});

test('sizes are told with their change, where there is something to compare with', () => {
  const sizes = { needed: size(1000), all: size(2000) };
  expect(describeSizes(sizes, undefined)).toBe(
    'needed kB: raw 3.0, gzip 1.0, brotli 1.0; all kB: raw 6.0, gzip 2.0, brotli 2.0',
  );
  expect(describeSizes(sizes, { needed: size(900), all: size(2100) })).toBe(
    'needed kB: raw 3.0 (+0.3), gzip 1.0 (+0.1), brotli 1.0 (+0.1); all kB: raw 6.0 (-0.3), gzip 2.0 (-0.1), brotli 2.0 (-0.1)',
  );
});
