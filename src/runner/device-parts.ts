/**
 * What a runner has on the device beside the weights: a row for each part, with the bytes that it takes and what creates it from
 * the same shape. Plan and allocation go through these rows, so that neither knows a part that the other does not.
 */
import type { CacheShape } from '../cache/cache-layout';
import { cacheBytes, KvCache } from '../cache/kv-cache';
import type { ModelConfig } from '../config/model-config';
import { addBytes, noBytes, type BytesByCategory } from '../gpu/buffer';
import type { KernelCompiler } from '../gpu/kernel';
import { readbackBytes, ReadbackRing } from '../gpu/readback';
import { Recorder, recorderBytes } from '../gpu/recorder';
import {
  activationBytes,
  createActivations,
  destroyActivations,
  type ActivationShape,
} from '../graph/activations';
import { createRopeTables, destroyRopeTables, ropeTablesBytes } from '../graph/rope-tables';
import type { HostStore } from '../offload/host-store';
import { Offloader, offloaderBytes } from '../offload/offloader';
import { Reloader, reloaderBytes } from '../offload/reloader';
import { Sampler, samplerBytes } from '../sampler/sampler';
import { pageBytes } from '../kernels/attention/kv-format';
import { mapSlotBytes, offloadSlotBytes, stepSlotBytes } from './slot-bytes';

/** Read-back slots of an engine: one for each step that may be in flight. */
const numReadbackSlots = 4;

/** What the sizes of all parts follow from. */
export interface DeviceShape {
  readonly config: ModelConfig;
  readonly contextTokens: number;
  readonly cache: CacheShape;
  readonly activations: ActivationShape;
  /** Buffers that pages are read to on their way to the GPU. */
  readonly numUploads: number;
  readonly maxBindingBytes: number;
}

/** Where parts are created. */
interface Site {
  readonly compiler: KernelCompiler;
  readonly shape: DeviceShape;
  /** Where pages go outside the GPU. */
  readonly store: HostStore;
}

/** `create` allocates what `bytes` says, no more and no less; parts that others need come before them. */
interface DevicePart<T> {
  bytes(shape: DeviceShape): Partial<BytesByCategory>;
  create(site: Site, earlier: { readonly cache: KvCache }): T | Promise<T>;
  destroy(part: T): void;
}

/** Lets each row have its own type. */
function part<T>(row: DevicePart<T>): DevicePart<T> {
  return row;
}

const destroy = (part: { destroy(): void }) => part.destroy();

function samplerShape({ config: { vocabSize, eosIds }, cache, activations }: DeviceShape) {
  return { vocabSize, eosIds, numSequences: cache.numSequences, maxRows: activations.maxRows };
}

function hasMap({ cache }: DeviceShape): boolean {
  return cache.pagesPerHead < cache.maxPages;
}

/** In the order in which they are created. */
const rows = {
  cache: part<KvCache>({
    bytes: ({ cache, maxBindingBytes }) => cacheBytes(cache, maxBindingBytes),
    create: ({ compiler, shape }) => KvCache.create(compiler, shape.cache),
    destroy,
  }),
  activations: part({
    bytes: ({ config, activations }) => activationBytes(config, activations),
    create: ({ compiler, shape }) => createActivations(compiler.device, shape.config, shape.activations),
    destroy: destroyActivations,
  }),
  sampler: part<Sampler>({
    // The history comes only with the first request that needs it, but the limit must have room for it then.
    bytes: (shape) => {
      const { always, history } = samplerBytes(samplerShape(shape));
      return { sampler: always + history };
    },
    create: ({ compiler, shape }) => Sampler.create(compiler, samplerShape(shape)),
    destroy,
  }),
  ropeTables: part({
    bytes: (shape) => ({ tables: ropeTablesBytes(shape) }),
    create: ({ compiler, shape }) => createRopeTables(compiler.device, shape),
    destroy: destroyRopeTables,
  }),
  recorder: part<Recorder>({
    bytes: () => ({ staging: recorderBytes() }),
    create: ({ compiler }) => new Recorder(compiler),
    destroy,
  }),
  readbacks: part<ReadbackRing>({
    bytes: (shape) => ({ staging: readbackBytes(numReadbackSlots, stepSlotBytes(shape)) }),
    create: ({ compiler, shape }) =>
      new ReadbackRing(compiler.device, numReadbackSlots, stepSlotBytes(shape)),
    destroy,
  }),
  offloader: part<Offloader>({
    bytes: (shape) => ({ staging: offloaderBytes(offloadSlotBytes(shape)) }),
    create: ({ compiler, shape, store }, { cache }) =>
      new Offloader(compiler.device, store, cache, offloadSlotBytes(shape)),
    destroy,
  }),
  reloader: part<Reloader>({
    bytes: ({ cache: { hostFormat, headDim }, numUploads }) => ({
      staging: reloaderBytes(pageBytes(hostFormat, headDim), numUploads),
    }),
    create: ({ compiler, shape, store }, { cache }) => {
      const pools = cache.layers.flat().map(({ pool }) => pool);
      return Reloader.create(compiler, store, pools, { ...shape.cache, numUploads: shape.numUploads });
    },
    destroy,
  }),
  /** What the cache map is read with; absent where every head attends everything. */
  mapRing: part<ReadbackRing | undefined>({
    bytes: (shape) => ({ staging: hasMap(shape) ? readbackBytes(1, mapSlotBytes(shape.cache)) : 0 }),
    create: ({ compiler, shape }) =>
      hasMap(shape)
        ? new ReadbackRing(compiler.device, 1, mapSlotBytes(shape.cache), 'cache map')
        : undefined,
    destroy: (ring) => ring?.destroy(),
  }),
};

type Rows = typeof rows;

/** All parts. */
export type DeviceParts = { readonly [K in keyof Rows]: Awaited<ReturnType<Rows[K]['create']>> };

/** GPU bytes of all parts by category; weights are none of them. */
export function deviceBytes(shape: DeviceShape): BytesByCategory {
  const total = noBytes();
  for (const row of Object.values(rows)) addBytes(total, row.bytes(shape));
  return total;
}

/** Creates all parts, or none. @throws EngineError `gpu-memory` */
export async function createDeviceParts(
  site: Site,
): Promise<{ readonly parts: DeviceParts; readonly destroy: () => void }> {
  const made: Record<string, unknown> = {};
  const undo: (() => void)[] = [];
  const destroyAll = () => {
    for (const step of undo.reverse()) step();
  };
  try {
    for (const [name, row] of Object.entries<DevicePart<unknown>>(rows)) {
      const created = await row.create(site, made as { cache: KvCache });
      made[name] = created;
      undo.push(() => row.destroy(created));
    }
  } catch (error) {
    destroyAll();
    throw error;
  }
  return { parts: made as DeviceParts, destroy: destroyAll };
}
