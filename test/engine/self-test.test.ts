/** The self-test on the real adapter: what it finds right, and what it does about variants that are deliberately wrong. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { refuseWrongVariants, runSelfTest, selfTestChecks } from '../../src/self-test/self-test';
import type { SelfTestCheck, SelfTestShape } from '../../src/self-test/self-test-check';
import { linearChecks } from '../../src/self-test/self-test-linear';
import { plainTuning } from '../../src/kernels/linear/matvec';
import type { Device } from '../../src/gpu/device';
import { KernelCompiler, shaderText, type KernelSpec, type KernelVariant } from '../../src/gpu/kernel';
import { EngineError } from '../../src/util/errors';
import { inFullRun } from '../support/full-run';
import { requestTestDevice } from '../kernels/harness';

let device: Device;
let compiler: KernelCompiler;

beforeEach(async () => {
  device = await requestTestDevice();
  compiler = new KernelCompiler(device);
});

afterEach(() => device.destroy());

const small: SelfTestShape = { weights: ['f32'], kv: 'f32', headDim: 8, group: 2, isSelecting: true };

/** A kernel that leaves its result as it was, at zero or at one, would be found. */
function expectMeaningful(checks: readonly SelfTestCheck[]): void {
  for (const { expected } of checks) {
    for (const idle of [0, 1]) expect(expected.some((value) => Math.abs(value - idle) > 0.1)).toBe(true);
  }
}

test.each([
  small,
  { weights: ['q4'], isInt8: true, kv: 'f16', headDim: 64, group: 7, isSelecting: true, isFused: true },
  { weights: ['f32'], kv: 'int8', headDim: 32, group: 2, isSelecting: false },
] satisfies SelfTestShape[])(
  'finds nothing wrong with a model of $weights weights, $kv pages, headDim $headDim',
  async (shape) => {
    expectMeaningful(selfTestChecks(shape));
    expect(await runSelfTest(compiler, shape)).toEqual({ refusedVariants: [], warning: undefined });
    expect(device.buffers.use.total).toBe(0);
  },
);

test.each(inFullRun(512))(
  'heads of %i channels on a GPU: prefill attention alone has the plain variant, and all is right',
  async (headDim) => {
    const wide: SelfTestShape = { weights: ['f16'], kv: 'f16', headDim, group: 2, isSelecting: true };
    const gpuLike = await requestTestDevice({ disabledFeatures: ['software'] });
    const portable = new KernelCompiler(gpuLike);
    expect(await runSelfTest(portable, wide)).toEqual({ refusedVariants: [], warning: undefined });
    const chosen = selfTestChecks(wide).flatMap(({ steps }) =>
      steps.map(({ spec }) => [spec.name, portable.chooseVariant(spec).name] as const),
    );
    const plainest = chosen.filter(([, variant]) => variant === 'naive').map(([name]) => name);
    expect(plainest).toEqual(['attention/prefill-attention:f16']);
    gpuLike.destroy();
  },
);

test.each(['f16', 'q8', 'q4-k32', 'q8-k16'] as const)(
  'finds nothing wrong with %s weights',
  async (weights) => {
    const checks = linearChecks({ weights: [weights] });
    expectMeaningful(checks);
    expect((await refuseWrongVariants(compiler, checks)).warning).toBeUndefined();
  },
);

test('a fault that shows with some numbers of lanes alone is found where those are used', async () => {
  const checksWith = (lanes: number[]) =>
    linearChecks({ weights: ['f16'], tunings: () => lanes.map((LANES) => ({ ...plainTuning, LANES })) }).map(
      (check) => ({
        ...check,
        steps: check.steps.map((step) => ({
          ...step,
          spec: {
            ...step.spec,
            variants: step.spec.variants
              .filter(({ name }) => name !== 'software')
              .map((variant) => ({
                ...variant,
                sources: variant.sources.map((source) =>
                  typeof source === 'string' ? source.replace('scratch[LANES *', 'scratch[16u *') : source,
                ),
              })),
          },
        })),
      }),
    );
  for (const [lanes, refused] of [...inFullRun([[16], []] as const), [[16, 32], ['portable']]] as const) {
    const { refusedVariants } = await refuseWrongVariants(new KernelCompiler(device), checksWith([...lanes]));
    expect(refusedVariants, String(lanes)).toEqual(refused);
  }
});

