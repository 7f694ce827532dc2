/**
 * A compute kernel as data (`KernelSpec`), compiled for one device (`Kernel`) and bound to its buffers (`BoundKernel`).
 * One bind group holds a kernel's own storage buffers, the dispatch's parameters and, where asked for, its list; these two at
 * dynamic offsets in an arena that the recorder fills: so a dispatch sets one bind group alone, and creates it only if it is the
 * kernel's first with these buffers.
 */
import { assert } from '../util/assert';
import { fetched } from '../util/fetched';
import type { GpuBuffer } from './buffer';
import type { Device, DeviceFeature } from './device';

/** How a shader uses a storage buffer. */
export type BindingAccess = 'read' | 'read_write';
/** Type of a scalar in a parameter block. */
type ScalarType = 'u32' | 'i32' | 'f32';

/** Bytes reserved in the parameter arena for one dispatch: the portable alignment of a dynamic uniform offset. */
export const paramStrideBytes = 256;
/** Largest parameter block of a kernel. */
const maxParamBytes = 128;

/** Bindings of the parameters and of the list, behind those of a kernel's own buffers. */
const paramsBinding = 16;
const listBinding = 17;

/** A WGSL module: its text, or the `import()` that fetches it, for one that few devices need. */
export type ShaderSource = string | (() => Promise<{ readonly default: string }>);

/** The WGSL of a module. @throws EngineError `network` when it cannot be fetched */
export async function shaderText(source: ShaderSource): Promise<string> {
  return typeof source === 'string' ? source : (await fetched(source())).default;
}

/** One way to write a kernel. All variants of a spec have the same bindings, parameters and results. */
export interface KernelVariant {
  /** `'portable'`, or what it needs: `'subgroups'`, `'software'`. */
  readonly name: string;
  /** WGSL modules in the order in which they are joined; the last has the entry point `main`. */
  readonly sources: readonly ShaderSource[];
  readonly requires?: readonly DeviceFeature[];
  /** Where it would run, and another is faster: not chosen on a device that has one of these. */
  readonly except?: readonly DeviceFeature[];
  /** `override` constants that are this variant's own: callers do not know them. */
  readonly constants?: Readonly<Record<string, number>>;
}

/** A kernel as data: what it binds, which numbers it takes, and the ways in which it is written. */
export interface KernelSpec<B extends string = string, P extends string = string, C extends string = string> {
  /** Folder and file of the shader, without extension, plus what was chosen: `'linear/matvec:f16'`. */
  readonly name: string;
  /** Its own storage buffers, in binding order from 0. */
  readonly bindings: Readonly<Record<B, BindingAccess>>;
  /** Scalars of the uniform `Params` (binding 16), in order. */
  readonly params: Readonly<Record<P, ScalarType>>;
  /** `override` constants with their defaults. */
  readonly constants?: Readonly<Record<C, number>>;
  /** Whether the shader reads a per-dispatch list at binding 17. */
  readonly hasList?: boolean;
  /** In order of preference; the last one is portable. */
  readonly variants: readonly KernelVariant[];
}

/** Number of workgroups in x, y and z. */
export type Grid = readonly [x: number, y?: number, z?: number];

/** A buffer, or a part of one (offset a multiple of 256 bytes). */
type BindingSource =
  | GpuBuffer
  | { readonly buffer: GpuBuffer; readonly offsetBytes: number; readonly sizeBytes: number };

const enables: Partial<Record<DeviceFeature, string>> = {
  subgroups: 'enable subgroups;\n',
  'packed-dot': 'requires packed_4x8_integer_dot_product;\n',
};

/** A kernel compiled for one device and one set of constants. */
export class Kernel<B extends string = string, P extends string = string> {
  readonly name: string;
  readonly variant: string;
  readonly pipeline: GPUComputePipeline;
  readonly params: readonly (readonly [name: P, type: ScalarType])[];
  readonly hasList: boolean;
  readonly #device: Device;
  readonly #bindings: readonly (readonly [name: B, access: BindingAccess])[];
  readonly #layout: GPUBindGroupLayout;

