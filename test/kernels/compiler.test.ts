/** Compiled once, and after a failure again. */
import { expect, test } from 'vitest';
import { KernelCompiler, type KernelSpec, type ShaderSource } from '../../src/gpu/kernel';
import { useDevice } from './use-device';

const main = '@compute @workgroup_size(1) fn main() {}';

const gpu = useDevice();

const specOf = (source: ShaderSource): KernelSpec => ({
  name: 'test',
  bindings: {},
  params: {},
  variants: [{ name: 'portable', sources: [source] }],
});

test('whoever asks meanwhile and later gets the same kernel, of a shader that is fetched once', async () => {
  let numFetches = 0;
  const spec = specOf(async () => {
    numFetches++;
    return { default: main };
  });
  const compiler = new KernelCompiler(gpu.device);
  const [first, second] = await Promise.all([compiler.compile(spec), compiler.compile(spec)]);
  expect(second).toBe(first);
  expect(await compiler.compile(spec)).toBe(first);
  expect(numFetches).toBe(1);
});

test('a shader that could not be fetched is fetched again', async () => {
  const answers = [Promise.reject(new TypeError('Failed to fetch')), Promise.resolve({ default: main })];
  const spec = specOf(() => answers.shift()!);
  const compiler = new KernelCompiler(gpu.device);
  await expect(compiler.compile(spec)).rejects.toMatchObject({ code: 'network' });
  expect((await compiler.compile(spec)).name).toBe('test');
});

test('a shader that did not compile is compiled again', async () => {
  const texts = ['fn main() { missing; }', main];
  const spec = specOf(async () => ({ default: texts.shift()! }));
  const compiler = new KernelCompiler(gpu.device);
  await expect(compiler.compile(spec)).rejects.toThrow('missing');
  expect((await compiler.compile(spec)).name).toBe('test');
});
