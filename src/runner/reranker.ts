/**
 * The life of stable heads' sets: which step reranks, what its selection brings back, and the flip a fixed number of steps
 * later. Plans are made by select/rerank; pages travel by offload/. Never waits inside a step: a sequence whose pages are late
 * has to wait before its next one.
 */
import { listTargets, numLists } from '../cache/cache-layout';
import type { KvCache, StableHead } from '../cache/kv-cache';
import { pageOf, pagesFor, type PageIndex } from '../cache/page';
import type { BoundKernel, KernelCompiler } from '../gpu/kernel';
import type { Recorder } from '../gpu/recorder';
import { commitSelections } from '../kernels/select/commit-selections';
import type { HostTraffic } from '../graph/tile-traffic';
import type { FetchedPages, PromotedPages } from '../offload/reloader';
import { missingPages, planRerank } from './rerank';
import { assert } from '../util/assert';
import { asError } from '../util/errors';
import type { CacheEvent } from './cache-event';
import { layersAt, type LayerRange, type RerankOptions } from './rerank-schedule';
import { selectionReturn } from './selection-return';
import type { Sequence } from './sequence';
import type { RiddenRow, StepReturn, StepRider, StepWait } from './step-rider';

/** Counts since load. */
export interface RerankCounts {
  /** Reranks of a sequence: of all its stable heads, or of some layers' where they are staggered. */
  readonly reranks: number;
  /** Pages of one KV head that came back to the GPU. */
  readonly promotions: number;
  readonly reloadBytes: number;
  /** Milliseconds of the host's work on pages that came back: reading and uploading them. */
  readonly reloadMs: number;
  /** Sum and number of overlaps between a set and the next, over heads and reranks. */
  readonly overlapSum: number;
  readonly overlaps: number;
}

/** Before anything was done. */
export const noReranks: RerankCounts = {
  reranks: 0,
  promotions: 0,
  reloadBytes: 0,
  reloadMs: 0,
  overlapSum: 0,
  overlaps: 0,
};

/** A rerank on its way: selected at some step, to take over at `dueStep`. */
interface PendingFlip {
  readonly dueStep: number;
  readonly layers: LayerRange;
  readonly numPages: number;
  /** By stable head of these layers, in the cache's order. */
  selections: PageIndex[][] | undefined;
  /** Pages from the host, in the order in which the flip promotes them. */
  fetched: FetchedPages | undefined;
  failure: Error | undefined;
  fetchMs: number;
  readonly settled: OpenPromise;
}

interface OpenPromise {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
}

/** A promise that is resolved from outside. */
function openPromise(): OpenPromise {
  const parts: { resolve?: () => void } = {};
  const promise = new Promise<void>((done) => (parts.resolve = done));
  return { promise, resolve: () => parts.resolve?.() };
}

/** A sequence from the end of its prefill to the end of its answer: what comes back from the GPU is for this turn alone. */
interface Turn {
  readonly sequence: number;
  isOver: boolean;
  /** Decode steps submitted. */
  step: number;
  /** Sets as selected last, by stable head; undefined until the prefill's selection has come back. */
  sets: PageIndex[][] | undefined;
  /** The next one first. */
  readonly pending: PendingFlip[];
}

/** Reranks the sequences of one cache. */
export class Reranker implements StepRider {
  readonly #cache: KvCache;
  readonly #host: HostTraffic;
  readonly #options: RerankOptions;
  readonly #commit: BoundKernel<keyof typeof commitSelections.params>;
  readonly #turns = new Map<number, Turn>();
  readonly #counts = { ...noReranks };
  /** Told what happens; absent while nobody listens. */
  onEvent: ((event: CacheEvent) => void) | undefined;
  /** Told when pages of a rerank have come from the host, with the times in milliseconds. */
  onReload: ((fromMs: number, toMs: number, bytes: number) => void) | undefined;

  private constructor(
    cache: KvCache,
    host: HostTraffic,
    options: RerankOptions,
    commit: BoundKernel<keyof typeof commitSelections.params>,
  ) {
    this.#cache = cache;
    this.#host = host;
    this.#options = options;
    this.#commit = commit;
  }

  static async create(
    compiler: KernelCompiler,
    cache: KvCache,
    host: HostTraffic,
    options: RerankOptions,
  ): Promise<Reranker> {
    const kernel = await compiler.compile(commitSelections);
    const { lists, listState } = cache;
    return new Reranker(cache, host, options, kernel.bind({ lists, listState }));
  }

