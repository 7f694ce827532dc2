/**
 * Every `*.case.ts` against its CPU twin: in the full run on every variant that the adapter can run, in the gate on one of
 * them in turn, because a software adapter takes a second or more to compile each.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { KernelCompiler, shaderText, type KernelVariant } from '../../src/gpu/kernel';
import type { Device } from '../../src/gpu/device';
import { expectClose } from '../support/compare';
import { isFullRun } from '../support/full-run';
import { availableVariants, requestTestDevice, runKernel, type KernelCase } from './harness';

const files = import.meta.glob<{ cases: KernelCase[] }>('./**/*.case.ts', { eager: true });

/** Those that the case runs on; a kernel with fewer cases than variants runs each case on all of them. */
function variantsOf(kernelCase: KernelCase, cases: readonly KernelCase[]): KernelVariant[] {
  const all = availableVariants(device, kernelCase.spec);
  const siblings = cases.filter(({ spec }) => spec.name === kernelCase.spec.name);
  if (isFullRun || siblings.length < all.length) return all;
  return [all[siblings.indexOf(kernelCase) % all.length]!];
}

let device: Device;
let compiler: KernelCompiler;

beforeAll(async () => {
  device = await requestTestDevice();
  compiler = new KernelCompiler(device);
});

afterAll(() => device.destroy());

for (const [path, { cases }] of Object.entries(files)) {
  describe(path.replace(/^\.\/|\.case\.ts$/g, ''), () => {
    test.each(cases)('$title', async (kernelCase) => {
      const expected = kernelCase.expected();
      for (const variant of variantsOf(kernelCase, cases)) {
        const results = await runKernel(compiler, kernelCase, variant);
        for (const [name, wanted] of Object.entries(expected)) {
          const bytes = results[name];
          if (!bytes) throw new Error(`'${name}' is not a result of ${kernelCase.spec.name}`);
          const what = `${variant.name}: ${name}`;
          if (wanted instanceof Float32Array) {
            expectClose(new Float32Array(bytes), wanted, kernelCase.tolerance, what);
          } else {
            expect(new Uint32Array(bytes).slice(0, wanted.length), what).toEqual(new Uint32Array(wanted));
          }
        }
      }
    });
  });
}

test('all variants run on the adapter of the gate; on another, those that run are told', () => {
  const specs = Object.values(files).flatMap((file) => file.cases.map((kernelCase) => kernelCase.spec));
  const namesOf = (variants: readonly KernelVariant[]) => variants.map(({ name }) => name);
  const ran = new Set(specs.flatMap((spec) => namesOf(availableVariants(device, spec))));
  const missing = specs.flatMap((spec) => namesOf(spec.variants)).filter((name) => !ran.has(name));
  process.stdout.write(`ran on ${device.adapter.description}: ${[...ran].join(', ')}\n`);
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
