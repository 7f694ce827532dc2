/** What the bundle ships: every variant of every kernel that has a case is valid WGSL from minified sources too. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Device } from '../../src/gpu/device';
import { minifyWgsl } from '../../tools/vite/wgsl-minify';
import { planShaderNames } from '../../tools/vite/wgsl-plugin';
import { availableVariants, requestTestDevice, type KernelCase } from './harness';

const files = import.meta.glob<{ cases: KernelCase[] }>('./**/*.case.ts', { eager: true });
const specs = new Map(
  Object.values(files).flatMap((file) => file.cases.map(({ spec }) => [spec.name, spec] as const)),
);
const names = planShaderNames();

let device: Device;

beforeAll(async () => {
  device = await requestTestDevice();
});

afterAll(() => device.destroy());

async function errorsIn(code: string): Promise<string[]> {
  device.handle.pushErrorScope('validation');
  const { messages } = await device.handle.createShaderModule({ code }).getCompilationInfo();
  await device.handle.popErrorScope();
  return messages.filter(({ type }) => type === 'error').map(({ message }) => message);
}

test.each([...specs])('%s minified is valid, and much smaller', async (_name, spec) => {
  for (const { sources, requires = [] } of availableVariants(device, spec)) {
    const enable = requires.includes('subgroups') ? 'enable subgroups;' : '';
    const minified = sources.map((source) => minifyWgsl(source, names)).join('\n');
    expect(await errorsIn(enable + minified)).toEqual([]);
    expect(minified.length).toBeLessThan(sources.join('').length * 0.7);
  }
});

test('a shader that is not valid is noticed', async () => {
  expect(await errorsIn('fn main() { let a = missing; }')).not.toEqual([]);
});
