/** GPU buffers, every byte of which is accounted by category; not what is stored in them. */
import { assert } from '../util/assert';
import { roundUp } from '../util/math';

/** What a buffer's bytes are for, as `plan()` and `stats()` report them. */
export const bufferCategories = [
  'weights',
  'kv',
  'summaries',
  'tables',
  'tiles',
  'activations',
  'sampler',
  'staging',
] as const;

/** One of `bufferCategories`. */
export type BufferCategory = (typeof bufferCategories)[number];

/** Bytes by category. */
export type BytesByCategory = Record<BufferCategory, number>;

/** Nothing in any category. */
export function noBytes(): BytesByCategory {
  return Object.fromEntries(bufferCategories.map((name) => [name, 0])) as BytesByCategory;
}

/** Adds what `bytes` has to `total`. */
export function addBytes(total: BytesByCategory, bytes: Partial<BytesByCategory>): void {
  for (const name of bufferCategories) total[name] += bytes[name] ?? 0;
}

/** Live and peak bytes; the peak of the total is of one moment, not a sum of peaks. */
interface MemoryUse {
  readonly live: BytesByCategory;
  readonly total: number;
  readonly peakTotal: number;
}

/** One GPU buffer. Whoever created it destroys it, once. */
export interface GpuBuffer {
  readonly handle: GPUBuffer;
  readonly label: string;
  readonly category: BufferCategory;
  readonly sizeBytes: number;
  destroy(): void;
}

/** What a buffer is to be. */
interface BufferDescriptor {
  readonly label: string;
  readonly category: BufferCategory;
  /** Rounded up to a multiple of 16, so that any vector type can view the whole buffer. */
  readonly sizeBytes: number;
  /** Defaults to storage that can be copied from and to. */
  readonly usage?: GPUBufferUsageFlags;
  readonly mappedAtCreation?: boolean;
}

/** Sizes of buffers are multiples of this. */
export const bufferAlignment = 16;

/** Creates buffers on one device and keeps the sum of their sizes. */
export class BufferAccount {
  readonly #device: GPUDevice;
  readonly #live = noBytes();
  #total = 0;
  #peakTotal = 0;
  #numCreated = 0;

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** How many buffers were ever created: a decode step must not move it. */
  get numCreated(): number {
    return this.#numCreated;
  }

  get use(): MemoryUse {
    return { live: { ...this.#live }, total: this.#total, peakTotal: this.#peakTotal };
  }

  /** Starts a new peak measurement from what is live now. */
  resetPeak(): void {
    this.#peakTotal = this.#total;
  }

  /** @throws EngineError never directly: an out-of-memory is reported by the device's error scopes. */
  create(descriptor: BufferDescriptor): GpuBuffer {
    const { label, category, mappedAtCreation = false } = descriptor;
    assert(descriptor.sizeBytes > 0, `buffer '${label}' needs a size, got ${descriptor.sizeBytes}`);
    const sizeBytes = roundUp(descriptor.sizeBytes, bufferAlignment);
    const usage =
      descriptor.usage ?? GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    const handle = this.#device.createBuffer({ label, size: sizeBytes, usage, mappedAtCreation });
    this.#numCreated++;
    this.#live[category] += sizeBytes;
    this.#total += sizeBytes;
    this.#peakTotal = Math.max(this.#peakTotal, this.#total);
    let isLive = true;
    return {
      handle,
      label,
      category,
      sizeBytes,
      destroy: () => {
        assert(isLive, `buffer '${label}' destroyed twice`);
        isLive = false;
        handle.destroy();
        this.#live[category] -= sizeBytes;
        this.#total -= sizeBytes;
      },
    };
  }
}
