/**
 * Records dispatches and copies into one command encoder and submits them once. Parameters and lists of all dispatches
 * are gathered on the host and written to the GPU in one write before the submission, so recording creates no buffer.
 */
import { assert } from '../util/assert';
import { roundUp } from '../util/math';
import type { GpuBuffer } from './buffer';
import type { Device } from './device';
import {
  paramStrideBytes,
  type Arena,
  type BoundKernel,
  type Grid,
  type Kernel,
  type KernelCompiler,
} from './kernel';
import type { Profiler } from './profiler';

/** What was recorded since the recorder was made. */
interface RecorderCounts {
  dispatches: number;
  submits: number;
}

/** Sizes of the recorder's arena. */
interface RecorderOptions {
  /** Dispatches per submission, apart from what their lists take; recording more submits in between. */
  readonly maxDispatches?: number;
  /** Bytes of one list at most, and of room for lists in a submission; recording more submits in between. */
  readonly maxListBytes?: number;
  readonly profiler?: Profiler;
}

const defaultMaxDispatches = 1024;
const defaultMaxListBytes = 1 << 20;

/** GPU bytes of a recorder's arena. */
export function recorderBytes(options: RecorderOptions = {}): number {
  const { maxDispatches = defaultMaxDispatches, maxListBytes = defaultMaxListBytes } = options;
  return maxDispatches * paramStrideBytes + 2 * maxListBytes;
}

/** A workgroup count as a grid of at most 65,535 in x: a shader's flat index is `wg.y * numWorkgroups.x + wg.x`. */
export function flatGrid(numWorkgroups: number): Grid {
  const limit = 65_535;
  if (numWorkgroups <= limit) return [numWorkgroups];
  const rows = Math.ceil(numWorkgroups / limit);
  return [Math.ceil(numWorkgroups / rows), rows];
}

/** One recorder per device: a recording lasts from the first `dispatch` or `copy` to `submit`. */
export class Recorder {
  readonly counts: RecorderCounts = { dispatches: 0, submits: 0 };
  /** When set, times every dispatch in a pass of its own. */
  profiler: Profiler | undefined;
  /** When set, told of every dispatch as it is recorded. */
  onDispatch: ((kernel: string, grid: Grid) => void) | undefined;
  readonly #device: Device;
  /** Parameters and lists in the order of the dispatches, each at a multiple of `paramStrideBytes`. */
  readonly #arenaBuffer: GpuBuffer;
  readonly #arena: Arena;
  readonly #words: Uint32Array<ArrayBuffer>;
  readonly #floats: Float32Array<ArrayBuffer>;
  /** By place in the arena: whose parameters the host's copy has there. Most are the same from step to step. */
  readonly #written: ({ readonly kernel: Kernel; readonly params: object } | undefined)[] = [];
  #encoder: GPUCommandEncoder | undefined;
  #pass: GPUComputePassEncoder | undefined;
  #usedBytes = 0;
  readonly #callbacks: (() => void)[] = [];

