/** What a model runner works with: the parts on the device that a memory plan says, and what works on them. */
import { isPacked } from '../cache/cache-layout';
import type { ModelConfig } from '../config/model-config';
import type { KernelCompiler } from '../gpu/kernel';
import type { GraphContext } from '../graph/graph-context';
import { FilledDigests } from '../graph/page-digests';
import type { PageGatherer } from '../graph/page-gatherer';
import type { HostTraffic } from '../graph/tile-traffic';
import { pageBytes } from '../kernels/attention/kv-format';
import type { BackedHostStore } from '../offload/backed-host-store';
import { openHostStore } from '../offload/open-host-store';
import { fetched } from '../util/fetched';
import type { ModelWeights } from '../weights/weights';
import { createDeviceParts, type DeviceParts } from './device-parts';
import type { MemoryPlan } from './memory-plan';
import { Reranker } from './reranker';

/** What a runner owns on the GPU, weights apart, and what works on it. The host store stays its caller's. */
export interface RunnerParts extends Pick<DeviceParts, 'sampler' | 'recorder' | 'readbacks' | 'mapRing'> {
  readonly context: GraphContext;
  /** Present when pages that decoding fills are packed, or leave for the host at once. */
  readonly gatherer: PageGatherer | undefined;
  /** Present when pages are chosen by digests. */
  readonly digests: FilledDigests | undefined;
  /** Sequences whose pages go to the host whatever their heads are. */
  readonly kept: Set<number>;
  readonly hostStore: BackedHostStore;
  /** Present when the cache has stable heads. */
  readonly reranker: Reranker | undefined;
  /** Frees all that was allocated here. */
  readonly destroy: () => void;
}

/** What a runner is made for. */
export interface RunnerSite {
  readonly compiler: KernelCompiler;
  readonly config: ModelConfig;
  readonly weights: ModelWeights;
  readonly plan: MemoryPlan;
  /** Where pages go outside the GPU; it stays the caller's. */
  readonly store: BackedHostStore;
}

/** Allocates all parts, or none. @throws EngineError `gpu-memory`; `network` when a rare part cannot be fetched */
export async function allocate({ compiler, config, weights, plan, store }: RunnerSite): Promise<RunnerParts> {
  const { maxBindingBytes } = compiler.device;
  const shape = { ...plan, config, maxBindingBytes };
  const { parts, destroy } = await createDeviceParts({ compiler, shape, store });
  try {
    const { cache, activations, sampler, ropeTables, offloader, reloader } = parts;
    cache.onFree = (ids) => store.drop(ids);
    const kept = new Set<number>();
    const isKept = (sequence: number) => cache.needsHost || kept.has(sequence);
    const host: HostTraffic = { offloader, reloader, isKept };
    const { features } = compiler.device;
    const isGathered = isPacked(cache.shape) || (cache.needsHost && features.has('gathered-pages'));
    return {
      ...parts,
      context: {
        compiler,
        config,
        weights,
        cache,
        host,
        activations,
        tokens: sampler.tokens,
        ropeTable: ropeTables.all,
        windowRopeTable: ropeTables.windowed,
        unused: activations.unused,
        quantized: plan.activations.isInt8
          ? { codes: activations.chunkCodes, inputScales: activations.chunkScales }
          : undefined,
      },
      gatherer: isGathered
        ? await (
            await fetched(import('../graph/page-gatherer'))
          ).PageGatherer.create(compiler, cache, activations.filledPage)
        : undefined,
      digests: await FilledDigests.create(compiler, cache),
      reranker: cache.hasStableHeads ? await Reranker.create(compiler, cache, host, plan.rerank) : undefined,
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
export function openPlannedStore(
  { cache, hostBytes }: MemoryPlan,
  onWarning?: (message: string) => void,
): Promise<BackedHostStore> {
  const { numLayers, numKvHeads, hostFormat, headDim, numPageIds } = cache;
  const shape = { numLayers, numKvHeads, pageBytes: pageBytes(hostFormat, headDim) };
  return openHostStore(shape, numPageIds, hostBytes, onWarning);
}
