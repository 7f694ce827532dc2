/** Requests a WebGPU device with explicit limits and features, and keeps what goes wrong on it for the next call. */
import { EngineError } from '../util/errors';
import { BufferAccount } from './buffer';

/**
 * What some kernel or variant needs; each can be switched off. Eight are no features of WebGPU: `packed-dot`, its language has dot
 * products of packed bytes; `software`, the adapter is a program on the CPU, for which a kernel without barriers and workgroup memory
 * is much faster; and where it is none,
 * `fused-selection`, a dispatch less is worth one kernel that scores and selects pages, `loads-ahead`, weights are worth
 * loading several steps ahead, `wide-teams`, small matrices are worth more invocations a row, `wide-sampling`, large
 * vocabularies are worth a dispatch more, `whole-lists`, attending a few hundred pages costs less than choosing among them, and
 * `gathered-pages`, many small copies cost more than a dispatch a layer and one copy.
 */
export type DeviceFeature =
  | 'subgroups'
  | 'timestamp-query'
  | 'packed-dot'
  | 'software'
  | 'fused-selection'
  | 'loads-ahead'
  | 'wide-teams'
  | 'wide-sampling'
  | 'whole-lists'
  | 'gathered-pages';

const optionalFeatures = ['subgroups', 'timestamp-query'] as const;

/** What only an adapter that is no program on the CPU has. */
const hardwareFeatures = [
  'fused-selection',
  'loads-ahead',
  'wide-teams',
  'wide-sampling',
  'whole-lists',
  'gathered-pages',
] as const;

/** The language feature of WGSL that `packed-dot` stands for. */
const packedDot = 'packed_4x8_integer_dot_product';

/** Limits that we raise when the adapter grants more than the specification's default. */
const raisedLimits = ['maxBufferSize', 'maxStorageBufferBindingSize'] as const;

/** What to ask the adapter for. */
export interface DeviceOptions {
  /** Where to ask for the adapter: `navigator.gpu`, or Dawn's object under Node. */
  readonly gpu: GPU | undefined;
  readonly powerPreference?: GPUPowerPreference;
  /** Ask for no feature and no limit beyond the specification's defaults. */
  readonly useDefaultLimits?: boolean;
  /** Features to leave off although the adapter has them. */
  readonly disabledFeatures?: readonly DeviceFeature[];
}

/** What identifies the adapter to a person. */
export interface AdapterDescription {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
}

/** What an adapter says of itself. Before Chrome 127 it has no `info`, and a program on the CPU says so elsewhere. */
function describeAdapter(adapter: GPUAdapter) {
  const { info, isFallbackAdapter = false } = adapter as {
    info?: Partial<GPUAdapterInfo>;
    isFallbackAdapter?: boolean;
  };
  return {
    vendor: info?.vendor ?? '',
    architecture: info?.architecture ?? '',
    device: info?.device ?? '',
    description: info?.description ?? '',
    isFallbackAdapter: info?.isFallbackAdapter ?? isFallbackAdapter,
  };
}

/** Browsers that know no features of the language do not list them. */
function hasPackedDot(gpu: GPU): boolean {
  return (gpu as Partial<GPU>).wgslLanguageFeatures?.has(packedDot) ?? false;
}

