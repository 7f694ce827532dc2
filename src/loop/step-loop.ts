/** The engine's heart: admit, plan, submit, confirm, as long as there are requests. It waits for the GPU only to confirm. */
import { pagesFor, type PageId } from '../cache/page';
import { isHostError } from '../offload/host-error';
import { assert } from '../util/assert';
import { EngineError } from '../util/errors';
import type { ModelRunner, StepRow } from '../runner/model-runner';
import type { PrefillJob } from '../runner/prefill-job';
import type { SummarySource } from '../runner/restorer';
import type { LoopRequest } from './loop-request';
import { RunningRequest } from './running-request';
import { planStep } from './scheduler';
import { wholePages, type Sequence } from '../runner/sequence';
import type { SequenceStore } from './sequence-store';
import type { StepPlan } from './step-plan';

/** Submissions whose results are still out: enough that the GPU never waits for the host between steps. */
const maxInFlight = 3;

/** A submission: `confirmed` settles once its effects are applied. */
interface InFlight {
  readonly result: Promise<() => void>;
}

/** What is known of a sequence that is brought back. */
export interface RestoreOptions {
  readonly ids?: readonly PageId[];
  readonly summaries?: SummarySource;
  readonly origin?: string | undefined;
}

/** Runs the requests of one model. All state changes happen between awaits of one loop, so nothing is locked. */
export class StepLoop {
  readonly #runner: ModelRunner;
  readonly #store: SequenceStore;
  readonly #maxRows: number;
  readonly #isLost: () => Promise<boolean> | boolean;
  readonly #waiting: LoopRequest[] = [];
  #admitted: LoopRequest[] = [];
  readonly #prefills = new Map<LoopRequest, PrefillJob>();
  readonly #inFlight: InFlight[] = [];
  /** Ends of what takes sequences without being a request: on their way back, or being stored. None of these rejects. */
  readonly #held = new Set<Promise<void>>();
  /** What has ended, and is being stored. */
  readonly #storing = new Set<LoopRequest>();
  readonly #onRoom: (() => void)[] = [];
  /** Ends the loop's wait for pages: another request must not wait for them. */
  #wake: () => void = () => undefined;
  #running: Promise<void> | undefined;
  #isHalted = false;

  /** @param isLost whether the device is gone, and requests are to wait for `halt` instead of failing with it */
  constructor(
    runner: ModelRunner,
    store: SequenceStore,
    maxRows: number,
    isLost: () => Promise<boolean> | boolean = () => false,
  ) {
    this.#isLost = isLost;
    this.#runner = runner;
    this.#store = store;
    this.#maxRows = maxRows;
    const { offloader } = runner;
    offloader.onFull = () => store.evictIdle();
    offloader.onLost = (ids, error) => this.#losePages(ids, error);
  }

  /** Queues a request; its events tell the rest. Requests that do not fit together wait in order. */
  add(request: LoopRequest): void {
    this.#waiting.push(request);
    this.#wake();
    // A loop that is halted passes on what comes: a run that ended at once would count as one that never does.
    if (!this.#isHalted) this.#running ??= this.#run();
  }

  /**
   * Brings a rested sequence of `tokens`, whole pages, back to the GPU, so that the next prompt finds it as if it had been
   * read just now. `bring` makes sure that the host store has all its pages under the ids that it is given, which are
   * `ids` where those are known; `origin` is the import that they come from. Waits for room until running requests end.
   * @throws EngineError `context-too-long` when there is no room even so; whatever `bring` and reading pages throw
   */
  async restore(
    tokens: readonly number[],
    bring: (ids: readonly PageId[]) => Promise<void> | void,
    { ids, summaries, origin }: RestoreOptions = {},
  ): Promise<void> {
    const sequence = await this.#adopt(tokens.length, ids);
    await this.#hold(this.#bringBack(sequence, { tokens, origin }, bring, summaries));
  }

  /** Requests wait for the room that a sequence takes until `work` on it is done. */
  async #hold(work: Promise<void>): Promise<void> {
    const settled = work.catch(() => undefined);
    this.#held.add(settled);
    try {
      await work;
    } finally {
      this.#held.delete(settled);
    }
  }

  /** Whether some sequence of this origin has the KV of all these tokens, whole pages. */
  covers(tokens: readonly number[], origin?: string): boolean {
    return this.#store.covers(tokens, origin);
  }

  /** Tokens of a prompt that some sequence of this origin has, whole pages. */
  numReusable(prompt: readonly number[], origin?: string): number {
    return this.#store.numReusable(prompt, origin);
  }