/** The checks of one kernel, with these variants of it. */
async function withVariants(
  name: string,
  variants: (right: KernelVariant) => Promise<KernelVariant[]> | KernelVariant[],
): Promise<SelfTestCheck[]> {
  const change = async (spec: KernelSpec): Promise<KernelSpec> =>
    spec.name.startsWith(name) ? { ...spec, variants: await variants(spec.variants.at(-1)!) } : spec;
  const checks = selfTestChecks(small).filter(({ steps }) =>
    steps.some(({ spec }) => spec.name.startsWith(name)),
  );
  return Promise.all(
    checks.map(async (check) => {
      const steps = check.steps.map(async (step) => ({ ...step, spec: await change(step.spec) }));
      return { ...check, steps: await Promise.all(steps) };
    }),
  );
}

/** The same kernel with one slip in its last module. */
async function slip(
  name: string,
  right: KernelVariant,
  from: string | RegExp,
  to: string,
): Promise<KernelVariant> {
  const last = await shaderText(right.sources.at(-1)!);
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
    ['select/top-k', 'other < page', 'other > page'],
  ])('of %s is refused, and the right one takes its place', async (name, from, to) => {
    const checks = await withVariants(name, async (right) => [
      await slip('subgroups', right, from, to),
      right,
    ]);
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
      await withVariants('linear/matmul', (right) => [broken, right]),
    );
    expect(refusedVariants).toEqual(['f16']);
    expect(warning).toContain('nonsense');
  });

  test('after another: both are refused, one after the other', async () => {
    const { refusedVariants } = await refuseWrongVariants(
      compiler,
      await withVariants('linear/matvec', async (right) => [
        await slip('subgroups', right, 'k < params.columns', 'k + 1u < params.columns'),
        await slip('portable', right, 'k < params.columns', 'k + 2u < params.columns'),
        right,
      ]),
    );
    expect(refusedVariants).toEqual(['subgroups', 'portable']);
  });

  test('is refused for kernels that passed with it, and those are tested again', async () => {
    const passing = await withVariants('linear/matvec', async (right) => [
      { ...right, name: 'subgroups' },
      await slip('portable', right, 'k < params.columns', 'k + 1u < params.columns'),
      right,
    ]);
    const failing = await withVariants('linear/matmul', async (right) => [
      await slip('subgroups', right, 'k < params.columns', 'k + 1u < params.columns'),
      right,
    ]);
    const { refusedVariants } = await refuseWrongVariants(compiler, [...passing, ...failing]);
    expect(refusedVariants).toEqual(['subgroups', 'portable']);
  });

  test('that cannot be fetched is not refused: the load fails with that', async () => {
    const away = () => Promise.reject(new TypeError('Failed to fetch'));
    const checks = await withVariants('linear/matmul', (right) => [
      { name: 'software', sources: [away] },
      right,
    ]);
    await expect(refuseWrongVariants(compiler, checks)).rejects.toMatchObject({ code: 'network' });
  });

  test('with none to take its place is an error', async () => {
    const checks = await withVariants('linear/matvec', async (right) => [
      await slip('naive', right, 'k < params.columns', 'k + 1u < params.columns'),
    ]);
    const error: unknown = await refuseWrongVariants(compiler, checks).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(EngineError);
    expect((error as EngineError).code).toBe('webgpu-unavailable');
    expect((error as EngineError).message).toMatch(
      /^This GPU computes wrong results, .*linear\/matvec:f32 gave/,
    );
    expect(device.buffers.use.total).toBe(0);
  });
});
