/** Submits decode steps and prefill slices to the GPU and reads back what they sampled; decides nothing. */
import type { KvCache } from '../cache/kv-cache';
import { pageOf, pagesFor } from '../cache/page';
import type { KernelCompiler } from '../gpu/kernel';
import type { Recorder } from '../gpu/recorder';
import { DecodeGraph, type DecodeRow, type GraphContext } from '../graph/decode-graph';
import type { ModelConfig } from '../config/model-config';
import type { MassWish, PageMasses } from '../graph/page-masses';
import { PrefillGraph } from '../graph/prefill-graph';
import { sparseTokensOf } from '../graph/prefill-plan';
import type { ModelWeights } from '../weights/weights';
import type { BackedHostStore } from '../offload/backed-host-store';
import type { Offloader } from '../offload/offloader';
import type { SampledToken } from '../sampler/results';
import type { Sampler } from '../sampler/sampler';
import { fetched } from '../util/fetched';
import type { CacheEvent } from './cache-event';
import type { CacheMap } from './cache-map';
import type { CacheMapReader } from './cache-map-reader';
import { FilledPages } from './filled-pages';
import type { MemoryPlan } from './memory-plan';
import { Pace, readingSegmentMs, segmentMs } from './pace';
import { PrefillJob } from './prefill-job';
import { noReranks, type Reranker, type RerankCounts } from './reranker';
import type { SummarySource } from './restorer';
import { allocate, type RunnerParts } from './runner-parts';
import type { Sequence } from './sequence';
import type { StabilityObserver } from '../stability/stability-observer';
import { StepReadback, type ObservedRow } from './step-readback';

/** Decode steps and what the GPU did for them, since load. */
export interface StepCounts {
  readonly steps: number;
  readonly dispatches: number;
  readonly submits: number;
  readonly readbacks: number;
  readonly buffers: number;
}

/** One sequence's part in a decode step. */
export type StepRow = Omit<DecodeRow, 'reranking' | 'isObserved'>;

/** Bytes of pages by where they are. */
export interface TierBytes {
  readonly gpu: number;
  readonly host: number;
  readonly disk: number;
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
  /** The recorder of all submissions: a benchmark may hang a profiler on it. */
  readonly recorder: Recorder;
  /** What it was allocated by. */
  readonly plan: MemoryPlan;
  /** Measures how stable heads are. */
  readonly observer: StabilityObserver | undefined;
  /** Pages outside the GPU. */
  readonly hostStore: BackedHostStore;
  readonly #parts: RunnerParts;
  readonly #context: GraphContext;
  readonly #reranker: Reranker | undefined;
  readonly #prefillGraph: PrefillGraph;
  readonly #decodeGraphs = new Map<number, DecodeGraph>();
  readonly #readback: StepReadback;
  readonly #filledPages: FilledPages;
  readonly #pace = new Pace();
  #masses: PageMasses | undefined;
  #mapReader: CacheMapReader | undefined;
  #counts = { steps: 0, dispatches: 0, submits: 0, readbacks: 0, buffers: 0 };
  #lastSliceEnd = 0;
  /** The sequence of the latest submission. */
  #latest = 0;

