import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { noticesOf, packagesOf } from '../../../tools/build/notices';

const modules = join(import.meta.dirname, '../../../node_modules');

test('packages are named by where sources lie, scoped and nested ones too', () => {
  expect(
    packagesOf([
      '../src/index.ts',
      '../node_modules/idb/build/index.js',
      '../node_modules/@huggingface/jinja/dist/index.js',
      '../node_modules/@huggingface/jinja/dist/lexer.js',
      '../node_modules/lit/node_modules/lit-html/lit-html.js',
    ]),
  ).toEqual(['@huggingface/jinja', 'idb', 'lit-html']);
});

test('each package has its name, version and the text of its licence', () => {
  const text = noticesOf(['idb', '@huggingface/jinja'], modules);
  expect(text).toMatch(/idb \d+\.\d+\.\d+ \(ISC\)/);
  expect(text).toContain('Permission to use, copy, modify, and/or distribute this software');
  expect(text).toMatch(/@huggingface\/jinja \d\S* \(MIT\)/);
  expect(text).toContain('Permission is hereby granted, free of charge');
});

test('a package without a licence is an error that names it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'longpage-notices-'));
  mkdirSync(join(folder, 'bare'));
  writeFileSync(join(folder, 'bare/package.json'), '{ "version": "1.0.0", "license": "MIT" }');
  expect(() => noticesOf(['bare'], folder)).toThrow("'bare'");
  rmSync(folder, { recursive: true });
});