  constructor(compiler: KernelCompiler, options: RecorderOptions = {}) {
    const { maxDispatches = defaultMaxDispatches, maxListBytes = defaultMaxListBytes } = options;
    const device = compiler.device;
    this.#device = device;
    this.profiler = options.profiler;
    this.#arenaBuffer = device.buffers.create({
      label: 'parameters and lists',
      category: 'staging',
      sizeBytes: recorderBytes(options),
      usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST,
    });
    this.#words = new Uint32Array((maxDispatches * paramStrideBytes + maxListBytes) / 4);
    this.#floats = new Float32Array(this.#words.buffer);
    // A dynamic offset plus the binding's size must stay inside the buffer: what follows the arena is only reach.
    this.#arena = { buffer: this.#arenaBuffer.handle, maxListBytes };
  }

  /**
   * Records one dispatch. `list` is what the shader sees at binding 17 (at most `maxListBytes`).
   * A grid with a zero dispatches nothing. `params` must not change afterwards: the same object means the same numbers.
   */
  dispatch<P extends string>(
    bound: BoundKernel<P>,
    params: Readonly<Record<NoInfer<P>, number>>,
    grid: Grid,
    list?: Uint32Array,
  ): void {
    const { kernel } = bound;
    const [x, y = 1, z = 1] = grid;
    if (x === 0 || y === 0 || z === 0) return;
    assert(kernel.hasList === (list !== undefined), `kernel '${kernel.name}' and its list do not agree`);
    const listBytes = roundUp(list?.byteLength ?? 0, paramStrideBytes);
    assert(
      listBytes <= this.#arena.maxListBytes,
      `a list of ${listBytes} bytes for '${kernel.name}' is too long`,
    );
    if (this.#usedBytes + paramStrideBytes + listBytes > this.#words.byteLength) this.submit();

    const paramOffset = this.#usedBytes;
    const listOffset = paramOffset + paramStrideBytes;
    this.#usedBytes = listOffset + listBytes;
    this.#encode(kernel, params, paramOffset);
    const pass = this.#beginPass(kernel.name);
    pass.setPipeline(kernel.pipeline);
    const group = bound.groupWith(this.#arena);
    if (list) {
      this.#words.set(list, listOffset / 4);
      this.#written.fill(undefined, listOffset / paramStrideBytes, this.#usedBytes / paramStrideBytes);
      pass.setBindGroup(0, group, [paramOffset, listOffset]);
    } else {
      pass.setBindGroup(0, group, [paramOffset]);
    }
    pass.dispatchWorkgroups(x, y, z);
    this.counts.dispatches++;
    this.onDispatch?.(kernel.name, grid);
    if (this.profiler) this.#endPass();
  }

  /** Records a copy between buffers: offsets and size in bytes, multiples of 4. */
  copy(
    source: GpuBuffer,
    sourceOffset: number,
    target: { readonly handle: GPUBuffer },
    targetOffset: number,
    sizeBytes: number,
  ): void {
    if (sizeBytes === 0) return;
    this.#endPass();
    this.#beginEncoder().copyBufferToBuffer(
      source.handle,
      sourceOffset,
      target.handle,
      targetOffset,
      sizeBytes,
    );
  }

  /** Records that bytes become zero: offset and size multiples of 4. */
  clear(buffer: GpuBuffer, offsetBytes: number, sizeBytes: number): void {
    this.#endPass();
    this.#beginEncoder().clearBuffer(buffer.handle, offsetBytes, sizeBytes);
  }

  /** Calls back right after the submission that what was recorded last will be part of: the time to map what it fills. */
  onSubmit(callback: () => void): void {
    assert(this.#encoder, 'only a recording has a submission to wait for');
    this.#callbacks.push(callback);
  }

  /** Submits what was recorded; does nothing when that is nothing. */
  submit(): void {
    if (!this.#encoder) return;
    this.#endPass();
    this.profiler?.resolve(this.#encoder);
    const { queue } = this.#device.handle;
    if (this.#usedBytes > 0) queue.writeBuffer(this.#arena.buffer, 0, this.#words, 0, this.#usedBytes / 4);
    queue.submit([this.#encoder.finish()]);
    this.counts.submits++;
    this.#encoder = undefined;
    this.#usedBytes = 0;
    for (const callback of this.#callbacks.splice(0)) callback();
  }

  destroy(): void {
    this.#arenaBuffer.destroy();
  }

  #encode<P extends string>(
    kernel: Kernel<string, P>,
    params: Readonly<Record<P, number>>,
    offsetBytes: number,
  ): void {
    const place = offsetBytes / paramStrideBytes;
    const written = this.#written[place];
    if (written?.params === params && written.kernel === kernel) return;
    this.#written[place] = { kernel, params };
    let word = offsetBytes / 4;
    for (const [name, type] of kernel.params) {
      // A negative i32 has the bits of the u32 that it is taken for.
      if (type === 'f32') this.#floats[word++] = params[name];
      else this.#words[word++] = params[name];
    }
  }

  #beginEncoder(): GPUCommandEncoder {
    return (this.#encoder ??= this.#device.handle.createCommandEncoder());
  }

  #beginPass(name: string): GPUComputePassEncoder {
    const timestampWrites = this.profiler?.nextPass(name);
    return (this.#pass ??= this.#beginEncoder().beginComputePass(timestampWrites && { timestampWrites }));
  }

  #endPass(): void {
    this.#pass?.end();
    this.#pass = undefined;
  }
}
