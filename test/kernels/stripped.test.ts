/** What the bundle ships: every variant of every kernel that has a case is valid WGSL from stripped sources too. */
import { expect, test } from 'vitest';
import { shaderText } from '../../src/gpu/kernel';
import { stripWgsl } from '../../tools/vite/strip-wgsl';
import { availableVariants, type KernelCase } from './harness';
import { useDevice } from './use-device';

const files = import.meta.glob<{ cases: KernelCase[] }>('./**/*.case.ts', { eager: true });
const specs = new Map(
  Object.values(files).flatMap((file) => file.cases.map(({ spec }) => [spec.name, spec] as const)),
);

const gpu = useDevice();

async function errorsIn(code: string): Promise<string[]> {
  gpu.device.handle.pushErrorScope('validation');
  const { messages } = await gpu.device.handle.createShaderModule({ code }).getCompilationInfo();
  await gpu.device.handle.popErrorScope();
  return messages.filter(({ type }) => type === 'error').map(({ message }) => message);
}

test.each([...specs])('%s stripped is valid, and smaller', async (_name, spec) => {
  for (const { sources, requires = [] } of availableVariants(gpu.device, spec)) {
    const enable = requires.includes('subgroups') ? 'enable subgroups;' : '';
    const texts = await Promise.all(sources.map(shaderText));
    const stripped = texts.map(stripWgsl).join('\n');
    expect(await errorsIn(enable + stripped)).toEqual([]);
    expect(stripped.length).toBeLessThan(texts.join('').length);
  }
});

test('a shader that is not valid is noticed', async () => {
  expect(await errorsIn('fn main() { let a = missing; }')).not.toEqual([]);
});
