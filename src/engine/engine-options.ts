/** How a model is loaded, as the engine takes it. */
import type { DeviceFeature } from '../gpu/device';
import type { KvFormat } from '../kernels/attention/kv-format';
import type { WeightFormat } from '../kernels/linear/weight-format';
import type { LoadProgress } from '../weights/weight-loader';
import type { KvOptions } from '../runner/memory-plan';

/** How a model is loaded, as far as it can be said in a message to a worker. */
export interface LoadSettings {
  readonly weights?: WeightFormat;
  /**
   * How a prompt is multiplied with matrices of 8 and 4 bits. `'int8'` rounds it to 8 bits, 32 numbers with one scale, and multiplies
   * integers, which takes a GPU half the time; results then differ by some thousandths. Where the browser cannot, it is done in
   * floats, and `stats().compute` says so. Default `'float'`.
   */
  readonly compute?: 'float' | 'int8';
  readonly kv?: KvOptions;
  /** URL of a folder with head profiles, named after the models' content as `npm run profile` does. */
  readonly profiles?: string;
  /** When the GPU device is lost, get another one and go on where everything was. Default true. */
  readonly recovery?: boolean;
  /** No feature of WebGPU, and no limit beyond its defaults. Default false. */
  readonly useDefaultLimits?: boolean;
  /**
   * Features of WebGPU not to use where a GPU has them; with `'whole-lists'` unstable heads choose among any number of pages beyond
   * their budget. Default none.
   */
  readonly disabledFeatures?: readonly ('subgroups' | 'timestamp-query' | 'whole-lists')[];
}

/** How to load a model where the GPU is at hand. */
export interface EngineOptions extends Omit<LoadSettings, 'disabledFeatures'> {
  /** Where to ask for a GPU: `navigator.gpu`, or Dawn's object under Node. */
  readonly gpu: GPU | undefined;
  /** Features not to use although the adapter has them: the off-switch of the kernel variants. */
  readonly disabledFeatures?: readonly DeviceFeature[];
  readonly onProgress?: (progress: LoadProgress) => void;
  readonly onWarning?: (message: string) => void;
  readonly signal?: AbortSignal;
}

/** The options that an engine uses, once it is known what it finds. */
export interface LoadedOptions extends EngineOptions {
  readonly kv: KvOptions;
  /** The format of documents of this model that are stored, as `PlanInput` takes it. */
  readonly keptFormat?: KvFormat | undefined;
}
