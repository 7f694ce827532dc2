/** Submits decode steps and prefill slices to the GPU and reads back what they sampled; decides nothing. */
import { KvCache } from '../cache/kv-cache';
import type { GpuBuffer } from '../gpu/buffer';
import type { KernelCompiler } from '../gpu/kernel';
import { ReadbackRing } from '../gpu/readback';
import { Recorder } from '../gpu/recorder';
import { createActivations, destroyActivations, type Activations } from '../model/activations';
import { DecodeGraph, type DecodeRow, type GraphContext } from '../model/decode-graph';
import type { ModelConfig } from '../model/model-config';
import { PrefillGraph } from '../model/prefill-graph';
import { ropeTable } from '../model/rope';
import type { ModelWeights } from '../model/weights';
import { decodeResults, resultBytesPerRow, type SampledToken } from '../sampler/results';
import { Sampler } from '../sampler/sampler';
import { numReadbackSlots, type MemoryPlan } from './memory-plan';
import { Pace } from './pace';
import { PrefillJob } from './prefill-job';
import type { Sequence } from './sequence';

/** Decode steps and what the GPU did for them, since load. */
export interface StepCounts {
  readonly steps: number;
  readonly dispatches: number;
  readonly submits: number;
  readonly readbacks: number;
  readonly buffers: number;
}

/** Outcome of a prefill slice, known once the GPU has done it. */
export interface SliceResult {
  /** The first token of the answer, when the slice was the prompt's last. */
  readonly token: SampledToken | undefined;
}

/** Everything of one loaded model that lives on the GPU, weights apart. */
export class ModelRunner {
  readonly cache: KvCache;
  readonly sampler: Sampler;
  readonly #config: ModelConfig;
  readonly #plan: MemoryPlan;
  readonly #context: GraphContext;
  readonly #prefillGraph: PrefillGraph;
  readonly #decodeGraphs = new Map<number, DecodeGraph>();
  readonly #activations: Activations;
  readonly #ropeTable: GpuBuffer;
  readonly #recorder: Recorder;
  readonly #readbacks: ReadbackRing;
  readonly #pace = new Pace();
  #counts = { steps: 0, dispatches: 0, submits: 0, readbacks: 0, buffers: 0 };
  #lastSliceEnd = 0;

  private constructor(parts: RunnerParts, prefillGraph: PrefillGraph, plan: MemoryPlan) {
    const { context, sampler, activations, ropeTable: table, recorder, readbacks } = parts;
    this.#context = context;
    this.cache = context.cache;
    this.sampler = sampler;
    this.#config = context.config;
    this.#plan = plan;
    this.#activations = activations;
    this.#ropeTable = table;
    this.#recorder = recorder;
    this.#readbacks = readbacks;
    this.#prefillGraph = prefillGraph;
  }

  /** Allocates what `plan` says and compiles a decode step of one row. @throws EngineError `gpu-memory` */
  static async create(
    compiler: KernelCompiler,
    config: ModelConfig,
    weights: ModelWeights,
    plan: MemoryPlan,
  ): Promise<ModelRunner> {
    const parts = await allocate(compiler, config, weights, plan);
    try {
      const prefillGraph = await PrefillGraph.create(parts.context, plan.activations.tileTokens);
      const runner = new ModelRunner(parts, prefillGraph, plan);
      await runner.prepare(1);
      return runner;
    } catch (error) {
      destroyParts(parts);
      throw error;
    }
  }

  /** What it was allocated by. */
  get plan(): MemoryPlan {
    return this.#plan;
  }

