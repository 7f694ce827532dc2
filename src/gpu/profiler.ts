/** Times dispatches on the GPU by timestamp queries, one pass a dispatch; a tool for benchmarks, off in normal use. */
import type { GpuBuffer } from './buffer';
import type { Device } from './device';

/** GPU time of one kernel over everything that was profiled. */
export interface KernelTime {
  readonly name: string;
  readonly numDispatches: number;
  readonly durationMs: number;
}

/** Collects up to `maxPasses` timed passes between two calls of `take`. */
export class Profiler {
  readonly #device: Device;
  readonly #querySet: GPUQuerySet;
  readonly #resolved: GpuBuffer;
  readonly #readable: GpuBuffer;
  readonly #maxPasses: number;
  #names: string[] = [];

  /** The device needs the feature `timestamp-query`. */
  constructor(device: Device, maxPasses = 2048) {
    this.#device = device;
    this.#maxPasses = maxPasses;
    this.#querySet = device.handle.createQuerySet({ type: 'timestamp', count: 2 * maxPasses });
    const sizeBytes = 16 * maxPasses;
    const shared = { category: 'staging', sizeBytes } as const;
    this.#resolved = device.buffers.create({
      ...shared,
      label: 'timestamps',
      usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
    });
    this.#readable = device.buffers.create({
      ...shared,
      label: 'timestamps read-back',
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
  }

  /** Where the next pass writes its times; undefined once `maxPasses` are taken. */
  nextPass(name: string): GPUComputePassTimestampWrites | undefined {
    const index = this.#names.length;
    if (index >= this.#maxPasses) return undefined;
    this.#names.push(name);
    return {
      querySet: this.#querySet,
      beginningOfPassWriteIndex: 2 * index,
      endOfPassWriteIndex: 2 * index + 1,
    };
  }

  /** Records the resolution of all times so far into a submission. */
  resolve(encoder: GPUCommandEncoder): void {
    if (this.#names.length === 0) return;
    encoder.resolveQuerySet(this.#querySet, 0, 2 * this.#names.length, this.#resolved.handle, 0);
    const sizeBytes = 16 * this.#names.length;
    encoder.copyBufferToBuffer(this.#resolved.handle, 0, this.#readable.handle, 0, sizeBytes);
  }

  /** Reads the times of everything submitted, summed by kernel, longest first, and starts anew. */
  async take(): Promise<KernelTime[]> {
    const names = this.#names;
    this.#names = [];
    await this.#readable.handle.mapAsync(GPUMapMode.READ);
    const times = new BigUint64Array(this.#readable.handle.getMappedRange());
    const sums = new Map<string, { numDispatches: number; durationMs: number }>();
    names.forEach((name, index) => {
      const sum = sums.get(name) ?? { numDispatches: 0, durationMs: 0 };
      sum.numDispatches++;
      sum.durationMs += Number(times[2 * index + 1]! - times[2 * index]!) / 1e6;
      sums.set(name, sum);
    });
    this.#readable.handle.unmap();
    this.#device.throwIfFailed();
    return [...sums].map(([name, sum]) => ({ name, ...sum })).sort((a, b) => b.durationMs - a.durationMs);
  }

  destroy(): void {
    this.#querySet.destroy();
    this.#resolved.destroy();
    this.#readable.destroy();
  }
}