/** A device, its buffers and its fate. Owns everything created on it. */
export class Device {
  readonly handle: GPUDevice;
  readonly adapter: AdapterDescription;
  readonly buffers: BufferAccount;
  readonly features: ReadonlySet<DeviceFeature>;
  /** Whether the adapter is a program on the CPU. */
  readonly isSoftware: boolean;
  /** Resolves when the device is lost for any reason but `destroy()`. */
  readonly lost: Promise<EngineError>;
  #failure: EngineError | undefined;
  #isDestroyed = false;
  readonly #keepError = (event: GPUUncapturedErrorEvent) => {
    event.preventDefault();
    this.#failure ??= asEngineError(event.error);
  };

  private constructor(
    handle: GPUDevice,
    adapter: AdapterDescription,
    features: ReadonlySet<DeviceFeature>,
    isSoftware: boolean,
  ) {
    this.handle = handle;
    this.adapter = adapter;
    this.features = features;
    this.isSoftware = isSoftware;
    this.buffers = new BufferAccount(handle);
    handle.addEventListener('uncapturederror', this.#keepError);
    this.lost = new Promise((resolve) => {
      void handle.lost.then((info) => {
        if (this.#isDestroyed) return;
        const error = new EngineError(
          'device-lost',
          `The GPU device was lost (${info.reason}): ${info.message.replace(/\.$/, '') || 'no reason given'}.`,
        );
        this.#failure = error;
        resolve(error);
      });
    });
  }

  /**
   * What asks for adapters.
   * @throws EngineError `webgpu-unavailable` where there is no WebGPU: then nothing else that needs a secure context is there either
   */
  static offered(gpu: GPU | undefined): GPU {
    if (gpu) return gpu;
    throw new EngineError('webgpu-unavailable', 'This browser or context does not offer WebGPU.');
  }

  /** @throws EngineError `webgpu-unavailable` when there is no WebGPU, no adapter, or no device. */
  static async request(options: DeviceOptions): Promise<Device> {
    const { useDefaultLimits = false, disabledFeatures = [] } = options;
    const gpu = Device.offered(options.gpu);
    const adapter = await gpu.requestAdapter({
      powerPreference: options.powerPreference ?? 'high-performance',
    });
    if (!adapter) throw new EngineError('webgpu-unavailable', 'WebGPU is here, but no GPU adapter answered.');
    const requiredFeatures = useDefaultLimits
      ? []
      : optionalFeatures.filter((name) => adapter.features.has(name) && !disabledFeatures.includes(name));
    const requiredLimits = useDefaultLimits
      ? {}
      : Object.fromEntries(raisedLimits.map((name) => [name, adapter.limits[name]]));
    try {
      const handle = await adapter.requestDevice({ requiredFeatures, requiredLimits });
      const info = describeAdapter(adapter);
      const isSoftware = info.isFallbackAdapter && !disabledFeatures.includes('software');
      const features = new Set<DeviceFeature>([
        ...requiredFeatures,
        ...(hasPackedDot(gpu) && !disabledFeatures.includes('packed-dot') ? (['packed-dot'] as const) : []),
        ...(isSoftware ? (['software'] as const) : []),
        ...(isSoftware ? [] : hardwareFeatures.filter((name) => !disabledFeatures.includes(name))),
      ]);
      const { vendor, architecture, device, description } = info;
      const names = { vendor, architecture, device, description };
      return new Device(handle, names, features, info.isFallbackAdapter);
    } catch (cause) {
      throw new EngineError('webgpu-unavailable', 'The GPU adapter refused to give a device.', { cause });
    }
  }

  get limits(): GPUSupportedLimits {
    return this.handle.limits;
  }

  /** Largest bytes that one storage binding may cover: matrices and pools are cut into slabs of at most this. */
  get maxBindingBytes(): number {
    return Math.min(this.limits.maxStorageBufferBindingSize, this.limits.maxBufferSize);
  }

  /**
   * Whether the device is lost: a browser may tell that a moment after the failure of what ran on it. Waits for several turns of
   * the event loop, because on a busy machine a single one may take longer than any moment.
   */
  async isLost(): Promise<boolean> {
    let isLost = false;
    const lost = this.lost.then(() => (isLost = true));
    for (let turn = 0; turn < 10 && !isLost; turn++) {
      await Promise.race([lost, new Promise((resolve) => setTimeout(resolve, 20))]);
    }
    return isLost;
  }

  /**
   * Why something failed: the loss of the device where it is lost, else `error` itself. What a lost device makes fail does not
   * speak of it: a GPU process that has died for want of memory leaves error scopes without an answer.
   */
  async reasonOf(error: unknown): Promise<unknown> {
    if (error instanceof EngineError || !(await this.isLost())) return error;
    return this.#failure ?? error;
  }

  /** Raises a late error of an earlier call. @throws EngineError `device-lost`, `gpu-memory` */
  throwIfFailed(): void {
    if (this.#failure) throw this.#failure;
  }

  /** Writes to a buffer, ordered before every later submission. */
  write(
    buffer: { readonly handle: GPUBuffer },
    offsetBytes: number,
    data: ArrayBuffer | ArrayBufferView<ArrayBuffer>,
  ): void {
    this.handle.queue.writeBuffer(buffer.handle, offsetBytes, data);
  }

  /**
   * Runs `allocate` inside an out-of-memory scope.
   * @throws EngineError `gpu-memory` when the device could not allocate; `release` is then the caller's to do.
   */
  async allocating<T>(what: string, allocate: () => T): Promise<T> {
    this.handle.pushErrorScope('out-of-memory');
    let result: T;
    let failure: Promise<GPUError | null>;
    try {
      result = allocate();
    } finally {
      failure = this.handle.popErrorScope();
    }
    const error = await failure;
    if (error) {
      throw new EngineError('gpu-memory', `The GPU has no room for ${what}.`, {
        cause: new Error(error.message),
      });
    }
    return result;
  }

  destroy(): void {
    this.#isDestroyed = true;
    this.handle.removeEventListener('uncapturederror', this.#keepError);
    this.handle.destroy();
  }
}

function asEngineError(error: GPUError): EngineError {
  const code = error instanceof GPUOutOfMemoryError ? 'gpu-memory' : 'device-lost';
  return new EngineError(code, `The GPU reported an error: ${error.message}`, { cause: error });
}
