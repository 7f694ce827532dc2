/** Runs one kernel on the real adapter and returns what it wrote; cases compare that with the kernel's CPU twin. */
import { Device, type DeviceOptions } from '../../src/gpu/device';
import type { KernelCompiler } from '../../src/gpu/kernel';
import type { Grid, KernelSpec, KernelVariant } from '../../src/gpu/kernel';
import { readBuffer } from '../../src/gpu/readback';
import { Recorder } from '../../src/gpu/recorder';
import type { Tolerance } from '../support/compare';
import { gpu } from '../support/gpu-setup';

export type BufferData = Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Int32Array<ArrayBuffer>;

/** One kernel run with what it should write. */
export interface KernelCase {
  /** The shape in words, unique in its file. */
  readonly title: string;
  readonly spec: KernelSpec;
  readonly constants?: Readonly<Record<string, number>>;
  /** Initial content of every binding; an array may stand under several names to bind one buffer twice. */
  readonly buffers: Readonly<Record<string, BufferData>>;
  readonly params: Readonly<Record<string, number>>;
  readonly grid: Grid;
  readonly list?: Uint32Array;
  /** What the CPU twin gives, by binding name: bit-exact for integers, within `tolerance` for floats. */
  readonly expected: () => Readonly<Record<string, BufferData>>;
  readonly tolerance: Tolerance;
}

/** @throws EngineError `webgpu-unavailable`: no adapter is a failed run, never a skipped one. */
export function requestTestDevice(options: Omit<DeviceOptions, 'gpu'> = {}): Promise<Device> {
  return Device.request({ gpu, ...options });
}

/** All variants of a spec that this device can run; the portable one is always among them. */
export function availableVariants(device: Device, spec: KernelSpec): KernelVariant[] {
  return spec.variants.filter((variant) =>
    (variant.requires ?? []).every((name) => device.features.has(name)),
  );
}

/** Dispatches once and reads every `read_write` binding back. */
export async function runKernel(
  compiler: KernelCompiler,
  kernelCase: Omit<KernelCase, 'expected' | 'tolerance' | 'title'>,
  variant?: KernelVariant,
): Promise<Record<string, ArrayBuffer>> {
  const { spec, constants = {}, buffers, params, grid, list } = kernelCase;
  const { device } = compiler;
  const kernel = await compiler.compile(spec, constants, variant ?? compiler.chooseVariant(spec));
  const recorder = new Recorder(compiler, { maxDispatches: 4 });
  const created = new Map<BufferData, ReturnType<typeof device.buffers.create>>();
  const bound = Object.fromEntries(
    Object.keys(spec.bindings).map((name) => {
      const data = buffers[name];
      if (!data) throw new Error(`case of '${spec.name}' gives no data for '${name}'`);
      let buffer = created.get(data);
      if (!buffer) {
        buffer = device.buffers.create({ label: name, category: 'activations', sizeBytes: data.byteLength });
        device.write(buffer, 0, data);
        created.set(data, buffer);
      }
      return [name, buffer];
    }),
  );
  try {
    recorder.dispatch(kernel.bind(bound), params, grid, list);
    recorder.submit();
    const results: Record<string, ArrayBuffer> = {};
    for (const [name, access] of Object.entries(spec.bindings)) {
      const data = buffers[name]!;
      if (access === 'read_write') results[name] = await readBuffer(device, bound[name]!, 0, data.byteLength);
    }
    device.throwIfFailed();
    return results;
  } finally {
    for (const buffer of created.values()) buffer.destroy();
    recorder.destroy();
  }
}