  /** Whether no request runs or waits, and nothing is brought back or stored. */
  get isIdle(): boolean {
    return this.#running === undefined && this.#held.size === 0;
  }

  /** Forgets idle sequences of this origin that share a page of these tokens. */
  drop(tokens: readonly number[], origin?: string): void {
    this.#store.drop(tokens, origin);
    this.#tellRoom();
  }

  /** Ends a request with `reason`: nothing of it is submitted any more, and what is in flight is ignored. */
  abort(request: LoopRequest, reason: unknown): void {
    this.#end(request, reason);
  }

  /** With `isUseless` its KV serves no other. */
  #end(request: LoopRequest, reason: unknown, isUseless = false): void {
    if (request.phase === 'finished') return;
    request.fail(reason);
    this.#wake();
    if (this.#isHalted) return;
    const index = this.#waiting.indexOf(request);
    if (index >= 0) this.#waiting.splice(index, 1);
    // One that was interrupted may be on its way from another loop to this one.
    else if (this.#admitted.includes(request)) this.#retire(request, isUseless);
  }

  /** Ends every request with `error`. */
  abortAll(error: unknown): void {
    for (const request of [...this.#waiting, ...this.#admitted]) this.abort(request, error);
  }

  /**
   * The device is gone: nothing is submitted any more. Resolves once nothing is in flight. Whoever was about to add a request
   * may still do so: `takeRequests` tells all of them.
   */
  async halt(): Promise<void> {
    this.#isHalted = true;
    this.#wake();
    this.#tellRoom();
    await this.idle();
    await Promise.allSettled(this.#inFlight.splice(0).map(({ result }) => result));
    // What is being stored is read from pages that stand where they are until then.
    await Promise.all([...this.#held, ...this.#admitted.map(({ stored }) => stored)]);
  }

  /** The requests of a halted loop that go on elsewhere, in order. Called once, when no other can come. */
  takeRequests(): LoopRequest[] {
    const requests = [...this.#admitted, ...this.#waiting].filter(({ phase }) => phase !== 'finished');
    for (const request of requests) request.interrupt();
    return requests;
  }

  /** Resolves when nothing runs and nothing is in flight. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running;
  }

  get numWaiting(): number {
    return this.#waiting.length;
  }

  get numRunning(): number {
    return this.#admitted.length;
  }

  async #adopt(numTokens: number, ids: readonly PageId[] | undefined): Promise<Sequence> {
    for (;;) {
      if (this.#isHalted) throw new EngineError('device-lost', 'The GPU device was lost.');
      const sequence = this.#store.adopt(numTokens, ids);
      if (sequence) return sequence;
      if (this.#admitted.length + this.#held.size === 0) {
        throw new EngineError('context-too-long', `There is no room for a document of ${numTokens} tokens.`);
      }
      await new Promise<void>((resolve) => this.#onRoom.push(resolve));
    }
  }

  async #bringBack(
    sequence: Sequence,
    { tokens, origin }: { readonly tokens: readonly number[]; readonly origin: string | undefined },
    bring: (ids: readonly PageId[]) => Promise<void> | void,
    summaries: SummarySource | undefined,
  ): Promise<void> {
    try {
      await bring(this.#runner.cache.pagesOf(sequence.index));
      await this.#runner.restore(sequence, summaries);
      this.#store.settle(sequence, tokens, origin);
    } catch (error) {
      this.#store.forget(sequence);
      throw error;
    } finally {
      this.#tellRoom();
    }
  }

  /** Somebody gave back a sequence: who waits for room may try again. */
  #tellRoom(): void {
    for (const resolve of this.#onRoom.splice(0)) resolve();
  }

  /** A failure ends the requests of its moment; those that come while it is cleared away are answered. */
  async #run(): Promise<void> {
    while (!this.#isHalted && this.#waiting.length + this.#admitted.length + this.#inFlight.length > 0) {
      try {
        await this.#turn();
      } catch (error) {
        if (await this.#isLost()) this.#isHalted = true;
        else this.abortAll(error);
        await Promise.allSettled(this.#inFlight.splice(0).map(({ result }) => result));
      }
    }
    // Not later, in a `finally` of the promise: a request that came in between would wait for ever.
    this.#running = undefined;
  }

  async #turn(): Promise<void> {
    await this.#admit();
    const begun = [...this.#prefills].find(([, job]) => job.isInSegment)?.[0];
    const plan = planStep(this.#admitted, this.#maxRows, begun);
    await this.#runner.prepare(plan.decode.length);
    if (!this.#submit(plan)) return this.#whenMore(plan);
    while (this.#inFlight.length >= maxInFlight) await this.#confirmOldest();
  }

  /** Resolves when there may be more to submit: the oldest submission is done, or what a request waits for is there. */
  async #whenMore(plan: StepPlan<LoopRequest>): Promise<void> {
    const oldest = this.#inFlight[0];
    const ready = this.#whenReady(plan);
    let isDone = false;
    // The GPU has work for as long as a request that waits for the host need not wait for all of it.
    if (ready) await Promise.race([ready, ...(oldest ? [oldest.result.then(() => (isDone = true))] : [])]);
    if (oldest && (isDone || !ready)) await this.#confirmOldest();
  }

  /** Resolves when a request that pauses because it needs the host may go on; undefined when none pauses. */
  #whenReady({ decode, prefill }: StepPlan<LoopRequest>): Promise<void> | undefined {
    const waits: Promise<void>[] = [];
    if (decode.length > 0) waits.push(this.#runner.whenReady(decode.map((request) => request.sequence!)));
    const job = prefill && this.#prefills.get(prefill);
    if (job) waits.push(job.whenReady());
    if (waits.length === 0) return undefined;
    return Promise.race([...waits, new Promise<void>((resolve) => (this.#wake = resolve))]);
  }

  /** Starts waiting requests, in order, as long as the next one fits. */
  async #admit(): Promise<void> {
    for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
      const { promptIds, prefillIds, maxSampled, origin, isReading = false } = next;
      const numTokens = promptIds.length + maxSampled;
      const isUsable = isReading ? this.#isOnHost : undefined;
      const place = () => this.#store.place(prefillIds, numTokens, { isUsable, origin });
      let placement = place();
      if (!placement && this.#admitted.length + this.#inFlight.length === 0) {
        // Pages of an answer that is over may still be on their way to the host.
        await this.#runner.settled();
        while (this.#held.size > 0) await Promise.race(this.#held);
        placement = place();
      }
      if (!placement) {
        assert(
          this.#admitted.length > 0 || this.#inFlight.length > 0,
          'a request that fits alone waits for nothing',
        );
        return;
      }
      this.#waiting.shift();
      this.#admitted.push(next);
      const { sequence, numCached } = placement;
      next.start(sequence, numCached);
      try {
        if (next instanceof RunningRequest) await this.#configure(sequence, next);
      } catch (error) {
        if (await this.#isLost()) throw error;
        // No room for its penalties is this request's own failure.
        this.abort(next, error);
      }
      // The caller may have aborted while the sampler's history was being allocated.
      if (next.phase === 'prefilling') {
        const wish = next.request?.sources?.masses;
        const job = this.#runner.beginPrefill(sequence, prefillIds, numCached, { isReading, wish });
        this.#prefills.set(next, job);
      }
    }
  }

  /** A document's pages must be on the host, where they are stored from; an engine whose heads are all unstable sends few there. */
  readonly #isOnHost = ({ index }: Sequence, numTokens: number): boolean => {
    const { cache, hostStore } = this.#runner;
    return cache
      .pagesOf(index)
      .slice(0, pagesFor(numTokens))
      .every((id) => hostStore.has(0, 0, id));
  };

  async #configure(sequence: Sequence, { request, promptIds, answerIds }: RunningRequest): Promise<void> {
    const { sampling, logprobs, ignoreEos } = request;
    if (request.sources) await this.#runner.prepareMasses();
    await this.#runner.sampler.configure(
      sequence.index,
      { ...sampling, ignoreEos, ...(logprobs !== undefined && { numLogprobs: logprobs }) },
      { promptTokens: promptIds, answerTokens: answerIds, logitBias: sampling.logitBias },
    );
  }

  /** Submits what the plan says; false when that was nothing. */
  #submit({ decode, prefill }: StepPlan<LoopRequest>): boolean {
    // A request may have been aborted while a batch size was being compiled.
    const requests = decode.filter(
      (request) =>
        request.phase === 'decoding' && this.#mayGoOn(request, () => this.#runner.isReady(request.sequence!)),
    );
    if (requests.length > 0) this.#submitDecode(requests);
    const job = prefill && this.#prefills.get(prefill);
    const hasSlice = job !== undefined && this.#mayGoOn(prefill!, () => job.isReady);
    if (hasSlice) this.#submitSlice(prefill!, job);
    return requests.length > 0 || hasSlice;
  }

  /** What `isReady` says; a request whose pages could not be had ends. */
  #mayGoOn(request: LoopRequest, isReady: () => boolean): boolean {
    try {
      return isReady();
    } catch (error) {
      this.#failOnHost(request, error);
      return false;
    }
  }

  #submitDecode(requests: readonly LoopRequest[]): void {
    const rows = requests.map((request): StepRow => {
      const sequence = request.sequence!;
      request.numSampled++;
      const { isExact, sources } = request.request!;
      return {
        sequence: sequence.index,
        position: sequence.numStored++,
        isExact,
        masses: sources?.masses,
      };
    });
    const result = this.#runner.submitDecode(rows).then((tokens) => () => {
      requests.forEach((request, row) => this.#confirm(request, tokens[row]!));
    });
    this.#push(result);
  }

  #submitSlice(request: LoopRequest, job: PrefillJob): void {
    const sequence = request.sequence!;
    const start = job.position;
    const submitted = this.#runner.submitSlice(job);
    const { position } = job;
    const { prefillIds } = request;
    for (let i = sequence.numStored; i < position; i++) sequence.tokens.push(prefillIds[i]!);
    sequence.numStored = position;
    if (job.isDone) {
      this.#prefills.delete(request);
      if (job.isSampling) {
        request.phase = 'decoding';
        request.numSampled++;
      }
    }
    this.#push(
      submitted.then(({ token }) => () => {
        if (position > start) this.#advance(request, position);
        if (token) this.#confirm(request, token);
      }),
    );
  }

  #advance(request: LoopRequest, numTokens: number): void {
    if (request.phase === 'finished') return;
    request.advance?.(numTokens);
    // Whoever was told may have aborted it, which has retired it.
    const isOver = (request.phase as LoopRequest['phase']) === 'finished';
    if (isOver && this.#admitted.includes(request)) this.#retire(request);
  }

  #push(result: Promise<() => void>): void {
    // Handled when the loop comes to it; until then a failure must not count as unhandled.
    result.catch(() => undefined);
    this.#inFlight.push({ result });
  }

  async #confirmOldest(): Promise<void> {
    const { result } = this.#inFlight[0]!;
    const apply = await result;
    this.#inFlight.shift();
    apply();
  }

  /** A token is part of the answer only now; steps that were submitted beyond the answer's end are ignored. */
  #confirm(request: LoopRequest, token: Parameters<RunningRequest['confirm']>[0]): void {
    if (request.phase === 'finished' || !(request instanceof RunningRequest)) return;
    request.confirm(token);
    // `confirm` may have ended the request, which the compiler cannot see.
    if ((request.phase as LoopRequest['phase']) === 'finished') this.#retire(request);
  }

  /** Pages that a request reads are gone: that ends this request alone, and its KV serves no other. */
  #failOnHost(request: LoopRequest, error: unknown): void {
    if (!isHostError(error)) throw error;
    this.#end(request, error, true);
  }

  /** Pages that no tier had room for: the requests that have them end, and nobody begins with them. */
  #losePages(ids: ReadonlySet<PageId>, error: Error): void {
    for (const request of [...this.#admitted]) {
      const pages = this.#runner.cache.pagesOf(request.sequence!.index);
      if (pages.some((id) => ids.has(id))) this.#end(request, error);
    }
    for (const request of this.#storing) {
      const pages = this.#runner.cache.pagesOf(request.sequence!.index);
      if (pages.some((id) => ids.has(id))) request.fail(error);
    }
    this.#store.cutLost(ids);
  }

  #retire(request: LoopRequest, isUseless = false): void {
    this.#admitted = this.#admitted.filter((other) => other !== request);
    this.#prefills.delete(request);
    const sequence = request.sequence!;
    // KV beyond the last confirmed token but one belongs to overshoot or to a token whose own step never ran.
    const numKnown = sequence.tokens.length - (request.isReading ? 0 : 1);
    sequence.numStored = wholePages(Math.min(sequence.numStored, Math.max(numKnown, 0)));
    this.#runner.endTurn(sequence);
    const { stored } = request;
    if (!stored) return this.#rest(sequence, isUseless);
    this.#storing.add(request);
    const resting = stored.then(() => {
      this.#storing.delete(request);
      this.#rest(sequence, isUseless);
    });
    void this.#hold(resting);
  }

  #rest(sequence: Sequence, isUseless: boolean): void {
    this.#store.retire(sequence);
    if (isUseless) this.#store.evict(sequence);
    this.#tellRoom();
  }
}
