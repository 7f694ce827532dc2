/** What holds of all kernels that have a `*.case.ts`; the cases themselves run in the `cases.test.ts` of their folders. */
import { expect, test } from 'vitest';
import { shaderText, type KernelVariant } from '../../src/gpu/kernel';
import { availableVariants } from './harness';
import { useDevice } from './use-device';
import type { CaseFiles } from './run-cases';

const files: CaseFiles = import.meta.glob('./**/*.case.ts', { eager: true });

const gpu = useDevice();

test('all variants run on the adapter of the gate; on another, those that run are told', () => {
  const specs = Object.values(files).flatMap((file) => file.cases.map((kernelCase) => kernelCase.spec));
  const namesOf = (variants: readonly KernelVariant[]) => variants.map(({ name }) => name);
  const ran = new Set(specs.flatMap((spec) => namesOf(availableVariants(gpu.device, spec))));
  const missing = specs.flatMap((spec) => namesOf(spec.variants)).filter((name) => !ran.has(name));
  process.stdout.write(`ran on ${gpu.device.adapter.description}: ${[...ran].join(', ')}\n`);
  if (missing.length > 0)
    process.stdout.write(`not run, not on this adapter: ${[...new Set(missing)].join(', ')}\n`);
  if (process.env.LONGPAGE_ADAPTER !== 'system') expect(missing).toEqual([]);
});

test('every spec names its shader bindings and parameters in order', async () => {
  const specs = Object.values(files).flatMap((file) => file.cases.map((kernelCase) => kernelCase.spec));
  expect(specs.length).toBeGreaterThan(0);
  for (const spec of new Set(specs)) {
    for (const variant of spec.variants) {
      const texts = await Promise.all(variant.sources.map(shaderText));
      const code = texts.join('\n').replace(/\/\/.*$/gm, '');
      const bindings = [...code.matchAll(/@group\(0\)\s*@binding\((\d+)\)\s*var<storage,\s*(\w+)>\s*(\w+)/g)];
      const ordered = bindings
        .sort((a, b) => Number(a[1]) - Number(b[1]))
        .map(([, , access, name]) => `${name} ${access}`);
      const own = Object.entries(spec.bindings).map(([name, access]) => `${name} ${access}`);
      const wanted = spec.hasList ? [...own, 'list read'] : own;
      expect(ordered, `${spec.name} (${variant.name}) bindings`).toEqual(wanted);
      const body = /struct Params\s*{([^}]*)}/.exec(code)?.[1] ?? '';
      const fields = [...body.matchAll(/(\w+)\s*:\s*(\w+)/g)].map(([, name, type]) => `${name} ${type}`);
      const params = Object.entries(spec.params).map(([name, type]) => `${name} ${type}`);
      expect(fields, `${spec.name} (${variant.name}) params`).toEqual(params);
    }
  }
});
