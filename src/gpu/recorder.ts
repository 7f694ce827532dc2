/**
 * Records dispatches and copies into one command encoder and submits them once. Parameters and lists of all dispatches
 * are gathered on the host and written to the GPU in two writes before the submission, so recording creates no buffer.
 */
import { assert } from '../util/assert';
import { roundUp } from '../util/math';
import type { GpuBuffer } from './buffer';
import type { Device } from './device';
import { maxParamBytes, paramStrideBytes, type BoundKernel, type Grid, type KernelCompiler } from './kernel';
import type { Profiler } from './profiler';

/** What was recorded since the recorder was made. */
export interface RecorderCounts {
  dispatches: number;
  submits: number;
}

/** Sizes of the recorder's arenas. */
export interface RecorderOptions {
  /** Dispatches per submission; recording more submits in between. */
  readonly maxDispatches?: number;
  /** Bytes of lists per submission; recording more submits in between. */
  readonly maxListBytes?: number;
  readonly profiler?: Profiler;
}

const defaultMaxDispatches = 1024;
const defaultMaxListBytes = 1 << 20;

/** GPU bytes of a recorder's arenas. */
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
  readonly #device: Device;
  readonly #paramArena: GpuBuffer;
  readonly #listArena: GpuBuffer;
  readonly #params: DataView<ArrayBuffer>;
  readonly #lists: Uint32Array<ArrayBuffer>;
  readonly #paramsGroup: GPUBindGroup;
  readonly #paramsAndListGroup: GPUBindGroup;
  readonly #maxListBindingBytes: number;
  #encoder: GPUCommandEncoder | undefined;
  #pass: GPUComputePassEncoder | undefined;
  #numParams = 0;
  #listBytes = 0;
  readonly #callbacks: (() => void)[] = [];

  constructor(compiler: KernelCompiler, options: RecorderOptions = {}) {
    const { maxDispatches = defaultMaxDispatches, maxListBytes = defaultMaxListBytes } = options;
    const device = compiler.device;
    this.#device = device;
    this.profiler = options.profiler;
    this.#paramArena = device.buffers.create({
      label: 'parameters',
      category: 'staging',
      sizeBytes: maxDispatches * paramStrideBytes,
      usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    });
    // A dynamic offset plus the binding's size must stay inside the buffer: the second half is only reach.
    this.#maxListBindingBytes = maxListBytes;
    this.#listArena = device.buffers.create({
      label: 'lists',
      category: 'staging',
      sizeBytes: 2 * maxListBytes,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST,
    });
    this.#params = new DataView(new ArrayBuffer(maxDispatches * paramStrideBytes));
    this.#lists = new Uint32Array(maxListBytes / 4);
    const params = { binding: 0, resource: { buffer: this.#paramArena.handle, size: maxParamBytes } };
    const list = { binding: 1, resource: { buffer: this.#listArena.handle, size: maxListBytes } };
    this.#paramsGroup = device.handle.createBindGroup({ layout: compiler.layouts.params, entries: [params] });
    this.#paramsAndListGroup = device.handle.createBindGroup({
      layout: compiler.layouts.paramsAndList,
      entries: [params, list],
    });
  }

  /**
   * Records one dispatch. `list` is what the shader sees at group 1, binding 1 (at most `maxListBytes`).
   * A grid with a zero dispatches nothing.
   */
  dispatch<P extends string>(
    bound: BoundKernel<P>,
    params: Readonly<Record<NoInfer<P>, number>>,
    grid: Grid,
    list?: Uint32Array,
  ): void {
    const { kernel, group } = bound;
    const [x, y = 1, z = 1] = grid;
    if (x === 0 || y === 0 || z === 0) return;
    assert(kernel.hasList === (list !== undefined), `kernel '${kernel.name}' and its list do not agree`);
    const listBytes = roundUp(list?.byteLength ?? 0, 256);
    assert(
      listBytes <= this.#maxListBindingBytes,
      `a list of ${listBytes} bytes for '${kernel.name}' is too long`,
    );
    const isFull =
      (this.#numParams + 1) * paramStrideBytes > this.#params.byteLength ||
      this.#listBytes + listBytes > this.#maxListBindingBytes;
    if (isFull) this.submit();

    const paramOffset = this.#numParams++ * paramStrideBytes;
    let offset = paramOffset;
    for (const [name, type] of kernel.params) {
      const value = params[name];
      if (type === 'f32') this.#params.setFloat32(offset, value, true);
      else if (type === 'u32') this.#params.setUint32(offset, value, true);
      else this.#params.setInt32(offset, value, true);
      offset += 4;
    }
    const pass = this.#beginPass(kernel.name);
    pass.setPipeline(kernel.pipeline);
    pass.setBindGroup(0, group);
    if (list) {
      this.#lists.set(list, this.#listBytes / 4);
      pass.setBindGroup(1, this.#paramsAndListGroup, [paramOffset, this.#listBytes]);
      this.#listBytes += listBytes;
    } else {
      pass.setBindGroup(1, this.#paramsGroup, [paramOffset]);
    }
    pass.dispatchWorkgroups(x, y, z);
    this.counts.dispatches++;
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

  /** Whether anything was recorded since the last submission. */
  get isRecording(): boolean {
    return this.#encoder !== undefined;
  }

  /** Submits what was recorded; does nothing when that is nothing. */
  submit(): void {
    if (!this.#encoder) return;
    this.#endPass();
    this.profiler?.resolve(this.#encoder);
    const { queue } = this.#device.handle;
    if (this.#numParams > 0) {
      queue.writeBuffer(
        this.#paramArena.handle,
        0,
        this.#params.buffer,
        0,
        this.#numParams * paramStrideBytes,
      );
    }
    if (this.#listBytes > 0) {
      queue.writeBuffer(this.#listArena.handle, 0, this.#lists, 0, this.#listBytes / 4);
    }
    queue.submit([this.#encoder.finish()]);
    this.counts.submits++;
    this.#encoder = undefined;
    this.#numParams = 0;
    this.#listBytes = 0;
    for (const callback of this.#callbacks.splice(0)) callback();
  }

  destroy(): void {
    this.#paramArena.destroy();
    this.#listArena.destroy();
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
