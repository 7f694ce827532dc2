import { expect, test } from 'vitest';
import { checkKernelFiles, filesOf, kernelsAmong } from '../../../tools/gate/check-shaders.mjs';

test('kernels are the shaders with an entry point that are no variant of another', () => {
  const entry = 'fn main() {}';
  expect(
    kernelsAmong([
      ['shaders/linear/matvec.wgsl', entry],
      ['shaders/linear/matvec-naive.wgsl', entry],
      ['shaders/linear/embed.wgsl', entry],
      ['shaders/lib/kv.wgsl', 'fn kvLow() {}'],
    ]),
  ).toEqual(['linear/matvec', 'linear/embed']);
});

test('a kernel without one of its files is told, unless a reason stands for that file', () => {
  const [wrapper, twin, kernelCase] = filesOf('norm/rms-norm');
  const check = (files: (string | undefined)[], reasons = {}) =>
    checkKernelFiles(['norm/rms-norm'], (path: string) => files.includes(path), reasons);
  expect(check([wrapper, twin, kernelCase])).toEqual([]);
  expect(check([wrapper, kernelCase])).toEqual([expect.stringContaining(twin!)]);
  expect(check([wrapper, kernelCase], { [twin!]: 'why' })).toEqual([]);
});

test('a reason for a file that is there, or that no kernel needs, is told too', () => {
  const reasons = { 'src/reference/a/b.ts': 'why', 'src/kernels/gone/x.ts': 'why' };
  expect(checkKernelFiles(['a/b'], () => true, reasons)).toHaveLength(2);
});
