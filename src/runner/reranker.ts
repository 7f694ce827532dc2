/**
 * The life of stable heads' sets: which step reranks, what its selection brings back, and the flip a fixed number of steps
 * later. Plans are made by select/rerank; pages travel by offload/. Never waits inside a step: a sequence whose pages are late
 * is simply not ready for its next one.
 */
import { numLists } from '../cache/cache-layout';
import type { KvCache, StableHead } from '../cache/kv-cache';
import { pagesFor, type PageIndex } from '../cache/page';
import type { BoundKernel, KernelCompiler } from '../gpu/kernel';
import type { Recorder } from '../gpu/recorder';
import { commitSelections } from '../kernels/select/commit-selections';
import type { HostTraffic } from '../graph/tile-traffic';
import type { PromotedPages } from '../offload/reloader';
import { missingPages, planRerank } from './rerank';
import { assert } from '../util/assert';
import { asError } from '../util/errors';
import type { CacheEvent } from './cache-event';

/** When sets change. */
export interface RerankOptions {
  /** Decode steps from one rerank to the next. */
  readonly interval: number;
  /** Steps from a rerank to the flip: 1 pauses the sequence while its pages reload, more overlap the two. */
  readonly lag: number;
  /** Layers rerank one after the other within the interval, so that few pages come back at a time, but more often. */
  readonly isStaggered: boolean;
}

/** Layers `[first, end)`. */
export interface LayerRange {
  readonly first: number;
  readonly end: number;
}

/** The layers that rerank at a step, without stagger all of them at every `interval`-th; undefined where none does. */
export function layersOfStep(
  step: number,
  numLayers: number,
  { interval, isStaggered }: Pick<RerankOptions, 'interval' | 'isStaggered'>,
): LayerRange | undefined {
  const phase = step % interval;
  if (!isStaggered) return phase === 0 ? { first: 0, end: numLayers } : undefined;
  // Layer l has the phase floor(l · interval / numLayers).
  const first = Math.ceil((phase * numLayers) / interval);
  const end = Math.ceil(((phase + 1) * numLayers) / interval);
  return first < end ? { first, end } : undefined;
}

/** Counts since load. */
export interface RerankCounts {
  /** Reranks of a sequence: of all its stable heads, or of some layers' where they are staggered. */
  readonly reranks: number;
  /** Pages of one KV head that came back to the GPU. */
  readonly promotions: number;
  readonly reloadBytes: number;
  /** Milliseconds of the host's work on pages that came back: reading and uploading them. */
  readonly reloadMs: number;
  /** Times that an answer stood still, waiting for its pages, and for how long in all, in milliseconds. */
  readonly stalls: number;
  readonly stallMs: number;
  /** Milliseconds from the first token of an answer to its end, over all answers. */
  readonly answerMs: number;
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
  stalls: 0,
  stallMs: 0,
  answerMs: 0,
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
  fetched: Uint8Array<ArrayBuffer> | undefined;
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
export interface Turn {
  readonly sequence: number;
  isOver: boolean;
  /** Decode steps submitted. */
  step: number;
  /** Sets as selected last, by stable head; undefined until the prefill's selection has come back. */
  sets: PageIndex[][] | undefined;
  /** The next one first. */
  readonly pending: PendingFlip[];
  /** Steps whose results have come back. */
  numConfirmed: number;
  /** Its next step is due and waits for pages. */
  isHeld: boolean;
  /** Since when it has been held with none of its steps under way. */
  stalledAt: number | undefined;
  readonly startedAt: number;
}

/** Reranks the sequences of one cache. */
export class Reranker {
  readonly #cache: KvCache;
  readonly #host: HostTraffic;
  readonly #options: RerankOptions;
  readonly #commit: BoundKernel<keyof typeof commitSelections.params>;
  readonly #turns = new Map<number, Turn>();
  readonly #counts = { ...noReranks } as { -readonly [Name in keyof RerankCounts]: number };
  /** Told what happens; absent while nobody listens. */
  onEvent: ((event: CacheEvent) => void) | undefined;

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

