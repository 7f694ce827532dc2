/** What `npm run verify` is asked for: one model, a folder of them, or nothing. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parseOptions } from '../../../tools/verify/options';

test('a named model goes before the folder, and without either there is none', () => {
  const folder = mkdtempSync(join(tmpdir(), 'verify-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const name of ['b.gguf', 'a.gguf', 'notes.txt']) writeFileSync(join(folder, name), '');
  const models = (args: string[], from?: string) => {
    const options = parseOptions(args, from);
    return options === 'help' ? options : options.map(({ model }) => model);
  };
  expect(models([], folder)).toEqual([join(folder, 'a.gguf'), join(folder, 'b.gguf')]);
  expect(models(['--model', 'c.gguf'], folder)).toEqual(['c.gguf']);
  expect(models([])).toEqual([]);
  expect(models(['--help'], folder)).toBe('help');
  expect(() => models([], join(folder, 'missing'))).toThrow(/LONGPAGE_MODELS does not exist/);
});

test('the reference is one of two', () => {
  expect(parseOptions(['--model', 'a.gguf'])).toMatchObject([{ reference: 'llama.cpp' }]);
  expect(parseOptions(['--model', 'a.gguf', '--reference', 'transformers'])).toMatchObject([
    { reference: 'transformers' },
  ]);
  expect(() => parseOptions(['--model', 'a.gguf', '--reference', 'gguf'])).toThrow(
    /llama\.cpp or transformers/,
  );
});
