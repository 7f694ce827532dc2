/** Submits decode steps and prefill slices to the GPU and reads back what they sampled; decides nothing. */
import { KvCache } from '../cache/kv-cache';
import { pageOf, pagesFor, pageTokens } from '../cache/page';
import type { GpuBuffer } from '../gpu/buffer';
import type { KernelCompiler } from '../gpu/kernel';
import { ReadbackRing } from '../gpu/readback';
import { Recorder } from '../gpu/recorder';
import { pageBytes } from '../kernels/attention/kv-format';
import { createActivations, destroyActivations, type Activations } from '../model/activations';
import { DecodeGraph, type DecodeRow, type GraphContext } from '../model/decode-graph';
import type { ModelConfig } from '../model/model-config';
import type { MassWish, PageMasses } from '../model/page-masses';
import { PagePacker } from '../model/page-packer';
import { PrefillGraph } from '../model/prefill-graph';
import { sparseTokensOf } from '../model/prefill-plan';
import { ropeTable } from '../model/rope';
import type { HostTraffic } from '../model/tile-traffic';
import type { ModelWeights } from '../model/weights';
import { BackedHostStore } from '../offload/backed-host-store';
import { Offloader, type BufferPart, type PageRun } from '../offload/offloader';
import { openHostStore } from '../offload/open-host-store';
import { Reloader } from '../offload/reloader';
import { runsOf } from '../offload/runs';
import { decodeResults, resultBytesPerRow, type SampledToken } from '../sampler/results';
import { Sampler } from '../sampler/sampler';
import { fetched } from '../util/fetched';
import type { CacheEvent } from './cache-event';
import type { CacheMap } from './cache-map';
import { CacheMapReader } from './cache-map-reader';
import {
  numReadbackSlots,
  offloadSlotBytes,
  readbackSlotBytes,
  selectionBytes,
  type MemoryPlan,
} from './memory-plan';
import { Pace, readingSegmentMs, segmentMs } from './pace';
import { PrefillJob } from './prefill-job';
import { noReranks, Reranker, type RerankCounts } from './reranker';
import { Restorer, type SummarySource } from './restorer';
import type { Sequence } from './sequence';
import type { Observation, StabilityObserver } from './stability-observer';

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
  readonly #config: ModelConfig;
  readonly #plan: MemoryPlan;
  readonly #context: GraphContext;
  readonly #prefillGraph: PrefillGraph;
  readonly #decodeGraphs = new Map<number, DecodeGraph>();
  #masses: PageMasses | undefined;
  readonly #activations: Activations;
  readonly #ropeTable: GpuBuffer;
  readonly #recorder: Recorder;
  readonly #readbacks: ReadbackRing;
  readonly #restorer: Restorer;
  readonly #packer: PagePacker | undefined;
  readonly #mapReader: CacheMapReader;
  readonly #kept: Set<number>;
  readonly #reranker: Reranker | undefined;
  /** Measures how stable heads are. */
  readonly observer: StabilityObserver | undefined;
  readonly #host: HostTraffic;
  readonly #hostStore: BackedHostStore;
  readonly #pace = new Pace();
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
    const {
      context,
      sampler,
      activations,
      ropeTable: table,
      recorder,
      readbacks,
      restorer,
      mapReader,
      reranker,
    } = parts;
    this.#context = context;
    this.cache = context.cache;
    this.sampler = sampler;
    this.#config = context.config;
    this.#plan = plan;
    this.#activations = activations;
    this.#ropeTable = table;
    this.#recorder = recorder;
    this.#readbacks = readbacks;
    this.#restorer = restorer;
    this.#packer = parts.packer;
    this.#mapReader = mapReader;
    this.#kept = parts.kept;
    this.#reranker = reranker;
    this.#host = context.host;
    this.observer = observer;
    this.#hostStore = parts.hostStore;
    this.#prefillGraph = prefillGraph;
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

  /** Pages outside the GPU. */
  get hostStore(): BackedHostStore {
    return this.#hostStore;
  }

  /** Summaries `[numPages, summary]` of pages `[from, to)` of every list of a sequence, as the GPU has them now. */
  async readSummaries(sequence: number, from: number, to: number): Promise<Uint8Array<ArrayBuffer>[]> {
    const { cache } = this;
    const { numLayers, numKvHeads, numPageIds } = cache.shape;
    const { summaryBytes } = cache.layout;
    const runs = runsOf(cache.pagesOf(sequence).slice(from, to));
    const lists = Array.from({ length: numLayers * numKvHeads }, (_, list): BufferPart[] => {
      const { summaries: source, firstKvHead } = cache.slabOf(
        Math.floor(list / numKvHeads),
        list % numKvHeads,
      );
      const firstSlot = ((list % numKvHeads) - firstKvHead) * numPageIds;
      return runs.map(({ start, length }) => ({
        source,
        offsetBytes: (firstSlot + start) * summaryBytes,
        sizeBytes: length * summaryBytes,
      }));
    });
    const perList = (to - from) * summaryBytes;
    const { offloader } = this.#host;
    const perRead = Math.max(1, Math.floor(offloader.slotBytes / perList));
    const result: Uint8Array<ArrayBuffer>[] = [];
    for (let first = 0; first < lists.length; first += perRead) {
      const part = lists.slice(first, first + perRead);
      const bytes = await offloader.readBack(this.#recorder, part.flat());
      part.forEach((_, i) => result.push(bytes.subarray(i * perList, (i + 1) * perList)));
    }
    return result;
  }

  /** What brings pages there. */
  get offloader(): Offloader {
    return this.#host.offloader;
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
    return this.#host.reloader.bytesStreamed;
  }

  /** Tells `listener` what happens in the cache, or nobody any more. */
  watch(listener: ((event: CacheEvent) => void) | undefined): void {
    if (this.#reranker) this.#reranker.onEvent = listener;
  }

  /** Where the pages of the sequence are that was submitted last. */
  readMap(): Promise<CacheMap> {
    return this.#mapReader.read(this.#latest);
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

  /** Fetches and compiles what page masses take, which must be done before they are asked for. @throws EngineError `network` */
  async prepareMasses(): Promise<void> {
    if (this.#masses) return;
    const { PageMasses } = await fetched(import('../model/page-masses'));
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
    if (isReading) this.#kept.add(index);
    cache.extend(index, ids.length, false);
    cache.resetLists(index);
    if (isSelecting) cache.reserveSets(index, pagesFor(ids.length));
    cache.flush(this.#recorder);
    const { tileTokens, chunkTokens } = this.#plan.activations;
    const context = {
      graph: this.#prefillGraph,
      config: this.#config,
      pace: this.#pace,
      tileTokens,
      maxChunkTokens: chunkTokens,
      segmentMs: isReading ? readingSegmentMs : segmentMs,
    };
    const masses = wish && { of: this.#masses!, wish };
    const isSparse = this.#plan.isFollowUpSparse && isSelecting;
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
    device.write(this.#activations.segmentRow, 0, Uint32Array.from(row));
    if (sparseTokens > 0) {
      device.write(this.#activations.sparseRow, 0, Uint32Array.of(sequence, sparseTokens - 1, 0, 0));
    }
    const cost = job.recordSlice(this.#recorder);
    if (job.isDone && isSampling) {
      if (isSelecting) this.#reranker!.begin(this.#recorder, sequence);
      this.observer?.begin(sequence);
      device.write(this.#activations.rows, 0, Uint32Array.from(row));
      this.#decodeGraphs.get(1)!.recordHead(this.#recorder);
      const { promptMasses } = this.#activations;
      const [token] = await this.#sample(1, {
        selecting: isSelecting ? [{ sequence, numTokens }] : [],
        masses: job.hasMasses ? [{ row: 0, source: promptMasses, offsetBytes: 0, numTokens }] : [],
      });
      this.#learn(cost, submittedAt);
      return { token };
    }
    this.#recorder.submit();
    const work = device.handle.queue.onSubmittedWorkDone();
    job.beginWait();
    await work;
    device.throwIfFailed();
    this.#learn(cost, submittedAt);
    return { token: undefined };
  }

  /** Whether a sequence may decode now: not while its pages come from the host, or a page of it has no way there. */
  isReady(sequence: Sequence): boolean {
    if (this.#lacksOffloadSlot(sequence)) return false;
    return this.#reranker?.isReady(sequence.index) ?? true;
  }

  /** Resolves when one of `sequences` may have become ready. */
  async whenReady(sequences: readonly Sequence[]): Promise<void> {
    if (sequences.length === 0) return;
    const waits = sequences.map(async (sequence) =>
      this.#lacksOffloadSlot(sequence)
        ? this.#host.offloader.slotFreed()
        : this.#reranker?.whenReady(sequence.index),
    );
    await Promise.race(waits);
  }

  /** Whether the next step fills a page that has no way to the host now. */
  #lacksOffloadSlot({ index, numStored }: Sequence): boolean {
    const fillsPage = (numStored + 1) % pageTokens === 0;
    return fillsPage && this.#host.isKept(index) && !this.#host.offloader.hasFreeSlot;
  }

  /** Resolves when no page is on its way to the host. @throws EngineError `device-lost` */
  async settled(): Promise<void> {
    await this.#host.offloader.settled();
  }

  /**
   * Brings a sequence back whose pages the cache has and whose full pages are in the host store, all layers and heads:
   * afterwards it is as it was when it rested. Summaries come from `summaries`, or else from all pages.
   * @throws EngineError `storage-quota`, `device-lost`; whatever reading the store or the summaries throws
   */
  async restore(sequence: Sequence, summaries?: SummarySource): Promise<void> {
    await this.#restorer.restore(this.#recorder, sequence.index, summaries);
    this.#context.compiler.device.throwIfFailed();
  }

  /** The answer of a sequence is over: its stable heads keep nothing on the GPU. */
  endTurn({ index }: Sequence): void {
    this.#reranker?.end(index);
    this.observer?.end(index);
    this.#kept.delete(index);
    this.cache.clearSets(index);
  }

  /** Submits one decode step of `rows`, whose batch size was prepared. Resolves to a token a row, in order. */
  submitDecode(rows: readonly StepRow[]): Promise<SampledToken[]> {
    const { device } = this.#context.compiler;
    const before = { ...this.#recorder.counts, buffers: device.buffers.numCreated };
    let observed: ObservedRow | undefined;
    const decodeRows = rows.map(({ sequence, position, isExact, masses }): DecodeRow => {
      const numPages = pageOf(position) + 1;
      const reranking = this.#reranker?.step(this.#recorder, sequence, numPages);
      this.cache.extend(sequence, position + 1, true);
      const observation = this.observer?.observe(sequence, numPages);
      if (observation) observed = { sequence, observation };
      const isObserved = observation !== undefined;
      return { sequence, position, isExact, reranking, isObserved, masses };
    });
    this.#latest = rows.at(-1)!.sequence;
    this.cache.flush(this.#recorder);
    const words = Uint32Array.from(rows.flatMap(({ sequence, position }) => [sequence, position, 0, 0]));
    device.write(this.#activations.rows, 0, words);
    this.#decodeGraphs.get(batchRows(rows.length))!.record(this.#recorder, decodeRows, this.#masses);
    this.#offloadFilledPages(rows);
    const reranking = decodeRows.filter((row) => row.reranking !== undefined);
    const turns = rows.flatMap(({ sequence }) => this.#reranker?.turnOf(sequence) ?? []);
    const { pageMasses: source } = this.#activations;
    const rowBytes = 4 * this.cache.shape.maxPages;
    const sampled = this.#sample(rows.length, {
      selecting: reranking.map(({ sequence, position }) => ({ sequence, numTokens: position + 1 })),
      observed,
      masses: rows.flatMap(({ position, masses }, row) =>
        masses ? [{ row, source, offsetBytes: row * rowBytes, numTokens: position + 1 }] : [],
      ),
    });
    const { dispatches, submits } = this.#recorder.counts;
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
    destroyParts({
      context: this.#context,
      sampler: this.sampler,
      activations: this.#activations,
      ropeTable: this.#ropeTable,
      recorder: this.#recorder,
      readbacks: this.#readbacks,
      mapReader: this.#mapReader,
    });
  }

  /** Pages that this step fills go to the host in one copy, all layers and heads of them. */
  #offloadFilledPages(rows: readonly StepRow[]): void {
    const filling = rows.filter(({ position }) => (position + 1) % pageTokens === 0);
    const kept = filling.filter(({ sequence }) => this.#host.isKept(sequence));
    for (const { sequence, position } of filling) {
      if (!this.#host.isKept(sequence)) this.#packer?.record(this.#recorder, sequence, pageOf(position));
    }
    if (kept.length === 0) return;
    const { numLayers, numKvHeads } = this.cache.shape;
    const sizeBytes = kept.length * numLayers * numKvHeads * this.cache.layout.hostPageBytes;
    this.#host.offloader.record(this.#recorder, this.#filledPages(kept), sizeBytes);
  }

  /** One page after the other: all are packed in the same place. */
  *#filledPages(rows: readonly StepRow[]): Generator<PageRun> {
    const { cache } = this;
    const { numLayers, numKvHeads } = cache.shape;
    for (const { sequence, position } of rows) {
      const page = pageOf(position);
      const packed = this.#packer?.record(this.#recorder, sequence, page);
      const ids = [cache.pagesOf(sequence)[page]!];
      for (let layer = 0; layer < numLayers; layer++) {
        for (let kvHead = 0; kvHead < numKvHeads; kvHead++) {
          const slot = packed ? layer * numKvHeads + kvHead : cache.table.get(layer, sequence, kvHead, page);
          const source = packed ?? cache.slabOf(layer, kvHead).pool;
          yield { layer, kvHead, ids, source, offsetBytes: slot * cache.layout.hostPageBytes };
        }
      }
    }
  }

  /**
   * Records the sampling of `numRows` rows of logits, submits, and reads the step's one slot: the tokens, then what the
   * stable heads of `selecting` have selected, then what all heads of `observed` would, then the page masses of some rows.
   */
  async #sample(numRows: number, { selecting, observed, masses }: StepResults): Promise<SampledToken[]> {
    const { logits, rows } = this.#activations;
    this.sampler.record(this.#recorder, { logits, rows, numRows });
    const slot = this.#readbacks.acquire();
    const resultBytes = numRows * resultBytesPerRow;
    const perSequence = selectionBytes(this.cache.shape);
    const observedOffset = resultBytes + selecting.length * perSequence;
    this.#recorder.copy(this.sampler.results, 0, slot.buffer, 0, resultBytes);
    const turns = selecting.map(({ sequence }, i) => {
      this.#recordSelections(this.cache.selections, sequence, slot.buffer, resultBytes + i * perSequence);
      return this.#reranker!.turnOf(sequence)!;
    });
    if (observed)
      this.#recordSelections(this.cache.observed!.selections, observed.sequence, slot.buffer, observedOffset);
    let sizeBytes = observedOffset + (observed ? perSequence : 0);
    const massParts = masses.map(({ row, source, offsetBytes, numTokens: length }) => {
      const numPages = pagesFor(length);
      const start = sizeBytes;
      this.#recorder.copy(source, offsetBytes, slot.buffer, start, 4 * numPages);
      sizeBytes += 4 * numPages;
      return { row, start, numPages };
    });
    this.#recorder.submit();
    const results = await slot.read(sizeBytes);
    this.#context.compiler.device.throwIfFailed();
    turns.forEach((turn, i) => {
      const words = new Uint32Array(results, resultBytes + i * perSequence, perSequence / 4);
      this.#reranker!.receive(this.#recorder, turn, words, selecting[i]!.numTokens);
    });
    observed?.observation(new Uint32Array(results, observedOffset, perSequence / 4));
    const tokens = decodeResults(results, numRows);
    for (const { row, start, numPages } of massParts) {
      tokens[row] = { ...tokens[row]!, pageMasses: new Float32Array(results, start, numPages) };
    }
    return tokens;
  }

  /** Records the copy of what all heads of a sequence selected into a read-back slot. */
  #recordSelections(source: GpuBuffer, sequence: number, target: GpuBuffer, offsetBytes: number): void {
    const { numLayers, numSequences, numKvHeads, pagesPerHead } = this.cache.shape;
    const bytesPerLayer = 4 * numKvHeads * pagesPerHead;
    for (let layer = 0; layer < numLayers; layer++) {
      const sourceOffset = (layer * numSequences + sequence) * bytesPerLayer;
      this.#recorder.copy(source, sourceOffset, target, offsetBytes + layer * bytesPerLayer, bytesPerLayer);
    }
  }

  /** Slices queue up behind each other: a slice's own time begins when the one before it has ended. */
  #learn(cost: number, submittedAt: number): void {
    const now = performance.now();
    this.#pace.learn(cost, now - Math.max(submittedAt, this.#lastSliceEnd));
    this.#lastSliceEnd = now;
  }
}

/** What comes back from a step besides its tokens. */
interface StepResults {
  readonly selecting: readonly { readonly sequence: number; readonly numTokens: number }[];
  readonly observed?: ObservedRow | undefined;
  /** Masses of the pages of `numTokens` tokens, of result row `row`. */
  readonly masses: readonly {
    readonly row: number;
    readonly source: GpuBuffer;
    readonly offsetBytes: number;
    readonly numTokens: number;
  }[];
}

/** The row of a step whose heads are looked at. */
interface ObservedRow {
  readonly sequence: number;
  readonly observation: Observation;
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
  readonly restorer: Restorer;
  /** Present when pages are packed as they leave. */
  readonly packer: PagePacker | undefined;
  readonly mapReader: CacheMapReader;
  /** Sequences whose pages go to the host whatever their heads are. */
  readonly kept: Set<number>;
  readonly hostStore: BackedHostStore;
  /** Present when the cache has stable heads. */
  readonly reranker: Reranker | undefined;
}

async function allocate(
  compiler: KernelCompiler,
  config: ModelConfig,
  weights: ModelWeights,
  plan: MemoryPlan,
  store: BackedHostStore,
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
    const readbacks = new ReadbackRing(device, numReadbackSlots, readbackSlotBytes(plan));
    undo.push(() => readbacks.destroy());
    const kept = new Set<number>();
    const host = await openHost(compiler, cache, plan, kept, store);
    undo.push(() => closeHost(host));
    const restorer = await Restorer.create(compiler, cache, host);
    const { format, hostFormat } = cache.shape;
    const packer =
      hostFormat === format ? undefined : await PagePacker.create(compiler, cache, activations.filledPages);
    const reranker = cache.hasStableHeads
      ? await Reranker.create(compiler, cache, host, plan.rerank)
      : undefined;
    const mapReader = new CacheMapReader(device, recorder, cache, store, reranker);
    undo.push(() => mapReader.destroy());
    const context: GraphContext = {
      compiler,
      config,
      weights,
      cache,
      host,
      activations,
      tokens: sampler.tokens,
      ropeTable: ropeBuffer,
      unused: activations.unused,
    };
    return {
      context,
      sampler,
      activations,
      ropeTable: ropeBuffer,
      recorder,
      readbacks,
      restorer,
      packer,
      mapReader,
      reranker,
      kept,
      hostStore: store,
    };
  } catch (error) {
    for (const step of undo.reverse()) step();
    throw error;
  }
}

/** The store that `plan` wants for pages outside the GPU, empty. Its caller closes it. */
export async function openPlannedStore({ cache, hostBytes }: MemoryPlan): Promise<BackedHostStore> {
  const { numLayers, numKvHeads, hostFormat, headDim } = cache;
  const shape = { numLayers, numKvHeads, pageBytes: pageBytes(hostFormat, headDim) };
  return new BackedHostStore(await openHostStore(shape, hostBytes));
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
  const reloader = await Reloader.create(compiler, store, pools, cache.shape);
  const offloader = new Offloader(device, store, cache, offloadSlotBytes(plan));
  return { offloader, reloader, isKept: (sequence) => cache.hasStableHeads || kept.has(sequence) };
}

function closeHost({ offloader, reloader }: HostTraffic): void {
  offloader.destroy();
  reloader.destroy();
}

function destroyParts(
  parts: Omit<RunnerParts, 'restorer' | 'packer' | 'kept' | 'hostStore' | 'reranker'>,
): void {
  const { context, sampler, activations, ropeTable: table, recorder, readbacks, mapReader } = parts;
  context.cache.destroy();
  closeHost(context.host);
  destroyActivations(activations);
  sampler.destroy();
  table.destroy();
  recorder.destroy();
  readbacks.destroy();
  mapReader.destroy();
}
