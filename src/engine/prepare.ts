/** From a device and a model's source to everything that an engine runs on. */
import type { Device } from '../gpu/device';
import { KernelCompiler } from '../gpu/kernel';
import { hasScales, type MatrixFormat } from '../kernels/linear/matrix-format';
import { matvecTuning } from '../kernels/linear/matvec';
import { isSelecting, slowKernels } from '../graph/kernel-list';
import { withEndIds, type ModelConfig } from '../config/model-config';
import type { ModelSource } from '../source/model-source';
import { ContentDigest } from '../weights/content-digest';
import { chooseFormats } from '../weights/choose-formats';
import { loadWeights, type LoadProgress } from '../weights/weight-loader';
import { weightBytes } from '../weights/weight-layout';
import { destroyWeights, type ModelWeights } from '../weights/weights';
import type { BackedHostStore } from '../offload/backed-host-store';
import type { HeadProfile } from '../stability/head-profile';
import { fetched } from '../util/fetched';
import { together } from '../util/together';
import type { EngineOptions, LoadedOptions } from './engine-options';
import type { TextFiles } from '../prompt/text-files';
import { planMemory } from '../runner/memory-plan';
import { ModelRunner } from '../runner/model-runner';
import { openPlannedStore } from '../runner/runner-parts';
import { runSelfTest } from '../self-test/self-test';
import type { StabilityObserver } from '../stability/stability-observer';

/** What an engine runs on; a lost device takes all but the host store with it. */
export interface EngineParts {
  readonly device: Device;
  readonly compiler: KernelCompiler;
  readonly weights: ModelWeights;
  readonly runner: ModelRunner;
  /** Digest of the weights' bytes. */
  readonly weightsId: string;
  /** What `MatrixFormats` calls the weights' formats. */
  readonly weightFormats: string;
  readonly hostStore: BackedHostStore;
  readonly refusedVariants: readonly string[];
}

/** What comes from elsewhere than the model's source. */
interface PrepareExtras {
  /** Pages outside the GPU that are there; it stays the caller's. */
  readonly store?: BackedHostStore;
  /** What measured stability on a device before. */
  readonly observer?: StabilityObserver | undefined;
  /** What earlier loads measured. */
  readonly measured?: HeadProfile | undefined;
  /** What the text files add to the configuration's `eosIds`; a load ends where they cannot be read. */
  readonly reading?: Promise<Pick<TextFiles, 'endIds'>>;
}

/**
 * Compiles kernels and tests them while the weights come; then binds them.
 * @throws EngineError `gpu-memory`, `limit-too-small`, `network`, `weights-corrupt`, `model-unsupported`, `device-lost`,
 * `storage-quota`; RangeError for options out of range; the signal's reason when aborted
 */
export async function prepare(
  device: Device,
  config: ModelConfig,
  source: ModelSource,
  options: EngineOptions & Pick<LoadedOptions, 'keptFormat'>,
  { store, observer, measured, reading = Promise.resolve({ endIds: [] }) }: PrepareExtras,
): Promise<EngineParts> {
  const { kv = {}, compute, keptFormat, onWarning, signal } = options;
  let progress: LoadProgress | undefined;
  const report = (told: LoadProgress) => options.onProgress?.((progress = told));
  /** Another phase, with all bytes there. */
  const begin = (phase: LoadProgress['phase']) => progress && report({ ...progress, phase });
  const formats = await chooseFormats(source, config, options.weights, signal);
  const { maxBindingBytes } = device;
  const isInt8 = compute === 'int8' && device.features.has('packed-dot') && formats.all.some(hasScales);
  if (compute === 'int8' && !isInt8) {
    const reason = device.features.has('packed-dot')
      ? 'no weights of the model have 8 or 4 bits'
      : 'this browser has no dot products of packed bytes';
    onWarning?.(`Longpage computes with floats although compute is 'int8': ${reason}.`);
  }
  // The plan comes first: a context that cannot fit is refused before a byte of weights is fetched.
  const plan = planMemory({
    config,
    weightBytes: weightBytes(config, formats, maxBindingBytes),
    maxBindingBytes,
    kv,
    keptFormat,
    isInt8,
  });
  const compiler = new KernelCompiler(device);
  compiler.warmUp(slowKernels(config, formats, plan.cache, device.features));
  const { headDim, numHeads, numKvHeads } = config;
  const shape = {
    weights: formats.all,
    isInt8,
    kv: plan.cache.format,
    headDim,
    group: numHeads / numKvHeads,
    isSelecting: isSelecting(config, plan.cache),
    isFused: device.features.has('fused-selection'),
    tunings: (format: MatrixFormat) =>
      [config.vocabSize, config.hiddenSize].map((numRows) =>
        matvecTuning({ format, numRows, rows: 1, isGated: false }, device.features),
      ),
  };
  let weights: ModelWeights | undefined;
  let hostStore = store;
  const digest = new ContentDigest();
  try {
    const [{ refusedVariants, warning }, , { endIds }] = await together(signal, (either) => [
      runSelfTest(compiler, shape),
      loadWeights(device, config, source, {
        format: formats,
        digest,
        signal: either,
        onProgress: report,
      }).then((loaded) => {
        weights = loaded;
        begin('self-test');
      }),
      reading,
    ]);
    if (warning) onWarning?.(warning);
    begin('kernels');
    hostStore ??= await openPlannedStore(plan, onWarning);
    // A lost device has its observer from before: it needs nothing from the network here.
    const meter =
      observer ??
      (plan.observe &&
        (await fetched(import('../stability/stability-observer'))).newObserver(config, plan, measured));
    const complete = withEndIds(config, endIds);
    const runner = await ModelRunner.create(
      { compiler, config: complete, weights: weights!, plan, store: hostStore },
      meter,
    );
    if (signal?.aborted) runner.destroy();
    signal?.throwIfAborted();
    const weightsId = await digest.finish();
    begin('ready');
    return {
      device,
      compiler,
      weights: weights!,
      runner,
      hostStore,
      weightsId,
      // Pages that were computed otherwise are not these.
      weightFormats: isInt8 ? `${formats.name}, int8` : formats.name,
      refusedVariants,
    };
  } catch (error) {
    if (weights) destroyWeights(weights);
    if (!store) await hostStore?.close();
    throw error;
  }
}
