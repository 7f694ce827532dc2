/** Submits decode steps and prefill slices to the GPU and reads back what they sampled; decides nothing. */
import type { KvCache } from '../cache/kv-cache';
import { pageOf, pagesFor } from '../cache/page';
import type { Recorder } from '../gpu/recorder';
import { DecodeGraph } from '../graph/decode-graph';
import type { GraphContext } from '../graph/graph-context';
import { PrefillGraph, type HiddenReader } from '../graph/prefill-graph';
import { sparseTokensOf } from '../graph/prefill-plan';
import type { BackedHostStore } from '../offload/backed-host-store';
import type { Offloader } from '../offload/offloader';
import type { SampledToken } from '../sampler/results';
import type { Sampler } from '../sampler/sampler';
import { fetched } from '../util/fetched';
import type { CacheEvent } from './cache-event';
import type { CacheMap } from './cache-map';
import type { CacheMapReader } from './cache-map-reader';
import { FilledPages } from './filled-pages';
import type { MassWish } from './mass-wish';
import type { MemoryPlan } from './memory-plan';
import type { ObservedSelections } from './observed-selections';
import { Pace, readingSegmentMs, segmentMs } from './pace';
import type { PageMasses } from './page-masses';
import { PrefillJob } from './prefill-job';
import { QueryRings } from './query-rings';
import { noReranks, type Reranker, type RerankCounts } from './reranker';
import type { Restorer, SummarySource } from './restorer';
import { allocate, type RunnerParts, type RunnerSite } from './runner-parts';
import type { Sequence } from './sequence';
import type { StabilityObserver } from '../stability/stability-observer';
import { Stalls, type StallCounts } from './stalls';
import { StepReadback } from './step-readback';
import type { Trace } from './trace';
import { riddenRow, type RiddenRow, type StepRider, type StepRow, type StepWait } from './step-rider';

/** Decode steps and what the GPU did for them, since load. */
interface StepCounts {
  readonly steps: number;
  readonly dispatches: number;
  readonly submits: number;
  readonly readbacks: number;
  readonly buffers: number;
}

/** Bytes of pages by where they are. */
export interface TierBytes {
  readonly gpu: number;
  readonly host: number;
  readonly disk: number;
}

/** A prefill slice that is submitted. */
interface SubmittedSlice {
  /** Tokens of the prompt whose KV is recorded through all layers. */
  readonly position: number;
  /** Whether it was the prompt's last. */
  readonly isLast: boolean;
  /** Resolves when the GPU has done it: to the first token of the answer, when the slice was the last of a prompt to answer. */
  readonly done: Promise<SampledToken | undefined>;
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
  /** What its graphs bind. */
  readonly context: GraphContext;
  readonly #reranker: Reranker | undefined;
  readonly #prefillGraph: PrefillGraph;
  readonly #decodeGraphs = new Map<number, DecodeGraph>();
  readonly #readback: StepReadback;
  /** In the order in which they are asked. */
  readonly #riders: StepRider[] = [];
  readonly #stalls = new Stalls((event) => this.#tell(event));
  readonly #queryRings: QueryRings;
  readonly #pace = new Pace();
  /** Prompts on their way, by sequence. */
  readonly #prefills = new Map<number, PrefillJob>();
  #listener: ((event: CacheEvent) => void) | undefined;
  #trace: Trace | undefined;
  #masses: PageMasses | undefined;
  #mapReader: CacheMapReader | undefined;
  #restorer: Promise<Restorer> | undefined;
  #counts = { steps: 0, dispatches: 0, submits: 0, readbacks: 0, buffers: 0 };
  #lastSliceEnd = 0;
  /** The sequence of the latest submission. */
  #latest = 0;

