/** Allocates what a memory plan says, and frees it: the parts that a model runner works with. */
import { KvCache } from '../cache/kv-cache';
import type { KernelCompiler } from '../gpu/kernel';
import { ReadbackRing } from '../gpu/readback';
import { Recorder } from '../gpu/recorder';
import { pageBytes } from '../kernels/attention/kv-format';
import { createActivations, destroyActivations } from '../graph/activations';
import type { GraphContext } from '../graph/graph-context';
import { FilledDigests } from '../graph/page-digests';
import type { ModelConfig, RopeConfig } from '../config/model-config';
import { PagePacker } from '../graph/page-packer';
import { ropeTable } from '../config/rope';
import type { HostTraffic } from '../graph/tile-traffic';
import type { ModelWeights } from '../weights/weights';
import { BackedHostStore } from '../offload/backed-host-store';
import { Offloader } from '../offload/offloader';
import { openHostStore } from '../offload/open-host-store';
import { Reloader } from '../offload/reloader';
import { Sampler } from '../sampler/sampler';
import type { MemoryPlan } from './memory-plan';
import { mapSlotBytes, numReadbackSlots, offloadSlotBytes } from './planned-sizes';
import { Reranker } from './reranker';
import { Restorer } from './restorer';
import { stepSlotBytes } from './slot-bytes';

/** What a runner owns on the GPU, weights apart, and what works on it. The host store stays its caller's. */
export interface RunnerParts {
  readonly context: GraphContext;
  readonly sampler: Sampler;
  readonly recorder: Recorder;
  readonly readbacks: ReadbackRing;
  readonly restorer: Restorer;
  /** Present when pages are packed as they leave. */
  readonly packer: PagePacker | undefined;
  /** Present when pages are chosen by digests. */
  readonly digests: FilledDigests | undefined;
  /** What the cache map is read with; absent when every head attends everything. */
  readonly mapRing: ReadbackRing | undefined;
  /** Sequences whose pages go to the host whatever their heads are. */
  readonly kept: Set<number>;
  readonly hostStore: BackedHostStore;
  /** Present when the cache has stable heads. */
  readonly reranker: Reranker | undefined;
  /** Frees all that was allocated here. */
  readonly destroy: () => void;
}

/** Allocates all parts, or none. @throws EngineError `gpu-memory` */
export async function allocate(
  compiler: KernelCompiler,
  config: ModelConfig,
  weights: ModelWeights,
  plan: MemoryPlan,
  store: BackedHostStore,
): Promise<RunnerParts> {
  const { device } = compiler;
  const undo: (() => void)[] = [];
  const destroy = () => {
    for (const step of undo.reverse()) step();
  };
  try {
    const { numSequences } = plan.cache;
    const { maxRows } = plan.activations;
    const { vocabSize, eosIds } = config;
    const cache = await KvCache.create(compiler, plan.cache);
    undo.push(() => cache.destroy());
    const activations = await createActivations(device, config, plan.activations);
    undo.push(() => destroyActivations(activations));
    const sampler = await Sampler.create(compiler, { vocabSize, numSequences, maxRows, eosIds });
    undo.push(() => sampler.destroy());
    const createTable = (label: string, rope: RopeConfig) => {
      const table = ropeTable(rope, plan.contextTokens);
      const buffer = device.buffers.create({ label, category: 'tables', sizeBytes: table.byteLength });
      undo.push(() => buffer.destroy());
      device.write(buffer, 0, table);
      return buffer;
    };
    const ropeBuffer = createTable('RoPE', config.rope);
    const windowRopeTable = config.windowRope
      ? createTable('RoPE of layers with a window', config.windowRope)
      : ropeBuffer;
    const recorder = new Recorder(compiler);
    undo.push(() => recorder.destroy());
    const readbacks = new ReadbackRing(device, numReadbackSlots, stepSlotBytes(plan));
    undo.push(() => readbacks.destroy());
    const kept = new Set<number>();
    const host = await openHost(compiler, cache, plan, kept, store);
    undo.push(() => closeHost(host));
    const restorer = await Restorer.create(compiler, cache, host);
    const { format, hostFormat } = cache.shape;
    const packer =
      hostFormat === format ? undefined : await PagePacker.create(compiler, cache, activations.filledPages);
    const digests = await FilledDigests.create(compiler, cache);
    const reranker = cache.hasStableHeads
      ? await Reranker.create(compiler, cache, host, plan.rerank)
      : undefined;
    const mapRing = cache.isSparse
      ? new ReadbackRing(device, 1, mapSlotBytes(cache.shape), 'cache map')
      : undefined;
    undo.push(() => mapRing?.destroy());
    const context: GraphContext = {
      compiler,
      config,
      weights,
      cache,
      host,
      activations,
      tokens: sampler.tokens,
      ropeTable: ropeBuffer,
      windowRopeTable,
      unused: activations.unused,
      quantized: plan.activations.isInt8
        ? { codes: activations.chunkCodes, inputScales: activations.chunkScales }
        : undefined,
    };
    return {
      context,
      sampler,
      recorder,
      readbacks,
      restorer,
      packer,
      digests,
      mapRing,
      reranker,
      kept,
      hostStore: store,
      destroy,
    };
  } catch (error) {
    destroy();
    throw error;
  }
}

/** The store that `plan` wants for pages outside the GPU, empty. Its caller closes it. @throws EngineError `network` */
export async function openPlannedStore(
  { cache, hostBytes }: MemoryPlan,
  onWarning: (message: string) => void = () => undefined,
): Promise<BackedHostStore> {
  const { numLayers, numKvHeads, hostFormat, headDim, numPageIds } = cache;
  const shape = { numLayers, numKvHeads, pageBytes: pageBytes(hostFormat, headDim) };
  return new BackedHostStore(await openHostStore(shape, numPageIds, hostBytes, onWarning));
}

/** The ways to and from the host. */
async function openHost(
  compiler: KernelCompiler,
  cache: KvCache,
  plan: MemoryPlan,
  kept: ReadonlySet<number>,
  store: BackedHostStore,
): Promise<HostTraffic> {
  const { device } = compiler;
  cache.onFree = (ids) => store.drop(ids);
  const pools = cache.layers.flat().map(({ pool }) => pool);
  const reloader = await Reloader.create(compiler, store, pools, cache.shape, plan.numUploads);
  const offloader = new Offloader(device, store, cache, offloadSlotBytes(plan));
  return { offloader, reloader, isKept: (sequence) => cache.needsHost || kept.has(sequence) };
}

function closeHost({ offloader, reloader }: HostTraffic): void {
  offloader.destroy();
  reloader.destroy();
}
