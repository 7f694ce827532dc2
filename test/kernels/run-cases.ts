/** Holds the cases of a folder to their CPU twins. */
import { describe, expect, test } from 'vitest';
import type { Device } from '../../src/gpu/device';
import type { KernelVariant } from '../../src/gpu/kernel';
import { expectClose } from '../support/compare';
import { isFullRun } from '../support/full-run';
import { availableVariants, runKernel, type KernelCase } from './harness';
import { useDevice } from './use-device';

/** Files of cases by their path. */
export type CaseFiles = Record<string, { cases: KernelCase[] }>;

/**
 * Tests of every case, in the full run on every variant that the adapter can run, in the gate on one of them in turn, because a
 * software adapter takes a second or more to compile each.
 * @param room the kernels' folder, such as `norm`
 * @param files its `*.case.ts`
 */
export function runCases(room: string, files: CaseFiles): void {
  const gpu = useDevice();

  for (const [path, { cases }] of Object.entries(files)) {
    describe(path.replace(/^\./, room).replace(/\.case\.ts$/, ''), () => {
      test.each(cases)('$title', async (kernelCase) => {
        const expected = kernelCase.expected();
        for (const variant of variantsOf(gpu.device, kernelCase, cases)) {
          const results = await runKernel(gpu.compiler, kernelCase, variant);
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
}

/** Those that the case runs on; a kernel with fewer cases than variants runs each case on all of them. */
function variantsOf(device: Device, kernelCase: KernelCase, cases: readonly KernelCase[]): KernelVariant[] {
  const all = availableVariants(device, kernelCase.spec);
  const siblings = cases.filter(({ spec }) => spec.name === kernelCase.spec.name);
  if (isFullRun || siblings.length < all.length) return all;
  return [all[siblings.indexOf(kernelCase) % all.length]!];
}