  /** The prefill's selection, recorded before, is what the sequence attends from its first step on. */
  begin(recorder: Recorder, sequence: number): void {
    this.#turns.set(sequence, {
      sequence,
      isOver: false,
      step: 0,
      sets: undefined,
      pending: [],
      numConfirmed: 0,
      isHeld: false,
      stalledAt: undefined,
      startedAt: performance.now(),
    });
    this.#recordCommit(recorder, sequence, { first: 0, end: this.#cache.shape.numLayers });
  }

  /** The sequence's answer is over: what is still under way for it is dropped. */
  end(sequence: number): void {
    const turn = this.#turns.get(sequence);
    if (!turn) return;
    turn.isOver = true;
    for (const { fetched } of turn.pending) if (fetched) this.#host.reloader.drop(fetched);
    this.#turns.delete(sequence);
    this.#counts.answerMs += performance.now() - turn.startedAt;
  }

  /** The turn that the sequence is in, if it is in one. */
  turnOf(sequence: number): Turn | undefined {
    return this.#turns.get(sequence);
  }

  /** Whether it is known which pages the stable heads of a sequence have: not before its prefill's selection is back. */
  hasSets(sequence: number): boolean {
    return this.#turns.get(sequence)?.sets !== undefined;
  }

  /** Whether the next step of a sequence with `numPages` pages may be submitted: its flip, if due, has its pages. */
  isReady(sequence: number): boolean {
    const turn = this.#turns.get(sequence);
    const next = turn?.pending[0];
    if (!next || turn.step + 1 < next.dueStep || next.fetched) return true;
    if (next.failure !== undefined) throw next.failure;
    turn.isHeld = true;
    this.#noteStall(turn);
    return false;
  }

  /** The results of a step of this turn have come back. */
  confirm(turn: Turn): void {
    turn.numConfirmed++;
    this.#noteStall(turn);
  }

  /** Held back while steps are under way costs nothing: the stall begins when the last of them is done. */
  #noteStall(turn: Turn): void {
    if (turn.isHeld && turn.numConfirmed === turn.step) turn.stalledAt ??= performance.now();
  }

  #endStall(turn: Turn): void {
    if (turn.stalledAt !== undefined) {
      const durationMs = performance.now() - turn.stalledAt;
      this.#counts.stalls++;
      this.#counts.stallMs += durationMs;
      this.onEvent?.({ kind: 'stall', durationMs });
    }
    turn.isHeld = false;
    turn.stalledAt = undefined;
  }

  /** Resolves when the pages that the sequence waits for are there, or could not be had. */
  async whenReady(sequence: number): Promise<void> {
    await this.#turns.get(sequence)?.pending[0]?.settled.promise;
  }

  /**
   * Counts a step of the sequence and records its flip, if one is due: promoted pages go up, table and lists change.
   * @returns the layers that rerank in this step
   */
  step(recorder: Recorder, sequence: number, numPages: number): LayerRange | undefined {
    const turn = this.#turns.get(sequence);
    if (!turn) return undefined;
    turn.step++;
    this.#endStall(turn);
    if (turn.pending[0]?.dueStep === turn.step) this.#flip(recorder, turn, turn.pending.shift()!);
    const { numLayers, pagesPerHead } = this.#cache.shape;
    if (numPages <= pagesPerHead) return undefined;
    const layers = layersOfStep(turn.step, numLayers, this.#options);
    if (!layers || this.#headsOf(sequence, layers).length === 0) return undefined;
    const settled = openPromise();
    const fields = { selections: undefined, fetched: undefined, failure: undefined, fetchMs: 0 };
    turn.pending.push({ dueStep: turn.step + this.#options.lag, layers, numPages, ...fields, settled });
    return layers;
  }

  /**
   * What a sequence selected has arrived, `words [layers, kvHeads, K]`: the sets of a prefill, or the selections of a rerank,
   * whose promoted pages are fetched and, where staging is free, uploaded now. A turn that is over ignores it.
   */
  receive(recorder: Recorder, turn: Turn, words: Uint32Array, numTokens: number): void {
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
    void this.#fetch(recorder, turn, pending, heads);
  }

  async #fetch(
    recorder: Recorder,
    turn: Turn,
    pending: PendingFlip,
    heads: readonly StableHead[],
  ): Promise<void> {
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
      if (!turn.isOver) reloader.stageAhead(recorder, pending.fetched);
      pending.fetchMs = performance.now() - startedAt;
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
    counts.reloadBytes += fetched.byteLength;
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
      reloadBytes: fetched.byteLength,
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
