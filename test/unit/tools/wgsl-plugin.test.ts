/** What a shader import stands for in development, and in a build. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'vite';
import { expect, test } from 'vitest';
import { wgsl } from '../../../tools/vite/wgsl-plugin';
import source from '../../../shaders/cache/copy-pages.wgsl';

const path = join(import.meta.dirname, '../../../shaders/cache/copy-pages.wgsl');

async function builtText(options?: Parameters<typeof wgsl>[0]): Promise<string> {
  const result = await build({
    configFile: false,
    logLevel: 'silent',
    plugins: [wgsl(options)],
    build: { write: false, minify: false, lib: { entry: path, formats: ['es'] } },
  });
  const [{ output }] = result as unknown as [{ output: [{ code: string }] }];
  return output[0].code;
}

test('tests and the dev server have a shader as it is written', () => {
  expect(source).toBe(readFileSync(path, 'utf8'));
  expect(source).toContain('// ');
});

test('a build has it without comments, where it is not told to keep them', async () => {
  expect(await builtText()).toContain('= "struct Params {\\nnumPages');
  expect(await builtText({ keepComments: true })).toContain('= "// ');
});
