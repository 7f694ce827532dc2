/** The self-test on the real adapter: what it finds right, and what it does about variants that are deliberately wrong. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { refuseWrongVariants, runSelfTest } from '../../src/engine/self-test';
import { selfTestChecks, type SelfTestCheck, type SelfTestShape } from '../../src/engine/self-test-checks';
import type { Device } from '../../src/gpu/device';
import { KernelCompiler, type KernelSpec, type KernelVariant } from '../../src/gpu/kernel';
import { requestTestDevice } from '../kernels/harness';

let device: Device;
let compiler: KernelCompiler;

beforeEach(async () => {
  device = await requestTestDevice();
  compiler = new KernelCompiler(device);
});

afterEach(() => device.destroy());

const shapes: SelfTestShape[] = [
  { weights: 'f32', kv: 'f32', headDim: 8, group: 2 },
  { weights: 'f16', kv: 'f16', headDim: 64, group: 7 },
  { weights: 'q8', kv: 'f16', headDim: 96, group: 1 },
  { weights: 'q4', kv: 'f16', headDim: 128, group: 4 },
];

test.each(shapes)('finds nothing wrong with $weights weights, $kv pages, headDim $headDim', async (shape) => {
  for (const check of selfTestChecks(shape)) {
    // A kernel that leaves its result at zero, or at one, would be found.
    for (const idle of [0, 1]) {
      expect(check.expected.some((value) => Math.abs(value - idle) > 0.1)).toBe(true);
    }
  }
  expect(await runSelfTest(compiler, shape)).toEqual({ refusedVariants: [], warning: undefined });
  expect(device.buffers.use.total).toBe(0);
});

/** The checks, with a wrong variant before those that every kernel of that name has. */
function withWrong(name: string, variants: (right: KernelVariant) => KernelVariant[]) {
  const change = (spec: KernelSpec): KernelSpec =>
    spec.name.startsWith(name) ? { ...spec, variants: variants(spec.variants.at(-1)!) } : spec;
  return selfTestChecks(shapes[0]!).map((check): SelfTestCheck => {
    return { ...check, steps: check.steps.map((step) => ({ ...step, spec: change(step.spec) })) };
  });
}

/** The same kernel with one slip in its last module. */
function slip(name: string, right: KernelVariant, from: string | RegExp, to: string): KernelVariant {
  const last = right.sources.at(-1)!;
  const wrong = last.replace(from, to);
  expect(wrong).not.toBe(last);
  return { name, sources: [...right.sources.slice(0, -1), wrong] };
}

describe('a wrong variant', () => {
  test.each([
    ['linear/matvec', 'k < params.columns', 'k + 1u < params.columns'],
    ['linear/matmul', 'k < params.columns', 'k + 1u < params.columns'],
    ['attention/sparse-decode', 'key > position', 'key >= position'],
    ['attention/prefill-attention', 'min(position + 1u', 'min(position + 2u'],
    ['attention/prefill-attention', 'params.scale', '1.0'],
  ])('of %s is refused, and the right one takes its place', async (name, from, to) => {
    const checks = withWrong(name, (right) => [slip('subgroups', right, from, to), right]);
    const { refusedVariants, warning } = await refuseWrongVariants(compiler, checks);
    expect(refusedVariants).toEqual(['subgroups']);
    expect(warning).toMatch(
      /^Longpage does without kernels that do not work on this GPU: 'subgroups' \(.* gave .*\)\.$/,
    );
    expect(warning).toContain(name);
    const spec = checks.flatMap(({ steps }) => steps).find((step) => step.spec.name.startsWith(name))!.spec;
    expect(compiler.chooseVariant(spec)).toBe(spec.variants.at(-1));
  });

  test('that does not compile is refused too', async () => {
    const broken: KernelVariant = { name: 'f16', sources: ['fn main() { nonsense }'] };
    const { refusedVariants, warning } = await refuseWrongVariants(
      compiler,
      withWrong('linear/matmul', (right) => [broken, right]),
    );
    expect(refusedVariants).toEqual(['f16']);
    expect(warning).toContain('nonsense');
  });

  test('after another: both are refused, one after the other', async () => {
    const { refusedVariants } = await refuseWrongVariants(
      compiler,
      withWrong('linear/matvec', (right) => [
        slip('subgroups', right, 'k < params.columns', 'k + 1u < params.columns'),
        slip('portable', right, 'k < params.columns', 'k + 2u < params.columns'),
        right,
      ]),
    );
    expect(refusedVariants).toEqual(['subgroups', 'portable']);
  });

  test('with none to take its place is an error', async () => {
    const checks = withWrong('linear/matvec', (right) => [
      slip('naive', right, 'k < params.columns', 'k + 1u < params.columns'),
    ]);
    await expect(refuseWrongVariants(compiler, checks)).rejects.toMatchObject({
      name: 'EngineError',
      code: 'webgpu-unavailable',
      message: expect.stringMatching(/^This GPU computes wrong results, .*linear\/matvec:f32 gave/),
    });
    expect(device.buffers.use.total).toBe(0);
  });
});