  constructor(
    device: Device,
    spec: KernelSpec<B, P>,
    variant: string,
    pipeline: GPUComputePipeline,
    layout: GPUBindGroupLayout,
  ) {
    this.#device = device;
    this.name = spec.name;
    this.variant = variant;
    this.pipeline = pipeline;
    this.params = Object.entries(spec.params) as [P, ScalarType][];
    this.hasList = spec.hasList ?? false;
    this.#bindings = Object.entries(spec.bindings) as [B, BindingAccess][];
    this.#layout = layout;
  }

  /** Binds buffers by name. Checks sizes itself: binding beyond the limit may silently read zeros. */
  bind(buffers: Readonly<Record<B, BindingSource | undefined>>): BoundKernel<P> {
    const entries = this.#bindings.map(([name], binding) => {
      const source = buffers[name];
      assert(source, `kernel '${this.name}' needs a buffer '${name}'`);
      const resource =
        'handle' in source
          ? { buffer: source.handle, offset: 0, size: source.sizeBytes }
          : { buffer: source.buffer.handle, offset: source.offsetBytes, size: source.sizeBytes };
      assert(
        resource.size <= this.#device.maxBindingBytes,
        `kernel '${this.name}': '${name}' binds ${resource.size} bytes, the device allows ${this.#device.maxBindingBytes}`,
      );
      return { binding, resource };
    });
    return new BoundKernel(this, (arena) => {
      const { buffer, maxListBytes } = arena;
      const all: GPUBindGroupEntry[] = [
        ...entries,
        { binding: paramsBinding, resource: { buffer, size: maxParamBytes } },
      ];
      if (this.hasList) all.push({ binding: listBinding, resource: { buffer, size: maxListBytes } });
      return this.#device.handle.createBindGroup({ label: this.name, layout: this.#layout, entries: all });
    });
  }
}

/** Where the parameters and lists of dispatches lie on the GPU. */
export interface Arena {
  readonly buffer: GPUBuffer;
  /** Bytes behind a list's offset that a shader may see. */
  readonly maxListBytes: number;
}

/** A kernel with its buffers: dispatched any number of times with other parameters. */
export class BoundKernel<P extends string = string> {
  readonly kernel: Kernel<string, P>;
  readonly #createGroup: (arena: Arena) => GPUBindGroup;
  #arena: Arena | undefined;
  #group: GPUBindGroup | undefined;

  constructor(kernel: Kernel<string, P>, createGroup: (arena: Arena) => GPUBindGroup) {
    this.kernel = kernel;
    this.#createGroup = createGroup;
  }

  /** Its buffers with an arena: made at the first dispatch, and again only for another arena. */
  groupWith(arena: Arena): GPUBindGroup {
    if (this.#group === undefined || this.#arena !== arena) {
      this.#group = this.#createGroup(arena);
      this.#arena = arena;
    }
    return this.#group;
  }
}

/** Compiles kernels on one device, once per spec, variant and constants. */
export class KernelCompiler {
  readonly device: Device;
  readonly #cache = new Map<string, Promise<Kernel>>();
  readonly #refused = new Set<string>();

  constructor(device: Device) {
    this.device = device;
  }

  /**
   * From now on the named variants (`'subgroups'`, `'portable'`) are not chosen: the self-test found them wrong. A spec's last
   * variant is chosen all the same, there being nothing to take its place.
   */
  refuseVariant(name: string): void {
    this.#refused.add(name);
    this.#cache.clear();
  }