  get counts(): RerankCounts {
    return { ...this.#counts };
  }

  /** The prefill's selection, recorded before, is what stable heads attend from the first step on. */
  #begin(recorder: Recorder, sequence: number): void {
    this.#turns.set(sequence, {
      sequence,
      isOver: false,
      step: 0,
      sets: undefined,
      pending: [],
    });
    this.#cache.forgetSelections(sequence);
    this.#cache.flush(recorder);
    this.#recordCommit(recorder, sequence, { first: 0, end: this.#cache.shape.numLayers });
  }

  /** The sequence's answer is over: what is still under way for it is dropped. */
  end(sequence: number): void {
    const turn = this.#turns.get(sequence);
    if (!turn) return;
    turn.isOver = true;
    for (const { fetched } of turn.pending) if (fetched) this.#host.reloader.drop(fetched);
    this.#turns.delete(sequence);
  }

  /** Whether it is known which pages the stable heads of a sequence have: not before its prefill's selection is back. */
  hasSets(sequence: number): boolean {
    return this.#turns.get(sequence)?.sets !== undefined;
  }

  /** A step whose flip is due needs its pages. @throws what fetching them failed with */
  waitOf({ index }: Sequence): StepWait | undefined {
    const turn = this.#turns.get(index);
    const next = turn?.pending[0];
    if (!next || turn.step + 1 < next.dueStep || next.fetched) return undefined;
    if (next.failure !== undefined) throw next.failure;
    return { cause: 'reload', until: () => next.settled.promise };
  }

  before(recorder: Recorder, rows: readonly RiddenRow[]): void {
    for (const row of rows) {
      const { sequence, position, isPromptEnd, isSelecting } = row;
      if (!isPromptEnd) row.reranking = this.#step(recorder, sequence, position);
      else if (isSelecting) this.#begin(recorder, sequence);
    }
  }

  after(_recorder: Recorder, rows: readonly RiddenRow[]): StepReturn[] {
    return rows.flatMap(({ sequence, position, isSelecting, reranking }): StepReturn[] => {
      if (!isSelecting && !reranking) return [];
      const turn = this.#turns.get(sequence)!;
      const receive = (words: Uint32Array) => this.#receive(turn, words, position + 1);
      return [selectionReturn(this.#cache, listTargets.selected, sequence, receive)];
    });
  }

  /**
   * Counts a step of the sequence and records its flip, if one is due: promoted pages go up, table and lists change.
   * @returns the layers that rerank in this step
   */
  #step(recorder: Recorder, sequence: number, position: number): LayerRange | undefined {
    const turn = this.#turns.get(sequence);
    if (!turn) return undefined;
    turn.step++;
    if (turn.pending[0]?.dueStep === turn.step) this.#flip(recorder, turn, turn.pending.shift()!);
    const { numLayers, pagesPerHead } = this.#cache.shape;
    const numPages = pageOf(position) + 1;
    if (numPages <= pagesPerHead || turn.step < this.#options.firstStep) return undefined;
    const layers = layersAt(position, numLayers, this.#options);
    if (!layers || this.#headsOf(sequence, layers).length === 0) return undefined;
    const settled = openPromise();
    const fields = { selections: undefined, fetched: undefined, failure: undefined, fetchMs: 0 };
    turn.pending.push({ dueStep: turn.step + this.#options.lag, layers, numPages, ...fields, settled });
    return layers;
  }

  /**
   * What a sequence selected has arrived, `words [layers, kvHeads, K]`: the sets of a prefill, or the selections of a rerank,
   * whose promoted pages are fetched. A turn that is over ignores it.
   */
  #receive(turn: Turn, words: Uint32Array, numTokens: number): void {
    if (turn.isOver) return;
    const { sequence } = turn;
    const numPages = pagesFor(numTokens);
    if (!turn.sets) {
      const heads = this.#cache.stableHeads(sequence);
      turn.sets = this.#decode(heads, words, numPages);
      heads.forEach((head, i) => this.#cache.assignSet(sequence, head, turn.sets![i]!));
      return;
    }
    // Selections come back in the order of their steps.
    const pending = turn.pending.find(({ selections }) => selections === undefined);
    assert(pending, 'a selection comes back for a rerank');
    const heads = this.#headsOf(sequence, pending.layers);
    pending.selections = this.#decode(heads, words, numPages);
    void this.#fetch(turn, pending, heads);
  }

  async #fetch(turn: Turn, pending: PendingFlip, heads: readonly StableHead[]): Promise<void> {
    const selections = pending.selections!;
    const ids = this.#cache.pagesOf(turn.sequence);
    const wanted = heads.map(({ layer, kvHead, pages }, i) => {
      const promoted = missingPages(selections[i]!, pages);
      return { layer, kvHead, ids: promoted.map((page) => ids[page]!) };
    });
    try {
      const { offloader, reloader } = this.#host;
      // Every page that leaves at the flip must have a copy on the host, and every one that comes must have arrived there.
      await offloader.settled(ids);
      const startedAt = performance.now();
      pending.fetched = await reloader.fetch(wanted);
      const endedAt = performance.now();
      pending.fetchMs = endedAt - startedAt;
      this.onReload?.(startedAt, endedAt, pending.fetched.numBytes);
      // Nobody flips to them any more.
      if (turn.isOver) reloader.drop(pending.fetched);
    } catch (error) {
      pending.failure = asError(error);
    } finally {
      pending.settled.resolve();
    }
  }

  #flip(recorder: Recorder, turn: Turn, pending: PendingFlip): void {
    const { fetched, selections, numPages, layers } = pending;
    const { sequence, sets } = turn;
    assert(fetched && selections && sets, 'a flip has its pages');
    const heads = this.#headsOf(sequence, layers);
    const firstHead = this.#cache.stableHeads(sequence).indexOf(heads[0]!);
    const plans = heads.map((head, i) => {
      const plan = planRerank({
        selected: selections[i]!,
        numPages,
        resident: head,
        previous: sets[firstHead + i],
        takeSlot: () => this.#cache.takeStableSlot(head),
      });
      this.#cache.setResident(sequence, head, plan);
      sets[firstHead + i] = selections[i]!;
      return { layer: head.layer, kvHead: head.kvHead, ...plan };
    });
    const promotions = plans.map(({ layer, kvHead, promoted }): PromotedPages => {
      const { pool } = this.#cache.slabOf(layer, kvHead);
      return { pool, slots: promoted.map(({ slot }) => slot) };
    });
    const startedAt = performance.now();
    this.#host.reloader.record(recorder, promotions, fetched);
    const reloadMs = pending.fetchMs + performance.now() - startedAt;
    this.#cache.flush(recorder);
    this.#recordCommit(recorder, sequence, layers);
    const counts = this.#counts;
    counts.reranks++;
    counts.promotions += plans.reduce((sum, { promoted }) => sum + promoted.length, 0);
    counts.reloadBytes += fetched.numBytes;
    counts.reloadMs += reloadMs;
    counts.overlapSum += plans.reduce((sum, { overlap }) => sum + overlap!, 0);
    counts.overlaps += plans.length;
    this.onEvent?.({
      kind: 'rerank',
      step: turn.step,
      numPages,
      promotions: plans.map(({ layer, kvHead, promoted }) => {
        return { layer, kvHead, pages: promoted.map(({ page }) => page) };
      }),
      overlaps: plans.map(({ overlap }) => overlap!),
      reloadMs,
      reloadBytes: fetched.numBytes,
    });
  }

  #headsOf(sequence: number, { first, end }: LayerRange): StableHead[] {
    return this.#cache.stableHeads(sequence).filter(({ layer }) => layer >= first && layer < end);
  }

  #recordCommit(recorder: Recorder, sequence: number, { first, end }: LayerRange): void {
    const { numKvHeads, numSequences, pagesPerHead } = this.#cache.shape;
    const params = {
      firstLayer: first,
      sequence,
      numSequences,
      kvHeads: numKvHeads,
      numLists: numLists(this.#cache.shape),
      budget: pagesPerHead,
    };
    recorder.dispatch(this.#commit, params, [(end - first) * numKvHeads]);
  }

  /** By stable head: what it selected, ascending. */
  #decode(heads: readonly StableHead[], words: Uint32Array, numPages: number): PageIndex[][] {
    const { numKvHeads, pagesPerHead } = this.#cache.shape;
    const count = Math.min(pagesPerHead, numPages);
    return heads.map(({ layer, kvHead }) => {
      const start = (layer * numKvHeads + kvHead) * pagesPerHead;
      return Array.from(words.subarray(start, start + count)) as PageIndex[];
    });
  }
}
