/** What a GPU reads in a second at most: the yardstick for kernels that have nothing to do but read. */
import type { GpuBuffer } from '../../src/gpu/buffer';
import type { Device } from '../../src/gpu/device';
import { KernelCompiler, type KernelSpec } from '../../src/gpu/kernel';
import readWordsShader from './read-words.wgsl';
import { median } from './statistics';
import { TimedPass } from './timed-pass';

/** Bytes that a workgroup of `readWords` reads. */
const readBytesPerGroup = 16 * 256 * 16;

const readWords = {
  name: 'bench/read-words',
  bindings: { source: 'read', sink: 'read_write' },
  params: { numVectors: 'u32' },
  variants: [{ name: 'portable', sources: [readWordsShader] }],
} as const satisfies KernelSpec;

/** Reads a large buffer. A copy would not do: on some GPUs it runs on another engine, at a fifth of the memory's rate. */
export class Reading {
  readonly sizeBytes: number;
  readonly pass: TimedPass;
  readonly #buffers: readonly GpuBuffer[];

  private constructor(sizeBytes: number, pass: TimedPass, buffers: readonly GpuBuffer[]) {
    this.sizeBytes = sizeBytes;
    this.pass = pass;
    this.#buffers = buffers;
  }

  static async create(compiler: KernelCompiler, wantedBytes: number): Promise<Reading> {
    const { buffers, maxBindingBytes } = compiler.device;
    const sizeBytes = Math.min(wantedBytes, maxBindingBytes - (maxBindingBytes % readBytesPerGroup));
    const source = buffers.create({ label: 'what is read', category: 'staging', sizeBytes });
    const sink = buffers.create({ label: 'what is not written', category: 'staging', sizeBytes: 16 });
    const kernel = await compiler.compile(readWords);
    const bound = kernel.bind({ source, sink });
    const params = { numVectors: sizeBytes / 16 };
    const dispatch = { bound, params, grid: [sizeBytes / readBytesPerGroup] as const };
    return new Reading(sizeBytes, new TimedPass(compiler, [dispatch]), [source, sink]);
  }

  destroy(): void {
    this.pass.destroy();
    for (const buffer of this.#buffers) buffer.destroy();
  }
}

/** Bytes a second of a kernel that only reads, on an idle device: the median of several passes. */
export async function measureReading(device: Device): Promise<number> {
  const isSoftware = device.features.has('software');
  const reading = await Reading.create(new KernelCompiler(device), isSoftware ? 2 ** 26 : 2 ** 30);
  try {
    const times: number[] = [];
    // The first one warms up.
    for (let pass = 0; pass <= (isSoftware ? 3 : 9); pass++) times.push(await reading.pass.run(1));
    return reading.sizeBytes / (median(times.slice(1)) / 1000);
  } finally {
    reading.destroy();
  }
}