  private constructor(
    parts: RunnerParts,
    prefillGraph: PrefillGraph,
    plan: MemoryPlan,
    observer: StabilityObserver | undefined,
  ) {
    const { context, sampler, recorder, readbacks, reranker } = parts;
    const { cache, activations, compiler } = context;
    const { device } = compiler;
    this.#parts = parts;
    this.#context = context;
    this.#reranker = reranker;
    this.cache = cache;
    this.sampler = sampler;
    this.recorder = recorder;
    this.plan = plan;
    this.observer = observer;
    this.hostStore = parts.hostStore;
    this.#prefillGraph = prefillGraph;
    this.#readback = new StepReadback({
      device,
      cache,
      activations,
      recorder,
      sampler,
      readbacks,
      reranker,
    });
    this.#filledPages = new FilledPages(recorder, cache, context.host, parts.packer);
  }

  /**
   * Allocates what `plan` says and compiles a decode step of one row.
   * @param store where pages go outside the GPU; it stays the caller's
   * @param observer measures how stable heads are, in this runner as in the one before
   * @throws EngineError `gpu-memory`
   */
  static async create(
    compiler: KernelCompiler,
    config: ModelConfig,
    weights: ModelWeights,
    plan: MemoryPlan,
    store: BackedHostStore,
    observer?: StabilityObserver,
  ): Promise<ModelRunner> {
    const parts = await allocate(compiler, config, weights, plan, store);
    try {
      const prefillGraph = await PrefillGraph.create(
        parts.context,
        plan.activations.tileTokens,
        plan.isFollowUpSparse,
      );
      const runner = new ModelRunner(parts, prefillGraph, plan, observer);
      await runner.prepare(1);
      return runner;
    } catch (error) {
      parts.destroy();
      throw error;
    }
  }

  /** Decode steps since load, with their dispatches, submits, read-backs and the buffers created for them. */
  get counts(): StepCounts {
    return { ...this.#counts };
  }

  /** What brings pages to the host. */
  get offloader(): Offloader {
    return this.#context.host.offloader;
  }

  /** Bytes of pages by where they are: those that are in use on the GPU, and what the host has taken for them. */
  get tierBytes(): TierBytes {
    const { hostBytes, diskBytes } = this.hostStore;
    return { gpu: this.cache.numSlotsInUse * this.cache.layout.pageBytes, host: hostBytes, disk: diskBytes };
  }

  /** What reranking did, since load. */
  get rerankCounts(): RerankCounts {
    return this.#reranker?.counts ?? noReranks;
  }

  /** Bytes of pages that prefills have read from the host, since load. */
  get streamedBytes(): number {
    return this.#context.host.reloader.bytesStreamed;
  }

  /** Tells `listener` what happens in the cache, or nobody any more. */
  watch(listener: ((event: CacheEvent) => void) | undefined): void {
    if (this.#reranker) this.#reranker.onEvent = listener;
  }

  /** Where the pages of the sequence are that was submitted last. @throws EngineError `network` when that part cannot be fetched */
  async readMap(): Promise<CacheMap> {
    const { CacheMapReader } = await fetched(import('./cache-map-reader'));
    this.#mapReader ??= new CacheMapReader({ ...this.#parts, cache: this.cache });
    return this.#mapReader.read(this.#latest);
  }

  /** Compiles the step of a batch of `numRows` sequences, unless that was done or there are none. */
  async prepare(numRows: number): Promise<void> {
    if (numRows === 0) return;
    const rows = batchRows(numRows);
    if (!this.#decodeGraphs.has(rows)) {
      this.#decodeGraphs.set(rows, await DecodeGraph.create(this.#context, rows));
    }
  }

  /** Fetches and compiles what page masses take, which must be done before they are asked for. @throws EngineError `network` */
  async prepareMasses(): Promise<void> {
    if (this.#masses) return;
    const { PageMasses } = await fetched(import('../graph/page-masses'));
    this.#masses = await PageMasses.create(this.#context);
  }

  /**
   * Starts the prefill of `ids` from token `start` on, the first of a page; the pages before are there. With `isReading`
   * nothing is sampled, and all full pages go to the host. With `wish` the first token comes with its page masses.
   */
  beginPrefill(
    sequence: Sequence,
    ids: readonly number[],
    start: number,
    { isReading = false, wish }: { isReading?: boolean; wish?: MassWish | undefined } = {},
  ): PrefillJob {
    const { cache } = this;
    const { index } = sequence;
    // Stable heads keep only what they select, all pages where those are few: exact requests are only admitted with so few.
    const isSelecting = cache.hasStableHeads && !isReading;
    if (isReading) this.#parts.kept.add(index);
    cache.extend(index, ids.length, false);
    cache.resetLists(index);
    if (isSelecting) cache.reserveSets(index, pagesFor(ids.length));
    cache.flush(this.recorder);
    const { tileTokens, chunkTokens } = this.plan.activations;
    const context = {
      graph: this.#prefillGraph,
      config: this.#context.config,
      pace: this.#pace,
      tileTokens,
      maxChunkTokens: chunkTokens,
      segmentMs: isReading ? readingSegmentMs : segmentMs,
    };
    const masses = wish && { of: this.#masses!, wish };
    const isSparse = this.plan.isFollowUpSparse && isSelecting;
    const sparseTokens = isSparse ? sparseTokensOf(start, cache.shape.pagesPerHead) : 0;
    const isSampling = !isReading;
    return new PrefillJob(context, index, ids, start, { isSelecting, isSampling, masses, sparseTokens });
  }

  /**
   * Submits the next slice of a prefill that is ready; the prompt's last slice also samples the first token. Resolves when the GPU
   * has done it: a wait for the host that the slice ended at is the job's own.
   */
  async submitSlice(job: PrefillJob): Promise<SliceResult> {
    const { device } = this.#context.compiler;
    const { sequence, numTokens, isSelecting, isSampling, sparseTokens } = job;
    this.#latest = sequence;
    const submittedAt = performance.now();
    const row = [sequence, numTokens - 1, 0, 0];
    device.write(this.#context.activations.segmentRow, 0, Uint32Array.from(row));
    if (sparseTokens > 0) {
      device.write(this.#context.activations.sparseRow, 0, Uint32Array.of(sequence, sparseTokens - 1, 0, 0));
    }
    const cost = job.recordSlice(this.recorder);
    if (job.isDone && isSampling) {
      if (isSelecting) this.#reranker!.begin(this.recorder, sequence);
      this.observer?.begin(sequence);
      device.write(this.#context.activations.rows, 0, Uint32Array.from(row));
      this.#decodeGraphs.get(1)!.recordHead(this.recorder);
      const { promptMasses } = this.#context.activations;
      const [token] = await this.#readback.submit(1, {
        selecting: isSelecting ? [{ sequence, numTokens }] : [],
        masses: job.hasMasses ? [{ row: 0, source: promptMasses, offsetBytes: 0, numTokens }] : [],
      });
      this.#learn(cost, submittedAt);
      return { token };
    }
    this.recorder.submit();
    const work = device.handle.queue.onSubmittedWorkDone();
    job.beginWait();
    await work;
    device.throwIfFailed();
    this.#learn(cost, submittedAt);
    return { token: undefined };
  }

  /** Whether a sequence may decode now: not while its pages come from the host, or a page of it has no way there. */
  isReady(sequence: Sequence): boolean {
    if (this.#filledPages.lackSlot(sequence)) return false;
    return this.#reranker?.isReady(sequence.index) ?? true;
  }

  /** Resolves when one of `sequences` may have become ready. */
  async whenReady(sequences: readonly Sequence[]): Promise<void> {
    if (sequences.length === 0) return;
    const waits = sequences.map(async (sequence) =>
      this.#filledPages.lackSlot(sequence)
        ? this.#context.host.offloader.slotFreed()
        : this.#reranker?.whenReady(sequence.index),
    );
    await Promise.race(waits);
  }

  /** Resolves when no page is on its way to the host. @throws EngineError `device-lost` */
  async settled(): Promise<void> {
    await this.#context.host.offloader.settled();
  }

  /**
   * Brings a sequence back whose pages the cache has and whose full pages are in the host store, all layers and heads:
   * afterwards it is as it was when it rested. Summaries come from `summaries`, or else from all pages.
   * @throws EngineError `storage-quota`, `device-lost`; whatever reading the store or the summaries throws
   */
  async restore(sequence: Sequence, summaries?: SummarySource): Promise<void> {
    await this.#parts.restorer.restore(this.recorder, sequence.index, summaries);
    this.#context.compiler.device.throwIfFailed();
  }

  /** The answer of a sequence is over: its stable heads keep nothing on the GPU. */
  endTurn({ index }: Sequence): void {
    this.#reranker?.end(index);
    this.observer?.end(index);
    this.#parts.kept.delete(index);
    this.cache.clearSets(index);
  }

  /** Submits one decode step of `rows`, whose batch size was prepared. Resolves to a token a row, in order. */
  submitDecode(rows: readonly StepRow[]): Promise<SampledToken[]> {
    const { device } = this.#context.compiler;
    const before = { ...this.recorder.counts, buffers: device.buffers.numCreated };
    let observed: ObservedRow | undefined;
    const decodeRows = rows.map(({ sequence, position, isExact, masses }): DecodeRow => {
      const numPages = pageOf(position) + 1;
      const reranking = this.#reranker?.step(this.recorder, sequence, numPages);
      this.cache.extend(sequence, position + 1, true);
      const observation = this.observer?.observe(sequence, numPages);
      if (observation) observed = { sequence, observation };
      const isObserved = observation !== undefined;
      return { sequence, position, isExact, reranking, isObserved, masses };
    });
    this.#latest = rows.at(-1)!.sequence;
    this.cache.flush(this.recorder);
    const words = Uint32Array.from(rows.flatMap(({ sequence, position }) => [sequence, position, 0, 0]));
    device.write(this.#context.activations.rows, 0, words);
    this.#decodeGraphs.get(batchRows(rows.length))!.record(this.recorder, decodeRows, this.#masses);
    this.#filledPages.record(rows);
    const reranking = decodeRows.filter((row) => row.reranking !== undefined);
    const turns = rows.flatMap(({ sequence }) => this.#reranker?.turnOf(sequence) ?? []);
    const { pageMasses: source } = this.#context.activations;
    const rowBytes = 4 * this.cache.shape.maxPages;
    const sampled = this.#readback.submit(rows.length, {
      selecting: reranking.map(({ sequence, position }) => ({ sequence, numTokens: position + 1 })),
      observed,
      masses: rows.flatMap(({ position, masses }, row) =>
        masses ? [{ row, source, offsetBytes: row * rowBytes, numTokens: position + 1 }] : [],
      ),
    });
    const { dispatches, submits } = this.recorder.counts;
    this.#counts.steps++;
    this.#counts.readbacks++;
    this.#counts.dispatches += dispatches - before.dispatches;
    this.#counts.submits += submits - before.submits;
    this.#counts.buffers += device.buffers.numCreated - before.buffers;
    return sampled.then((tokens) => {
      for (const turn of turns) this.#reranker!.confirm(turn);
      return tokens;
    });
  }

  destroy(): void {
    this.#parts.destroy();
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
