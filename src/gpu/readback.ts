/** A ring of mappable buffers: what a step sends back is copied into one and read without stopping the GPU. */
import { assert } from '../util/assert';
import { EngineError } from '../util/errors';
import { roundUp } from '../util/math';
import { bufferAlignment, type GpuBuffer } from './buffer';
import type { Device } from './device';

/** One use of one buffer of the ring: record copies into `buffer`, submit, then `read` once. */
export interface ReadbackSlot {
  readonly buffer: GpuBuffer;
  /** Resolves to a copy of the first `sizeBytes` bytes and gives the slot back. */
  read(sizeBytes: number): Promise<ArrayBuffer>;
}

/** GPU bytes of a ring. */
export function readbackBytes(numSlots: number, slotBytes: number): number {
  return numSlots * roundUp(slotBytes, bufferAlignment);
}

/** `numSlots` buffers of `slotBytes` bytes, created once. */
export class ReadbackRing {
  readonly slotBytes: number;
  readonly #device: Device;
  readonly #free: GpuBuffer[] = [];
  readonly #all: readonly GpuBuffer[];

  constructor(device: Device, numSlots: number, slotBytes: number, label = 'read-back') {
    this.slotBytes = slotBytes;
    this.#device = device;
    for (let i = 0; i < numSlots; i++) {
      this.#free.push(
        device.buffers.create({
          label,
          category: 'staging',
          sizeBytes: slotBytes,
          usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
        }),
      );
    }
    this.#all = [...this.#free];
  }

  get numFree(): number {
    return this.#free.length;
  }

  /** Takes a free slot: there must be one, since its users bound what is in flight. */
  acquire(): ReadbackSlot {
    const buffer = this.#free.pop();
    assert(buffer, 'no free read-back slot');
    const release = () => this.#free.push(buffer);
    return {
      buffer,
      read: async (sizeBytes) => {
        try {
          await buffer.handle.mapAsync(GPUMapMode.READ, 0, sizeBytes);
        } catch (cause) {
          release();
          this.#device.throwIfFailed();
          throw new EngineError('device-lost', 'The GPU device went away while results were being read.', {
            cause,
          });
        }
        const copy = buffer.handle.getMappedRange(0, sizeBytes).slice(0);
        buffer.handle.unmap();
        release();
        return copy;
      },
    };
  }

  destroy(): void {
    for (const buffer of this.#all) buffer.destroy();
  }
}

/** Reads a buffer once, outside any loop: for tests, self-tests and benchmarks. */
export async function readBuffer(
  device: Device,
  source: GpuBuffer,
  offsetBytes = 0,
  sizeBytes = source.sizeBytes - offsetBytes,
): Promise<ArrayBuffer> {
  const ring = new ReadbackRing(device, 1, sizeBytes);
  try {
    const slot = ring.acquire();
    const encoder = device.handle.createCommandEncoder();
    encoder.copyBufferToBuffer(source.handle, offsetBytes, slot.buffer.handle, 0, sizeBytes);
    device.handle.queue.submit([encoder.finish()]);
    return await slot.read(sizeBytes);
  } finally {
    ring.destroy();
  }
}
