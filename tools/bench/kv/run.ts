/** Measures one case: an engine of its own, contexts filled, every sequence decoding at once. Runs in a page and under Node. */
import { pagesFor } from '../../../src/cache/page';
import { EngineCore } from '../../../src/engine/engine';
import type { BytesByCategory } from '../../../src/gpu/buffer';
import type { ModelConfig } from '../../../src/config/model-config';
import { mostWholePages } from '../../../src/graph/selection-path';
import { requestOf } from '../../node/requests';
import { profileOfSteps, RoleProfiler, type StepProfile } from '../profile/role-profiler';
import { measureReading } from '../reading';
import { median, percentile } from '../statistics';
import { attendedBytes, tokenBytes } from '../token-bytes';
import {
  kvOptionsOf,
  maxGenerated,
  numProfiledSteps,
  numWarmSteps,
  type KvBenchOptions,
  type KvCase,
} from './cases';
import { fillContext } from './fill';
import { kvModel } from './shapes';
import { watchSteps, type StepKind, type Summary } from './watch-steps';

/** What a case came to. */
export interface KvResult extends KvCase {
  readonly adapter: string;
  readonly isSoftware: boolean;
  /** Bytes of all keys and values at f16: what a cache without a hierarchy would take. */
  readonly denseBytes: number;
  readonly planned: BytesByCategory;
  readonly measured: BytesByCategory;
  readonly plannedTotal: number;
  readonly peakTotal: number;
  /** Whether the bytes at any submission exceeded the plan. */
  readonly isOverPlan: boolean;
  readonly hostBytes: number;
  readonly numSteps: number;
  /** From token to token. */
  readonly decodeMs: { readonly mean: number; readonly median: number; readonly p99: number };
  readonly tokensPerSecond: number;
  /** Weights, attended pages and summaries of a step, and what a kernel that only reads gets through in a second. */
  readonly readBytes: number;
  readonly readRate: number;
  readonly reranks: number;
  readonly promotionsPerRerank: number;
  readonly bytesPerRerank: number;
  /** Share of the time that sequences stood still until their pages were there. */
  readonly stallShare: number;
  /** Mean overlap of a set with the next; undefined without reranks. */
  readonly overlap: number | undefined;
  /** Of a step; the median of one sequence is that of an ordinary step. */
  readonly dispatches: Summary;
  readonly dispatchesPerToken: number;
  /** Milliseconds that the host takes to record and submit a step. */
  readonly hostMs: Summary;
  /** Milliseconds of these that submitting takes. */
  readonly submitMs: Summary;
  /** The same by what a step does besides decoding, most frequent kind first. */
  readonly kinds: readonly StepKind[];
  /** Undefined where it was not asked for, or the adapter has no timestamps. */
  readonly profile: StepProfile | undefined;
}

/** @throws what the engine throws */
export async function runKvCase(gpu: GPU, options: KvBenchOptions, kvCase: KvCase): Promise<KvResult> {
  const { shape, fill, pagesPerHead } = options;
  const { length, numSequences, mode } = kvCase;
  const model = kvModel(shape, fill, Math.min(0.5, (16 * pagesPerHead) / length));
  const kv = kvOptionsOf(kvCase, options);
  const disabledFeatures = options.isFused ? [] : (['fused-selection'] as const);
  const core = await EngineCore.load(model.source, {
    gpu,
    ...(model.weights && { weights: model.weights }),
    kv,
    disabledFeatures,
  });
  try {
    const contexts: number[][] = [];
    for (let i = 0; i < numSequences; i++) contexts.push(await fillContext(core, length, 10 + i));
    const steps = watchSteps(core.runner);
    const use = watchBytes(core);
    const before = await decodeAll(core, contexts, { ...options, kvCase }, () => {
      steps.reset();
      return core.stats().kv;
    });
    const counted = steps.summary(before.arrivals);
    const { memory, kv: after, adapter } = core.stats();
    const { plan } = core.runner;
    const reranks = after.reranks - before.at.reranks;
    const promotions = after.promotions - before.at.promotions;
    const overlaps = after.overlaps - before.at.overlaps;
    const { cache } = core.runner;
    const weights = tokenBytes(core.config, model.weights ?? 'q4', kvCase.format, 0).weights;
    const attended = attendedBytes(
      { ...cache.shape, ...cache.layout, interval: plan.rerank.interval },
      {
        numSequences,
        numPages: pagesFor(length),
        isExact: mode === 'exact',
        mostWhole: mostWholePages(core.device.features, cache.shape.pagesPerHead),
      },
    );
    const perRerank = reranks === 0 ? 0 : promotions / reranks;
    return {
      ...kvCase,
      adapter: [...new Set(Object.values(adapter).filter(Boolean))].join(' '),
      isSoftware: core.device.features.has('software'),
      denseBytes: denseBytes(core.config, numSequences * plan.contextTokens),
      planned: plan.gpuBytes,
      measured: memory.gpuBytes,
      plannedTotal: plan.totalGpuBytes,
      peakTotal: memory.peakTotal,
      isOverPlan: use.peak > plan.totalGpuBytes,
      hostBytes: memory.hostBytes,
      ...before.timing,
      readBytes: weights + attended,
      readRate: await measureReading(core.device),
      reranks,
      promotionsPerRerank: perRerank,
      bytesPerRerank: perRerank * core.runner.cache.layout.pageBytes,
      stallShare: (after.stallMs - before.at.stallMs) / (before.wallMs * numSequences),
      overlap: overlaps === 0 ? undefined : (after.overlapSum - before.at.overlapSum) / overlaps,
      ...counted,
      profile: options.hasProfile ? await profileSteps(core, contexts, options, kvCase) : undefined,
    };
  } catch (error) {
    throw new Error(`${mode}, ${length} tokens, ${numSequences} sequences: ${String(error)}`, {
      cause: error,
    });
  } finally {
    await core.dispose();
  }
}

