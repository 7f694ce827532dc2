/** Runs several kernels one after the other over shared buffers: what a single `KernelCase` cannot say. */
import type { Grid, KernelCompiler, KernelSpec } from '../../../src/gpu/kernel';
import { readBuffer } from '../../../src/gpu/readback';
import { Recorder } from '../../../src/gpu/recorder';
import { availableVariants, type BufferData } from '../harness';

/** One dispatch; bindings are named as the scene's buffers unless `bind` says otherwise. */
export interface Step {
  readonly spec: KernelSpec;
  readonly constants?: Readonly<Record<string, number>>;
  readonly bind?: Readonly<Record<string, string>>;
  readonly params: Readonly<Record<string, number>>;
  readonly grid: Grid;
  readonly list?: Uint32Array;
}

/**
 * Names of the variants of a spec that a shape is tried on: all that the adapter can run. A software adapter takes seconds to
 * compile what is written for GPUs (it clears workgroup memory word by word), so there only some shapes try that.
 */
export function testedVariants(
  compiler: KernelCompiler,
  spec: KernelSpec,
  isTriedEverywhere: boolean,
): string[] {
  const names = availableVariants(compiler.device, spec).map(({ name }) => name);
  const isSlow = compiler.device.features.has('software') && names.includes('software');
  return names.filter((name) => isTriedEverywhere || !isSlow || name !== 'portable');
}

/** Dispatches, and the buffers that they share, by name. */
export interface Scene {
  readonly data: Readonly<Record<string, BufferData>>;
  readonly steps: readonly Step[];
}

/**
 * Runs the steps in one submission and returns the bytes of `results`. A step whose spec has the variant `variantName`
 * uses it, any other its own choice.
 */
export async function runScene(
  compiler: KernelCompiler,
  { data, steps }: Scene,
  results: readonly string[],
  variantName?: string,
): Promise<Record<string, ArrayBuffer>> {
  const { device } = compiler;
  const buffers = new Map(
    Object.entries(data).map(([label, content]) => {
      const buffer = device.buffers.create({ label, category: 'activations', sizeBytes: content.byteLength });
      device.write(buffer, 0, content);
      return [label, buffer];
    }),
  );
  const recorder = new Recorder(compiler, { maxDispatches: Math.max(steps.length, 4) });
  try {
    for (const { spec, constants, bind = {}, params, grid, list } of steps) {
      const variant = spec.variants.find(({ name }) => name === variantName) ?? compiler.chooseVariant(spec);
      const kernel = await compiler.compile(spec, constants, variant);
      const bound = Object.fromEntries(
        Object.keys(spec.bindings).map((name) => {
          const buffer = buffers.get(bind[name] ?? name);
          if (!buffer) throw new Error(`the scene has no buffer '${bind[name] ?? name}' for '${spec.name}'`);
          return [name, buffer];
        }),
      );
      recorder.dispatch(kernel.bind(bound), params, grid, list);
    }
    recorder.submit();
    const read: Record<string, ArrayBuffer> = {};
    for (const name of results) {
      read[name] = await readBuffer(device, buffers.get(name)!, 0, data[name]!.byteLength);
    }
    device.throwIfFailed();
    return read;
  } finally {
    for (const buffer of buffers.values()) buffer.destroy();
    recorder.destroy();
  }
}
