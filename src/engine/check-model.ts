/** What a load would come to, found out without one: no tensor is fetched, and nothing stays on the GPU. */
import { readModelConfig } from '../config/read-model-config';
import type { ModelConfig } from '../config/model-config';
import { Device, type AdapterDescription } from '../gpu/device';
import { planMemory } from '../runner/memory-plan';
import type { ModelSource } from '../source/model-source';
import { EngineError } from '../util/errors';
import { chooseFormats } from '../weights/choose-formats';
import { planTensors } from '../weights/tensor-plan';
import { findWeightFiles, readFileHeader, usualHeadBytes } from '../weights/weight-files';
import { weightBytes } from '../weights/weight-layout';
import type { EngineOptions } from './engine-options';
import { enginePlanOf, type EnginePlan } from './engine-plan';

/** What is known of a model before it is loaded; what could not be found out is absent. */
export interface ModelCheck {
  /** Why it cannot be loaded; absent where nothing speaks against it. */
  readonly error?: EngineError;
  /** The GPU, and whether it is a program on the CPU. */
  readonly adapter?: AdapterDescription;
  readonly isSoftwareAdapter?: boolean;
  /** Bytes of all weight files. */
  readonly downloadBytes?: number;
  /** Tokens that the model was made for. */
  readonly modelContextTokens?: number;
  /** What the load takes, and the context that it holds within `kv.gpuBytes`. A head profile that lies with the model is not looked at. */
  readonly plan?: EnginePlan;
}

/** Of a GPU that says nothing: WebGPU's default. */
const usualBindingBytes = 128 * 2 ** 20;

type CheckOptions = Pick<
  EngineOptions,
  'gpu' | 'kv' | 'weights' | 'useDefaultLimits' | 'disabledFeatures' | 'signal'
>;

/**
 * Looks at the GPU and at the headers of the model's files. Errors of a load are a part of the answer; the first of them is told.
 * @throws RangeError for options out of range, TypeError for what is no model's place; the signal's reason when aborted
 */
export async function checkModel(
  open: () => Promise<ModelSource>,
  options: CheckOptions,
): Promise<ModelCheck> {
  const known: { -readonly [K in keyof ModelCheck]: ModelCheck[K] } = {};
  /** Takes an error of the engine's as an answer. */
  const tried = async <T>(work: () => T | Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!(error instanceof EngineError)) throw error;
      known.error ??= error;
      return undefined;
    }
  };
  const device = await tried(() => Device.request(options));
  const maxBindingBytes = device?.maxBindingBytes ?? usualBindingBytes;
  if (device) {
    known.adapter = device.adapter;
    known.isSoftwareAdapter = device.isSoftware;
    device.destroy();
  }
  const source = await tried(open);
  const config = source && (await tried(() => readModelConfig(source, options.signal)));
  if (!config) return known;
  known.modelContextTokens = config.usualContext;
  const downloadBytes = await tried(() => sizeOfWeights(source, config, options.signal));
  if (downloadBytes === undefined) return known;
  known.downloadBytes = downloadBytes;
  const plan = await tried(async () => {
    const formats = await chooseFormats(source, config, options.weights, options.signal);
    return planMemory({
      config,
      weightBytes: weightBytes(config, formats, maxBindingBytes),
      maxBindingBytes,
      kv: options.kv ?? {},
    });
  });
  if (plan) known.plan = enginePlanOf(plan);
  return known;
}

/** Bytes of all weight files, by their headers. */
async function sizeOfWeights(
  source: ModelSource,
  config: ModelConfig,
  signal: AbortSignal | undefined,
): Promise<number> {
  let numBytes = 0;
  for (const file of await findWeightFiles(source, planTensors(config), signal, usualHeadBytes)) {
    const { headers, dataBytes = 0 } = file;
    const header = headers ? { tensors: headers, dataBytes } : await readFileHeader(source, file, signal);
    const ends = header.tensors.map(({ offsetBytes, sizeBytes }) => offsetBytes + sizeBytes);
    numBytes += header.dataBytes + ends.reduce((most, end) => Math.max(most, end), 0);
  }
  return numBytes;
}
