/** Measures one engine on one model: warm-up, rounds of prefill and decode, and what the engine says about itself. */
import { availableParallelism, loadavg } from 'node:os';
import type { EngineStats } from '../../src/engine/stats';
import type { BytesByCategory } from '../../src/gpu/buffer';
import type { MatrixFormats } from '../../src/weights/matrix-formats';
import type { ModelConfig } from '../../src/config/model-config';
import type { BenchModel, Effort } from './models';
import { promptIds } from './prompt-ids';
import { median, percentile } from './statistics';
import { tokenBytes, type TokenBytes } from './token-bytes';

/** A loaded Longpage engine, wherever it runs. */
export interface BenchEngine {
  readonly isSoftware: boolean;
  /** Generates exactly `maxTokens` tokens after the prompt, greedily. */
  complete(promptIds: readonly number[], maxTokens: number): Promise<void>;
  stats(): Promise<EngineStats>;
  dispose(): Promise<void>;
}

/** Context that every measured engine is loaded for, cut to what the model was made for: the KV pools follow from it. */
export const benchContextTokens = 2048;

/** What one engine came to on one model. */
export interface ModelResult {
  readonly engine: string;
  readonly model: string;
  /** What the formats of its matrices are called. */
  readonly weights: string;
  readonly adapter: string;
  readonly isSoftware: boolean;
  readonly effort: Effort;
  readonly loadMs: number;
  readonly prefillTokensPerSecond: number;
  readonly decodeMs: { readonly median: number; readonly p99: number; readonly numSamples: number };
  readonly perToken: {
    readonly dispatches: number;
    readonly submits: number;
    readonly readbacks: number;
    readonly buffers: number;
    /** At the last decoded token; counted from shapes. */
    readonly bytes: TokenBytes;
  };
  readonly gpuBytes: BytesByCategory;
  readonly totalGpuBytes: number;
  readonly peakGpuBytes: number;
  /** Kernel variants that the engine's self-test found wrong on this adapter. */
  readonly refusedVariants: readonly string[];
  readonly machine: MachineLoad;
}

/** What else the machine did. */
export interface MachineLoad {
  readonly numCores: number;
  /** One-minute load averages before and after; both include the benchmark itself. */
  readonly loadBefore: number;
  readonly loadAfter: number;
}

/** Begins to watch the machine's load; the returned function ends it. */
export function watchMachine(): () => MachineLoad {
  const loadBefore = loadavg()[0]!;
  return () => ({ numCores: availableParallelism(), loadBefore, loadAfter: loadavg()[0]! });
}

/** Times of one request. */
export interface RoundTimings {
  readonly prefillMs: number;
  /** Times between tokens. */
  readonly stepMs: readonly number[];
}

/** Every first use compiles something, and a segment's length follows from measured speed: so a short run comes first. */
export async function warmUp(engine: BenchEngine, config: ModelConfig): Promise<void> {
  await engine.complete(promptIds(config.vocabSize, 16, 1), 2);
}

/** One request of `effort`, timed by the engine itself; `round` chooses the prompt. */
export async function runRound(
  engine: BenchEngine,
  config: ModelConfig,
  { prefillTokens, decodeTokens }: Effort,
  round: number,
): Promise<RoundTimings> {
  // The first generated token belongs to the prefill.
  await engine.complete(promptIds(config.vocabSize, prefillTokens, 100 + round), decodeTokens + 1);
  const { lastRequest } = (await engine.stats()).timings;
  if (!lastRequest) throw new Error('The engine has no timings of the request that it just answered.');
  return lastRequest;
}

/** Sums up a measured engine. @throws RangeError without rounds */
export function summarize(
  model: BenchModel,
  config: ModelConfig,
  parts: {
    readonly engine: string;
    readonly isSoftware: boolean;
    readonly formats: MatrixFormats;
    readonly stats: EngineStats;
    readonly effort: Effort;
    readonly rounds: readonly RoundTimings[];
    readonly machine: MachineLoad;
  },
): ModelResult {
  const { stats, effort, rounds, engine, isSoftware, machine, formats } = parts;
  const { prefillTokens, decodeTokens } = effort;
  const steps = rounds.flatMap(({ stepMs }) => stepMs);
  const { gpu, memory, timings, refusedVariants } = stats;
  return {
    engine,
    model: model.name,
    weights: formats.name,
    adapter: [...new Set(Object.values(stats.adapter).filter(Boolean))].join(' '),
    isSoftware,
    effort,
    loadMs: timings.loadMs,
    prefillTokensPerSecond: (1000 * prefillTokens) / median(rounds.map(({ prefillMs }) => prefillMs)),
    decodeMs: { median: median(steps), p99: percentile(steps, 0.99), numSamples: steps.length },
    perToken: {
      dispatches: gpu.dispatchesPerToken,
      submits: gpu.submitsPerToken,
      readbacks: gpu.readbacksPerToken,
      buffers: gpu.buffersPerToken,
      bytes: tokenBytes(config, formats, 'f16', prefillTokens + decodeTokens - 1),
    },
    gpuBytes: memory.gpuBytes,
    totalGpuBytes: memory.total,
    peakGpuBytes: memory.peakTotal,
    refusedVariants,
    machine,
  };
}
