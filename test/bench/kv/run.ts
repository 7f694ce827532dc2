/** Measures one case: an engine of its own, contexts filled, every sequence decoding at once. Runs in a page and under Node. */
import { pageTokens } from '../../../src/cache/page';
import { EngineCore } from '../../../src/engine/engine';
import type { ModelRunner } from '../../../src/runner/model-runner';
import type { BytesByCategory } from '../../../src/gpu/buffer';
import type { ModelConfig } from '../../../src/config/model-config';
import { requestOf } from '../../support/requests';
import { profileOfSteps, RoleProfiler, type StepProfile } from '../role-profiler';
import { median, percentile } from '../statistics';
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
  readonly decodeMs: { readonly median: number; readonly p99: number };
  readonly tokensPerSecond: number;
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

/** Steps that do the same: `ordinary`, or some of `fill` (a page), `rerank`, `flip`, `observed`. */
export interface StepKind {
  readonly kind: string;
  readonly numSteps: number;
  readonly hostMs: number;
  readonly dispatches: number;
  /** From token to token; undefined with several sequences. */
  readonly decodeMs: number | undefined;
}

/** Samples of steps. */
export interface Summary {
  readonly median: number;
  readonly p99: number;
  readonly max: number;
}

/** @throws what the engine throws */
export async function runKvCase(gpu: GPU, options: KvBenchOptions, kvCase: KvCase): Promise<KvResult> {
  const { shape, fill, pagesPerHead } = options;
  const { length, numSequences, mode } = kvCase;
  const model = kvModel(shape, fill, Math.min(0.5, (16 * pagesPerHead) / length));
  const kv = kvOptionsOf(kvCase, options);
  const disabledFeatures = options.isFused ? [] : (['fused-selection'] as const);
  const core = await EngineCore.load(model.source, { gpu, weights: model.weights, kv, disabledFeatures });
  try {
    const contexts: number[][] = [];
    for (let i = 0; i < numSequences; i++) contexts.push(await fillContext(core, length, 10 + i));
    const steps = watchSteps(core.runner);
    const use = watchBytes(core);
    const before = await decodeAll(core, contexts, options, kvCase, () => {
      steps.reset();
      return core.stats().kv;
    });
    const counted = steps.summary(before.arrivals);
    const { memory, kv: after, adapter } = core.stats();
    const { plan } = core.runner;
    const reranks = after.reranks - before.at.reranks;
    const promotions = after.promotions - before.at.promotions;
    const overlaps = after.overlaps - before.at.overlaps;
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
  options: KvBenchOptions,
  kvCase: KvCase,
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
    decodeMs: { median: median(gaps), p99: percentile(gaps, 0.99) },
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
    const few = { ...options, steps: numProfiledSteps };
    await decodeAll(core, contexts, few, kvCase, () => (recorder.profiler = profiler));
    recorder.profiler = undefined;
    return profileOfSteps(await profiler.take());
  } finally {
    recorder.profiler = undefined;
    profiler.destroy();
  }
}

/** Counts what the host does for each decode step. */
function watchSteps(runner: ModelRunner) {
  const samples: StepSample[] = [];
  const { recorder, observer } = runner;
  let submitting = 0;
  const submit = recorder.submit.bind(recorder);
  recorder.submit = () => {
    const startedAt = performance.now();
    submit();
    submitting += performance.now() - startedAt;
  };
  let isObserved = false;
  if (observer) {
    const observe = observer.observe.bind(observer);
    observer.observe = (sequence, numPages) => {
      const observation = observe(sequence, numPages);
      isObserved ||= observation !== undefined;
      return observation;
    };
  }
  const submitDecode = runner.submitDecode.bind(runner);
  runner.submitDecode = (rows) => {
    const { dispatches } = recorder.counts;
    const { reranks } = runner.rerankCounts;
    submitting = 0;
    isObserved = false;
    const startedAt = performance.now();
    const result = submitDecode(rows);
    const hostMs = performance.now() - startedAt;
    const kinds = new Set<string>();
    if (rows.some(({ position }) => (position + 1) % pageTokens === 0)) kinds.add('fill');
    if (isObserved) kinds.add('observed');
    if (runner.rerankCounts.reranks > reranks) {
      kinds.add('flip');
      samples.at(-runner.plan.rerank.lag)?.kinds.add('rerank');
    }
    samples.push({
      kinds,
      hostMs,
      submitMs: submitting,
      dispatches: recorder.counts.dispatches - dispatches,
    });
    return result;
  };
  const summarize = (of: readonly number[]): Summary => ({
    median: median(of),
    p99: percentile(of, 0.99),
    max: Math.max(...of),
  });
  let numBefore = 0;
  return {
    reset: () => void (numBefore = samples.length),
    summary: (arrivals: readonly (readonly number[])[]) => {
      const numSequences = arrivals.length;
      const measured = samples.slice(numBefore);
      const dispatches = measured.map((sample) => sample.dispatches);
      return {
        dispatches: summarize(dispatches),
        dispatchesPerToken: dispatches.reduce((sum, n) => sum + n, 0) / (dispatches.length * numSequences),
        hostMs: summarize(measured.map(({ hostMs }) => hostMs)),
        submitMs: summarize(measured.map(({ submitMs }) => submitMs)),
        kinds: kindsOf(measured, numBefore, numSequences === 1 ? arrivals[0]! : []),
      };
    },
  };
}

/** What one step took, and what it did besides decoding. */
interface StepSample {
  readonly kinds: Set<string>;
  readonly hostMs: number;
  readonly submitMs: number;
  readonly dispatches: number;
}

/** @param arrivals of a sequence's tokens, the first of which no step decoded */
function kindsOf(
  samples: readonly StepSample[],
  firstStep: number,
  arrivals: readonly number[],
): readonly StepKind[] {
  const steps = new Map<string, { readonly samples: StepSample[]; readonly gaps: number[] }>();
  samples.forEach((sample, i) => {
    const kind = [...sample.kinds].sort().join(' ') || 'ordinary';
    const own = steps.get(kind) ?? { samples: [], gaps: [] };
    steps.set(kind, own);
    own.samples.push(sample);
    const [from, to] = arrivals.slice(firstStep + i, firstStep + i + 2);
    if (to !== undefined) own.gaps.push(to - from!);
  });
  return [...steps]
    .map(([kind, own]) => ({
      kind,
      numSteps: own.samples.length,
      hostMs: median(own.samples.map(({ hostMs }) => hostMs)),
      dispatches: median(own.samples.map(({ dispatches }) => dispatches)),
      decodeMs: own.gaps.length > 0 ? median(own.gaps) : undefined,
    }))
    .sort((a, b) => b.numSteps - a.numSteps);
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