  /** The variant that this device would use. */
  chooseVariant(spec: KernelSpec): KernelVariant {
    const chosen = spec.variants.find(
      (variant) =>
        (!this.#refused.has(variant.name) || variant === spec.variants.at(-1)) &&
        (variant.requires ?? []).every((feature) => this.device.features.has(feature)) &&
        !(variant.except ?? []).some((feature) => this.device.features.has(feature)),
    );
    assert(chosen, `kernel '${spec.name}' has no portable variant`);
    return chosen;
  }

  /**
   * A failure is not kept: the next call tries again.
   * @throws Error with line, column and source line when the WGSL does not compile, EngineError `network` when a module of it
   * cannot be fetched
   */
  compile<B extends string, P extends string, C extends string>(
    spec: KernelSpec<B, P, C>,
    constants?: Readonly<Partial<Record<NoInfer<C>, number>>>,
    variant: KernelVariant = this.chooseVariant(spec),
  ): Promise<Kernel<B, P>> {
    const values = { ...spec.constants, ...constants } as Record<string, number>;
    const key = `${spec.name}|${variant.name}|${JSON.stringify(values)}`;
    let kernel = this.#cache.get(key);
    if (!kernel) {
      const compiling = this.#compile(spec, values, variant);
      this.#cache.set(key, compiling);
      compiling.catch(() => {
        if (this.#cache.get(key) === compiling) this.#cache.delete(key);
      });
      kernel = compiling;
    }
    return kernel as unknown as Promise<Kernel<B, P>>;
  }

  /** Compiles ahead of `compile`, to whose caller a failure goes. */
  warmUp(uses: Iterable<readonly [KernelSpec, Readonly<Record<string, number>>]>): void {
    for (const [spec, constants] of uses) this.compile(spec, constants).catch(() => undefined);
  }

  async #compile(
    spec: KernelSpec,
    constants: Record<string, number>,
    variant: KernelVariant,
  ): Promise<Kernel> {
    const gpu = this.device.handle;
    const label = `${spec.name} (${variant.name})`;
    const texts = await Promise.all(variant.sources.map(shaderText));
    const code = (variant.requires ?? []).map((name) => enables[name] ?? '').join('') + texts.join('\n');
    gpu.pushErrorScope('validation');
    const module = gpu.createShaderModule({ label, code });
    const layout = gpu.createBindGroupLayout({ label, entries: layoutEntries(spec) });
    const pipelineLayout = gpu.createPipelineLayout({ label, bindGroupLayouts: [layout] });
    const pending = gpu.createComputePipelineAsync({
      label,
      layout: pipelineLayout,
      compute: { module, entryPoint: 'main', constants: { ...constants, ...variant.constants } },
    });
    // The pipeline tells of every error; a lost device may leave the scope without an answer.
    const scope = gpu.popErrorScope().catch(() => undefined);
    try {
      const pipeline = await pending;
      return new Kernel(this.device, spec, variant.name, pipeline, layout);
    } catch (cause) {
      const info = await module.getCompilationInfo();
      const details = info.messages
        .filter((message) => message.type === 'error')
        .map((m) => describe(m, code));
      throw new Error(`Shader ${label} does not compile.\n${details.join('\n') || String(cause)}`, { cause });
    } finally {
      await scope;
    }
  }
}

function layoutEntries(spec: KernelSpec): GPUBindGroupLayoutEntry[] {
  const entry = (binding: number, buffer: GPUBufferBindingLayout): GPUBindGroupLayoutEntry => {
    return { binding, visibility: GPUShaderStage.COMPUTE, buffer };
  };
  const entries = Object.values(spec.bindings).map((access, binding) =>
    entry(binding, { type: access === 'read' ? 'read-only-storage' : 'storage' }),
  );
  entries.push(entry(paramsBinding, { type: 'uniform', hasDynamicOffset: true }));
  if (spec.hasList) entries.push(entry(listBinding, { type: 'read-only-storage', hasDynamicOffset: true }));
  return entries;
}

function describe(message: GPUCompilationMessage, code: string): string {
  const line = code.split('\n')[message.lineNum - 1] ?? '';
  return `  ${message.lineNum}:${message.linePos} ${message.message}\n    ${line.trim()}`;
}
