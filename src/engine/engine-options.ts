/** How a model is loaded, as the engine takes it. */
import type { DeviceFeature } from '../gpu/device';
import type { KvFormat } from '../kernels/attention/kv-format';
import type { WeightFormat } from '../kernels/linear/weight-format';
import type { LoadProgress } from '../weights/weight-loader';
import type { KvOptions } from '../runner/memory-plan';

/** How to load a model. */
export interface EngineOptions {
  /** Where to ask for a GPU: `navigator.gpu`, or Dawn's object under Node. */
  readonly gpu: GPU | undefined;
  /** Storage of the matrices. Default: as quantised files have them, else `'f16'`. */
  readonly weights?: WeightFormat;
  /** How a prompt is multiplied with matrices of 8 and 4 bits: in floats, or as `'int8'`, rounded to 8 bits. Default `'float'`. */
  readonly compute?: 'float' | 'int8';
  readonly kv?: KvOptions;
  /** Absolute URL of a folder with head profiles, named after the models' content as `npm run profile` does. */
  readonly profiles?: string;
  /** No feature and no limit beyond WebGPU's defaults. */
  readonly useDefaultLimits?: boolean;
  /** Features not to use although the adapter has them: the off-switch of the kernel variants. */
  readonly disabledFeatures?: readonly DeviceFeature[];
  /** When the device is lost, get another one and go on where everything was. Default true. */
  readonly recovery?: boolean;
  readonly onProgress?: (progress: LoadProgress) => void;
  readonly onWarning?: (message: string) => void;
  readonly signal?: AbortSignal;
}

/** The options that an engine goes by, once it is known what it finds. */
export interface LoadedOptions extends EngineOptions {
  readonly kv: KvOptions;
  /** The format of documents of this model that are stored, as `PlanInput` takes it. */
  readonly keptFormat?: KvFormat | undefined;
}
