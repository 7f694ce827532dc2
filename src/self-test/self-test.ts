/** At start, on this very GPU: do the chosen kernels compute what they should? Where not, slower ones take their place. */
import type { KernelCompiler } from '../gpu/kernel';
import { readBuffer } from '../gpu/readback';
import { Recorder } from '../gpu/recorder';
import { EngineError } from '../util/errors';
import { fetched } from '../util/fetched';
import { attentionChecks } from './self-test-attention';
import type { SelfTestCheck, SelfTestShape } from './self-test-check';
import { linearChecks } from './self-test-linear';
import { selectionChecks } from './self-test-selection';

/** Of sums of some 70 products of numbers up to 1, so that f16 arithmetic passes and a wrong term does not. */
const tolerance = 0.02;

/** Matvec, matmul, decode attention, prefill attention, selection of pages. */
export function selfTestChecks(shape: SelfTestShape): SelfTestCheck[] {
  const selection = shape.isSelecting ? selectionChecks(shape) : [];
  return [...linearChecks(shape), ...attentionChecks(shape), ...selection];
}

/** What the self-test decided. */
interface SelfTestOutcome {
  /** Names of the variants that no kernel will use any more: `'subgroups'`, `'portable'`. */
  readonly refusedVariants: readonly string[];
  /** A sentence for the console when any was refused. */
  readonly warning: string | undefined;
}

/**
 * Runs the kernels that a model of `shape` will use on tiny data, before any other is compiled. A variant that gives wrong
 * numbers, or does not compile, is refused for all kernels.
 * @throws EngineError `webgpu-unavailable` when no variant is left that gives right numbers, `network` when one cannot be fetched
 */
export async function runSelfTest(compiler: KernelCompiler, shape: SelfTestShape): Promise<SelfTestOutcome> {
  const checks = selfTestChecks(shape);
  if (shape.isInt8) {
    const { int8Checks } = await fetched(import('./self-test-int8'));
    checks.push(...int8Checks(shape.weights));
  }
  return refuseWrongVariants(compiler, checks);
}

/** As `runSelfTest`, with checks of the caller's. */
export async function refuseWrongVariants(
  compiler: KernelCompiler,
  checks: readonly SelfTestCheck[],
): Promise<SelfTestOutcome> {
  const refusedVariants: string[] = [];
  const reasons: string[] = [];
  for (let numPassed = 0; numPassed < checks.length;) {
    const check = checks[numPassed]!;
    const fault = await findFault(compiler, check);
    if (!fault) {
      numPassed++;
      continue;
    }
    const suspect = check.steps
      .map(({ spec }) => ({ variant: compiler.chooseVariant(spec), last: spec.variants.at(-1) }))
      .find(({ variant, last }) => variant !== last);
    if (!suspect) {
      const message = `This GPU computes wrong results, even with the plainest kernels: ${fault.message}.`;
      throw new EngineError('webgpu-unavailable', message, { cause: fault });
    }
    compiler.refuseVariant(suspect.variant.name);
    refusedVariants.push(suspect.variant.name);
    reasons.push(`'${suspect.variant.name}' (${fault.message})`);
    // The other kernels now use another variant too, which has not been tested.
    numPassed = 0;
  }
  const warning = `Longpage does without kernels that do not work on this GPU: ${reasons.join(', ')}.`;
  return { refusedVariants, warning: reasons.length > 0 ? warning : undefined };
}

/** What is wrong with a check's result, if anything. */
async function findFault(compiler: KernelCompiler, check: SelfTestCheck): Promise<Error | undefined> {
  const name = check.steps[0]!.spec.name;
  const compiled = await Promise.allSettled(
    check.steps.map(({ spec, constants }) => compiler.compile(spec, constants)),
  );
  const failure = compiled.find((outcome) => outcome.status === 'rejected');
  if (failure) {
    compiler.device.throwIfFailed();
    // What could not be fetched is not wrong.
    if (failure.reason instanceof EngineError) throw failure.reason;
    return new Error(`${name} does not compile: ${String(failure.reason)}`, { cause: failure.reason });
  }
  const kernels = compiled.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  const actual = await run(compiler, check, kernels);
  const allowed = check.expected instanceof Uint32Array ? 0 : tolerance;
  const wrong = check.expected.findIndex(
    (value, i) => !(Math.abs(actual[i]! - value) <= allowed * (1 + Math.abs(value))),
  );
  if (wrong < 0) return undefined;
  return new Error(`${name} gave ${actual[wrong]} for ${check.expected[wrong]}`);
}

async function run(
  compiler: KernelCompiler,
  { steps, buffers, result, expected }: SelfTestCheck,
  kernels: readonly Awaited<ReturnType<KernelCompiler['compile']>>[],
): Promise<Float32Array | Uint32Array> {
  const { device } = compiler;
  const recorder = new Recorder(compiler, { maxDispatches: steps.length, maxListBytes: 256 });
  const created = new Map(
    [...new Set(Object.values(buffers))].map((data) => {
      const { byteLength: sizeBytes } = data;
      const buffer = device.buffers.create({ label: 'self-test', category: 'activations', sizeBytes });
      return [data, buffer] as const;
    }),
  );
  const bound = Object.fromEntries(Object.entries(buffers).map(([name, data]) => [name, created.get(data)]));
  try {
    for (const [data, buffer] of created) device.write(buffer, 0, data);
    steps.forEach(({ params, grid, list }, index) => {
      const kernel = kernels[index]!;
      recorder.dispatch(kernel.bind(bound), params, grid, list);
    });
    recorder.submit();
    const bytes = await readBuffer(device, bound[result]!);
    device.throwIfFailed();
    return expected instanceof Uint32Array ? new Uint32Array(bytes) : new Float32Array(bytes);
  } finally {
    for (const buffer of created.values()) buffer.destroy();
    recorder.destroy();
  }
}
