/** A fixed list of dispatches in one compute pass, timed by the GPU's own clock from its first to its last. */
import type { GpuBuffer } from '../../src/gpu/buffer';
import type { Device } from '../../src/gpu/device';
import {
  paramStrideBytes,
  type Arena,
  type BoundKernel,
  type Grid,
  type KernelCompiler,
} from '../../src/gpu/kernel';
import { readBuffer } from '../../src/gpu/readback';
import type { Recorder } from '../../src/gpu/recorder';
import type { Operation } from '../../src/graph/linear-context';

/** One recorded dispatch. */
export interface Dispatch {
  readonly bound: BoundKernel;
  readonly params: Readonly<Record<string, number>>;
  readonly grid: Grid;
}

/** What the operations dispatch, in order, unrecorded. They may dispatch kernels without lists and nothing else. */
export function collectDispatches(operations: readonly Operation[]): Dispatch[] {
  const dispatches: Dispatch[] = [];
  const collector: Pick<Recorder, 'dispatch'> = {
    dispatch: (bound, params, grid) => {
      dispatches.push({ bound, params, grid });
    },
  };
  for (const operation of operations) operation(collector as Recorder);
  return dispatches;
}

/** Replays dispatches without the cost of recording them anew being measured. */
export class TimedPass {
  readonly #device: Device;
  readonly #dispatches: readonly Dispatch[];
  readonly #params: GpuBuffer;
  readonly #arena: Arena;
  readonly #timestamps: { readonly querySet: GPUQuerySet; readonly resolved: GpuBuffer } | undefined;

  constructor(compiler: KernelCompiler, dispatches: readonly Dispatch[]) {
    const { device } = compiler;
    this.#device = device;
    this.#dispatches = dispatches;
    this.#params = device.buffers.create({
      label: 'parameters',
      category: 'staging',
      sizeBytes: dispatches.length * paramStrideBytes,
      usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    });
    device.write(this.#params, 0, encodeParams(dispatches));
    this.#arena = { buffer: this.#params.handle, maxListBytes: 0 };
    if (device.features.has('timestamp-query')) {
      this.#timestamps = {
        querySet: device.handle.createQuerySet({ type: 'timestamp', count: 2 }),
        resolved: device.buffers.create({
          label: 'timestamps',
          category: 'staging',
          sizeBytes: 16,
          usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
        }),
      };
    }
  }

  /** Milliseconds of one of `repeats` runs through the list; by the host's clock where the device has no timestamps. */
  async run(repeats: number): Promise<number> {
    const { handle } = this.#device;
    const encoder = handle.createCommandEncoder();
    const timestampWrites = this.#timestamps && {
      querySet: this.#timestamps.querySet,
      beginningOfPassWriteIndex: 0,
      endOfPassWriteIndex: 1,
    };
    const pass = encoder.beginComputePass(timestampWrites && { timestampWrites });
    for (let i = 0; i < repeats; i++) this.#encode(pass);
    pass.end();
    if (this.#timestamps) {
      encoder.resolveQuerySet(this.#timestamps.querySet, 0, 2, this.#timestamps.resolved.handle, 0);
    }
    const commands = encoder.finish();
    const startedAt = performance.now();
    handle.queue.submit([commands]);
    await handle.queue.onSubmittedWorkDone();
    const hostMs = performance.now() - startedAt;
    if (!this.#timestamps) return hostMs / repeats;
    const [begin, end] = new BigUint64Array(await readBuffer(this.#device, this.#timestamps.resolved));
    return Number(end! - begin!) / 1e6 / repeats;
  }

  destroy(): void {
    this.#params.destroy();
    this.#timestamps?.querySet.destroy();
    this.#timestamps?.resolved.destroy();
  }

  #encode(pass: GPUComputePassEncoder): void {
    for (const [index, { bound, grid }] of this.#dispatches.entries()) {
      pass.setPipeline(bound.kernel.pipeline);
      pass.setBindGroup(0, bound.groupWith(this.#arena), [index * paramStrideBytes]);
      pass.dispatchWorkgroups(...(grid as [number, number?, number?]));
    }
  }
}

function encodeParams(dispatches: readonly Dispatch[]): ArrayBuffer {
  const view = new DataView(new ArrayBuffer(dispatches.length * paramStrideBytes));
  for (const [index, { bound, params }] of dispatches.entries()) {
    for (const [place, [name, type]] of bound.kernel.params.entries()) {
      const offset = index * paramStrideBytes + 4 * place;
      const value = params[name]!;
      if (type === 'f32') view.setFloat32(offset, value, true);
      else if (type === 'u32') view.setUint32(offset, value, true);
      else view.setInt32(offset, value, true);
    }
  }
  return view.buffer;
}