  /** Decode steps since load, with their dispatches, submits, read-backs and the buffers created for them. */
  get counts(): StepCounts {
    return { ...this.#counts };
  }

  /** The recorder of all submissions: a benchmark may hang a profiler on it. */
  get recorder(): Recorder {
    return this.#recorder;
  }

  /** Compiles the step of a batch of `numRows` sequences, unless that was done or there are none. */
  async prepare(numRows: number): Promise<void> {
    if (numRows === 0) return;
    const rows = batchRows(numRows);
    if (!this.#decodeGraphs.has(rows)) {
      this.#decodeGraphs.set(rows, await DecodeGraph.create(this.#context, rows));
    }
  }

  /** Starts the prefill of `ids` from token `start` on, in pages that `sequence` owns or shares up to there. */
  beginPrefill(sequence: Sequence, ids: readonly number[], start: number): PrefillJob {
    this.cache.makeWritable(this.#recorder, sequence.index, start);
    this.cache.extend(sequence.index, ids.length);
    this.cache.flush(this.#recorder);
    const { tileTokens, chunkTokens } = this.#plan.activations;
    const context = {
      graph: this.#prefillGraph,
      config: this.#config,
      pace: this.#pace,
      tileTokens,
      maxChunkTokens: chunkTokens,
    };
    return new PrefillJob(context, sequence.index, ids, start);
  }

  /** Submits the next slice of a prefill; the prompt's last slice also samples the first token. */
  async submitSlice(job: PrefillJob, row: DecodeRow): Promise<SliceResult> {
    const submittedAt = performance.now();
    const cost = job.recordSlice(this.#recorder);
    if (job.isDone) {
      this.#writeRows([row]);
      this.#decodeGraphs.get(1)!.recordHead(this.#recorder);
      const [token] = await this.#sample(1);
      this.#learn(cost, submittedAt);
      return { token };
    }
    this.#recorder.submit();
    await this.#context.compiler.device.handle.queue.onSubmittedWorkDone();
    this.#context.compiler.device.throwIfFailed();
    this.#learn(cost, submittedAt);
    return { token: undefined };
  }

  /** Submits one decode step of `rows`, whose batch size was prepared. Resolves to a token a row, in order. */
  submitDecode(rows: readonly DecodeRow[]): Promise<SampledToken[]> {
    const { buffers } = this.#context.compiler.device;
    const before = { ...this.#recorder.counts, buffers: buffers.numCreated };
    for (const { sequence, position } of rows) {
      this.cache.makeWritable(this.#recorder, sequence, position);
      this.cache.extend(sequence, position + 1);
    }
    this.cache.flush(this.#recorder);
    this.#writeRows(rows);
    this.#decodeGraphs.get(batchRows(rows.length))!.record(this.#recorder, rows);
    const sampled = this.#sample(rows.length);
    const { dispatches, submits } = this.#recorder.counts;
    this.#counts.steps++;
    this.#counts.readbacks++;
    this.#counts.dispatches += dispatches - before.dispatches;
    this.#counts.submits += submits - before.submits;
    this.#counts.buffers += buffers.numCreated - before.buffers;
    return sampled;
  }

  destroy(): void {
    destroyParts({
      context: this.#context,
      sampler: this.sampler,
      activations: this.#activations,
      ropeTable: this.#ropeTable,
      recorder: this.#recorder,
      readbacks: this.#readbacks,
    });
  }

  /** Records the sampling of `numRows` rows of logits, submits, and reads the step's one slot. */
  async #sample(numRows: number): Promise<SampledToken[]> {
    const { logits, rows } = this.#activations;
    this.sampler.record(this.#recorder, { logits, rows, numRows });
    const slot = this.#readbacks.acquire();
    const sizeBytes = numRows * resultBytesPerRow;
    this.#recorder.copy(this.sampler.results, 0, slot.buffer, 0, sizeBytes);
    this.#recorder.submit();
    const results = await slot.read(sizeBytes);
    this.#context.compiler.device.throwIfFailed();
    return decodeResults(results, numRows);
  }

  #writeRows(rows: readonly DecodeRow[]): void {
    const words = Uint32Array.from(rows.flatMap(({ sequence, position }) => [sequence, position, 0, 0]));
    this.#context.compiler.device.write(this.#activations.rows, 0, words);
  }

  /** Slices queue up behind each other: a slice's own time begins when the one before it has ended. */
  #learn(cost: number, submittedAt: number): void {
    const now = performance.now();
    this.#pace.learn(cost, now - Math.max(submittedAt, this.#lastSliceEnd));
    this.#lastSliceEnd = now;
  }
}

/** The least of 1, 2, 4 and 8 that holds `numRows` rows: batches are padded to it. */
function batchRows(numRows: number): number {
  return 2 ** Math.ceil(Math.log2(numRows));
}

interface RunnerParts {
  readonly context: GraphContext;
  readonly sampler: Sampler;
  readonly activations: Activations;
  readonly ropeTable: GpuBuffer;
  readonly recorder: Recorder;
  readonly readbacks: ReadbackRing;
}

async function allocate(
  compiler: KernelCompiler,
  config: ModelConfig,
  weights: ModelWeights,
  plan: MemoryPlan,
): Promise<RunnerParts> {
  const { device } = compiler;
  const undo: (() => void)[] = [];
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
    const table = ropeTable(config.rope, plan.contextTokens);
    const ropeBuffer = device.buffers.create({
      label: 'RoPE',
      category: 'tables',
      sizeBytes: table.byteLength,
    });
    undo.push(() => ropeBuffer.destroy());
    device.write(ropeBuffer, 0, table);
    const recorder = new Recorder(compiler);
    undo.push(() => recorder.destroy());
    const readbacks = new ReadbackRing(device, numReadbackSlots, maxRows * resultBytesPerRow);
    const context: GraphContext = {
      compiler,
      config,
      weights,
      cache,
      activations,
      tokens: sampler.tokens,
      ropeTable: ropeBuffer,
      unused: activations.unused,
    };
    return { context, sampler, activations, ropeTable: ropeBuffer, recorder, readbacks };
  } catch (error) {
    for (const step of undo.reverse()) step();
    throw error;
  }
}

function destroyParts({
  context,
  sampler,
  activations,
  ropeTable: table,
  recorder,
  readbacks,
}: RunnerParts): void {
  context.cache.destroy();
  destroyActivations(activations);
  sampler.destroy();
  table.destroy();
  recorder.destroy();
  readbacks.destroy();
}