  private constructor(
    parts: RunnerParts,
    prefillGraph: PrefillGraph,
    plan: MemoryPlan,
    observed: ObservedSelections | undefined,
  ) {
    const { context, sampler, recorder, readbacks, reranker } = parts;
    const { cache, activations, compiler } = context;
    const { device } = compiler;
    this.#parts = parts;
    this.context = context;
    this.#reranker = reranker;
    this.cache = cache;
    this.sampler = sampler;
    this.recorder = recorder;
    this.plan = plan;
    this.observer = observed?.observer;
    this.hostStore = parts.hostStore;
    this.#prefillGraph = prefillGraph;
    this.#readback = new StepReadback({ device, activations, recorder, sampler, readbacks });
    if (reranker) this.#riders.push(reranker);
    if (observed) this.#riders.push(observed);
    this.#riders.push(new FilledPages(cache, context.host, parts));
    this.#queryRings = new QueryRings(cache.shape.rerankQueries);
  }

  /**
   * Allocates what `plan` says and compiles a decode step of one row.
   * @param observer measures how stable heads are, in this runner as in the one before
   * @throws EngineError `gpu-memory`; `network` when a rare part cannot be fetched
   */
  static async create(site: RunnerSite, observer?: StabilityObserver): Promise<ModelRunner> {
    const { plan } = site;
    const parts = await allocate(site);
    try {
      const prefillGraph = await PrefillGraph.create(
        parts.context,
        plan.activations.tileTokens,
        plan.isFollowUpSparse,
      );
      const { cache, activations } = parts.context;
      const observed =
        observer &&
        new (await fetched(import('./observed-selections'))).ObservedSelections(
          cache,
          observer,
          activations.heldMasses,
        );
      const runner = new ModelRunner(parts, prefillGraph, plan, observed);
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
    return this.context.host.offloader;
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

  /** How long answers stood still, since load. */
  get stallCounts(): StallCounts {
    return this.#stalls.counts;
  }

  /** Bytes of pages that prefills have read from the host, since load. */
  get streamedBytes(): number {
    return this.context.host.reloader.bytesStreamed;
  }

  /** Tells `listener` what happens in the cache, or nobody any more. */
  watch(listener: ((event: CacheEvent) => void) | undefined): void {
    this.#listener = listener;
    this.#watchReranks();
  }

  /** Notes in `trace` what is done from now on, or nothing any more. */
  traceTo(trace: Trace | undefined): void {
    this.#trace = trace;
    this.recorder.onDispatch = trace && ((...dispatch) => trace.dispatch(...dispatch));
    if (this.#reranker) this.#reranker.onReload = trace && ((...reload) => trace.reload(...reload));
    this.#watchReranks();
  }

  /** Events are made only while somebody listens. */
  #watchReranks(): void {
    if (!this.#reranker) return;
    const isHeard = this.#listener ?? this.#trace;
    this.#reranker.onEvent = isHeard && ((event) => this.#tell(event));
  }

  #tell(event: CacheEvent): void {
    this.#listener?.(event);
    this.#trace?.tell(event);
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
      this.#decodeGraphs.set(rows, await DecodeGraph.create(this.context, rows));
    }
  }

  /** Fetches and compiles what page masses take, which must be done before they are asked for. @throws EngineError `network` */
  async prepareMasses(): Promise<void> {
    if (this.#masses) return;
    const { PageMasses } = await fetched(import('./page-masses'));
    const masses = await PageMasses.create(this.context);
    if (this.#masses) return;
    this.#masses = masses;
    this.#riders.push(masses);
  }

  /**
   * Starts the prefill of `ids` from token `start` on, the first of a page; the pages before are there. With `isReading`
   * nothing is sampled, and all full pages go to the host. With `masses` the first token comes with its page masses; `hidden` reads
   * the last hidden states.
   */
  beginPrefill(
    sequence: Sequence,
    ids: readonly number[],
    start: number,
    {
      isReading = false,
      masses,
      hidden,
    }: {
      isReading?: boolean;
      masses?: MassWish | undefined;
      hidden?: HiddenReader | undefined;
    } = {},
  ): void {
    const { cache } = this;
    const { index } = sequence;
    // Stable heads keep only what they select, all pages where those are few: exact requests are only admitted with so few.
    const isSelecting = cache.hasStableHeads && !isReading;
    if (isReading && !hidden) this.#parts.kept.add(index);
    cache.extend(index, ids.length, false);
    cache.resetLists(index);
    if (isSelecting) cache.reserveSets(index, pagesFor(ids.length));
    cache.flush(this.recorder);
    const { tileTokens, chunkTokens } = this.plan.activations;
    const context = {
      graph: this.#prefillGraph,
      config: this.context.config,
      pace: this.#pace,
      tileTokens,
      maxChunkTokens: chunkTokens,
      segmentMs: isReading ? readingSegmentMs : segmentMs,
    };
    const onKept = masses && this.#masses!.ofPromptEnd(index, ids.length - 1, masses);
    const isSparse = this.plan.isFollowUpSparse && isSelecting;
    const sparseTokens = isSparse ? sparseTokensOf(start, cache.shape.pagesPerHead) : 0;
    const isSampling = !isReading;
    const purpose = { isSelecting, isSampling, masses, onKept, sparseTokens, hidden };
    this.#prefills.set(index, new PrefillJob(context, index, ids, start, purpose));
  }

  /** Whether a segment of the sequence's prompt is begun and not done: until then no other prefill may go on. */
  isInSegment({ index }: Sequence): boolean {
    return this.#prefills.get(index)?.isInSegment ?? false;
  }

  /** Submits the next slice of the sequence's prompt, which is ready; the last slice also samples the first token. */
  submitSlice(sequence: Sequence): SubmittedSlice {
    const { device } = this.context.compiler;
    const job = this.#prefills.get(sequence.index)!;
    const { numTokens, isSelecting, sparseTokens } = job;
    this.#latest = sequence.index;
    const submittedAt = performance.now();
    const row = Uint32Array.of(sequence.index, numTokens - 1, 0, 0);
    device.write(this.context.activations.segmentRow, 0, row);
    if (sparseTokens > 0) {
      const last = Uint32Array.of(sequence.index, sparseTokens - 1, 0, 0);
      device.write(this.context.activations.sparseRow, 0, last);
    }
    const cost = job.recordSlice(this.recorder);
    const { position, isDone: isLast } = job;
    if (isLast) this.#prefills.delete(sequence.index);
    let work: Promise<SampledToken | undefined>;
    if (isLast && job.isSampling) {
      this.#stalls.begin(sequence.index);
      const last = { sequence: sequence.index, position: numTokens - 1, isExact: false, masses: job.masses };
      work = this.#sample([riddenRow(last, { isPromptEnd: true, isSelecting })], () =>
        this.#decodeGraphs.get(1)!.recordHead(this.recorder),
      ).then(([token]) => token);
    } else {
      this.recorder.submit();
      work = device.handle.queue.onSubmittedWorkDone().then(() => {
        device.throwIfFailed();
        return undefined;
      });
      job.beginWait();
    }
    const args = { sequence: sequence.index, position, tokens: numTokens };
    const traceEnd = this.#trace?.submitted('prefill slice', submittedAt, args);
    const done = work.then((token) => {
      this.#learn(cost, submittedAt);
      traceEnd?.();
      return token;
    });
    return { position, isLast, done };
  }

  /**
   * Whether a sequence may go on now: not while its pages come from the host, or a page of it has no way there.
   * @throws what that wait failed with
   */
  isReady(sequence: Sequence): boolean {
    const prefill = this.#prefills.get(sequence.index);
    if (prefill) return prefill.isReady;
    const wait = this.#waitOf(sequence);
    if (wait) this.#stalls.hold(sequence.index, wait.cause);
    return wait === undefined;
  }

  /** Resolves when one of `sequences` may have become ready. */
  async whenReady(sequences: readonly Sequence[]): Promise<void> {
    if (sequences.length === 0) return;
    const waits = sequences.map(
      async (sequence) => this.#prefills.get(sequence.index)?.whenReady() ?? this.#waitOf(sequence)?.until(),
    );
    await Promise.race(waits);
  }

  #waitOf(sequence: Sequence): StepWait | undefined {
    for (const rider of this.#riders) {
      const wait = rider.waitOf?.(sequence);
      if (wait) return wait;
    }
    return undefined;
  }

  /** Resolves when no page is on its way to the host. @throws EngineError `device-lost` */
  async settled(): Promise<void> {
    await this.context.host.offloader.settled();
  }

  /**
   * Brings a sequence back whose pages the cache has and whose full pages are in the host store, all layers and heads:
   * afterwards it is as it was when it rested. Summaries come from `summaries`, or else from all pages.
   * @throws EngineError `storage-quota`, `device-lost`, `network` when that part cannot be fetched; whatever reading the store or the
   *   summaries throws
   */
  async restore(sequence: Sequence, summaries?: SummarySource): Promise<void> {
    this.#restorer ??= this.#createRestorer().catch((error: unknown) => {
      this.#restorer = undefined;
      throw error;
    });
    const restorer = await this.#restorer;
    await restorer.restore(this.recorder, sequence.index, summaries);
    this.context.compiler.device.throwIfFailed();
  }

  async #createRestorer(): Promise<Restorer> {
    const { compiler, cache, host } = this.context;
    return (await fetched(import('./restorer'))).Restorer.create(compiler, cache, host);
  }

  /** The answer of a sequence is over: its stable heads keep nothing on the GPU. */
  endTurn({ index }: Sequence): void {
    this.#prefills.delete(index);
    for (const rider of this.#riders) rider.end?.(index);
    this.#stalls.end(index);
    this.#queryRings.end(index);
    this.#parts.kept.delete(index);
    this.cache.clearSets(index);
  }

  /** Submits one decode step of `rows`, whose batch size was prepared. Resolves to a token a row, in order. */
  submitDecode(rows: readonly StepRow[]): Promise<SampledToken[]> {
    const { device } = this.context.compiler;
    const startedAt = performance.now();
    const before = { ...this.recorder.counts, buffers: device.buffers.numCreated };
    const answers = rows.flatMap(({ sequence }) => this.#stalls.submit(sequence) ?? []);
    this.#latest = rows.at(-1)!.sequence;
    const graph = this.#decodeGraphs.get(batchRows(rows.length))!;
    const recorded = rows.map((row) => riddenRow(row));
    for (const { sequence, token } of rows) {
      if (token !== undefined) device.write(this.sampler.tokens, 4 * sequence, Uint32Array.of(token));
    }
    const sampled = this.#sample(recorded, () => {
      for (const { sequence, position } of rows) this.cache.extend(sequence, position + 1, true);
      this.cache.flush(this.recorder);
      graph.record(this.recorder, recorded);
    });
    const { dispatches, submits } = this.recorder.counts;
    this.#counts.steps++;
    this.#counts.readbacks++;
    this.#counts.dispatches += dispatches - before.dispatches;
    this.#counts.submits += submits - before.submits;
    this.#counts.buffers += device.buffers.numCreated - before.buffers;
    const traceEnd = this.#trace?.decodeStep(rows, startedAt, dispatches - before.dispatches);
    return sampled.then((tokens) => {
      traceEnd?.();
      for (const stalled of answers) this.#stalls.confirm(stalled);
      return tokens;
    });
  }

  /** Submits a step of `rows` that ends in logits, with all that rides along: `record` records the step itself. */
  async #sample(rows: readonly RiddenRow[], record: () => void): Promise<SampledToken[]> {
    const { recorder } = this;
    for (const rider of this.#riders) rider.before?.(recorder, rows);
    const words = rows.flatMap(({ sequence, position, isPromptEnd }) => {
      const isTaken = !isPromptEnd && pageOf(position) + 1 > this.cache.shape.pagesPerHead;
      return [sequence, position, ...this.#queryRings.next(sequence, isTaken)];
    });
    this.context.compiler.device.write(this.context.activations.rows, 0, Uint32Array.from(words));
    record();
    const returns = this.#riders.flatMap((rider) => rider.after?.(recorder, rows) ?? []);
    const tokens = await this.#readback.submit(rows.length, returns);
    return tokens.map((token, i) => {
      const { pageMasses } = rows[i]!;
      return pageMasses ? { ...token, pageMasses } : token;
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