/** Bytes of keys and values of `numTokens` tokens at f16. */
export function denseBytes({ numLayers, numKvHeads, headDim }: ModelConfig, numTokens: number): number {
  return 4 * numLayers * numKvHeads * headDim * numTokens;
}

/**
 * Decodes all contexts side by side until each has generated the wanted steps while all did.
 * @param onBegin called when the measured steps begin
 */
async function decodeAll<T>(
  core: EngineCore,
  contexts: readonly number[][],
  { kvCase, ...options }: KvBenchOptions & { readonly kvCase: KvCase },
  onBegin: () => T,
) {
  const { steps } = options;
  const arrivals = contexts.map((): number[] => []);
  const ended = new AbortController();
  let begin: { readonly time: number; readonly at: T } | undefined;
  const run = async (ids: readonly number[], index: number) => {
    const request = requestOf([...ids, ids[0]!], {
      maxTokens: maxGenerated(kvCase, options),
      isExact: kvCase.mode === 'exact',
      ignoreEos: true,
      // Hot, so that tokens do not repeat and queries with them.
      sampling: { temperature: 2, seed: index },
    });
    for await (const event of core.generate(request, ended.signal)) {
      if (event.kind !== 'delta' || event.tokenIds.length === 0) continue;
      const now = performance.now();
      arrivals[index]!.push(now);
      if (!begin && arrivals.every(({ length }) => length >= numWarmSteps))
        begin = { time: now, at: onBegin() };
      if (begin && arrivals.every((times) => numAfter(times, begin!.time) >= steps)) return;
    }
  };
  const runs = contexts.map((ids, index) => run(ids, index));
  try {
    await Promise.race(runs);
  } finally {
    ended.abort();
    await Promise.allSettled(runs);
  }
  const { time, at } = begin ?? {};
  if (time === undefined || arrivals.some((times) => numAfter(times, time) < steps)) {
    throw new Error('an answer ended before all sequences had decoded long enough side by side');
  }
  const gaps = arrivals.flatMap((times) =>
    times.flatMap((now, i) => (i > 0 && times[i - 1]! >= time ? [now - times[i - 1]!] : [])),
  );
  const last = Math.max(...arrivals.map((times) => times.at(-1)!));
  const timing = {
    numSteps: gaps.length,
    decodeMs: {
      mean: gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length,
      median: median(gaps),
      p99: percentile(gaps, 0.99),
    },
    tokensPerSecond: (1000 * gaps.length) / (last - time),
  };
  return { at: at as T, timing, arrivals, wallMs: last - time };
}

function numAfter(times: readonly number[], begin: number): number {
  return times.filter((time) => time > begin).length;
}

/** GPU times of steps like those that were measured, after them. */
async function profileSteps(
  core: EngineCore,
  contexts: readonly number[][],
  options: KvBenchOptions,
  kvCase: KvCase,
): Promise<StepProfile | undefined> {
  const { device, config } = core;
  const { recorder } = core.runner;
  if (!device.features.has('timestamp-query')) return undefined;
  const profiler = new RoleProfiler(device, config.numLayers);
  try {
    const few = { ...options, kvCase, steps: numProfiledSteps };
    await decodeAll(core, contexts, few, () => (recorder.profiler = profiler));
    recorder.profiler = undefined;
    return profileOfSteps(await profiler.take());
  } finally {
    recorder.profiler = undefined;
    profiler.destroy();
  }
}

/** Samples the live bytes at every submission from now on. */
export function watchBytes({ runner, device }: EngineCore): { readonly peak: number } {
  const { recorder } = runner;
  const submit = recorder.submit.bind(recorder);
  const use = { peak: device.buffers.use.total };
  recorder.submit = () => {
    use.peak = Math.max(use.peak, device.buffers.use.total);
    submit();
  };
  return use;
}
