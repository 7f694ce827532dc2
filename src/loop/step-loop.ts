/** The engine's heart: admit, plan, submit, confirm, as long as there are requests. It waits for the GPU only to confirm. */
import { pagesFor, wholePageTokens, type PageId } from '../cache/page';
import { isHostError } from '../offload/host-error';
import { assert } from '../util/assert';
import { EngineError } from '../util/errors';
import type { ModelRunner } from '../runner/model-runner';
import type { StepRow } from '../runner/step-rider';
import type { SampledToken } from '../sampler/results';
import type { GenerationRequest } from './generation';
import { HeldSequences, type RestoreSource } from './held-sequences';
import type { LoopRequest } from './loop-request';
import { planStep, type StepPlan } from './scheduler';
import type { Sequence } from '../runner/sequence';
import type { SequenceStore } from './sequence-store';

/** Submissions whose results are still out: enough that the GPU never waits for the host between steps. */
const maxInFlight = 3;

/** Runs the requests of one model. All state changes happen between awaits of one loop, so nothing is locked. */
export class StepLoop {
  readonly #runner: ModelRunner;
  readonly #store: SequenceStore;
  readonly #maxRows: number;
  readonly #isLost: () => Promise<boolean> | boolean;
  readonly #waiting: LoopRequest[] = [];
  #admitted: LoopRequest[] = [];
  /** What each submission will have changed once it has come back, oldest first. */
  readonly #inFlight: Promise<() => void>[] = [];
  readonly #held: HeldSequences;
  /** What has ended, and is being stored. */
  readonly #storing = new Set<LoopRequest>();
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
    this.#held = new HeldSequences(runner, store);
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
    source: RestoreSource = {},
  ): Promise<void> {
    await this.#held.restore(tokens, bring, source, () => this.#admitted.length > 0);
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
    this.#held.tellRoom();
  }

  /** Ends a request with `reason`: nothing of it is submitted any more, and what is in flight is ignored. */
  abort(request: LoopRequest, reason: unknown): void {
    this.#end(request, reason);
  }

  /** With `isUseless` its KV serves no other. */
  #end(request: LoopRequest, reason: unknown, isUseless = false): void {
    if (request.isOver()) return;
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
    const released = this.#held.halt();
    await this.idle();
    await Promise.allSettled(this.#inFlight.splice(0));
    // What is being stored is read from pages that stand where they are until then.
    await Promise.all([released, this.#held.released(), ...this.#admitted.map(({ stored }) => stored)]);
  }

  /** The requests of a halted loop that go on elsewhere, in order. Called once, when no other can come. */
  takeRequests(): LoopRequest[] {
    const requests = [...this.#admitted, ...this.#waiting].filter((request) => !request.isOver());
    for (const request of requests) request.interrupt();
    return requests;
  }

  /** Tokens of a sequence that serve whoever goes on with it on another loop: an answer begins again behind its prompt. */
  numLasting(sequence: Sequence): number {
    const request = this.#admitted.find((admitted) => admitted.sequence === sequence);
    if (!request || request.isReading) return Infinity;
    return this.#runner.plan.isFollowUpSparse ? request.numCached! : request.promptIds.length;
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

  /** A failure ends the requests of its moment; those that come while it is cleared away are answered. */
  async #run(): Promise<void> {
    while (!this.#isHalted && this.#waiting.length + this.#admitted.length + this.#inFlight.length > 0) {
      try {
        await this.#turn();
      } catch (error) {
        if (await this.#isLost()) this.#isHalted = true;
        else this.abortAll(error);
        await Promise.allSettled(this.#inFlight.splice(0));
      }
    }
    // Not later, in a `finally` of the promise: a request that came in between would wait for ever.
    this.#running = undefined;
  }

  /** Schedule, run, and see to what has come back. */
  async #turn(): Promise<void> {
    await this.#admit();
    const plan = await this.#schedule();
    if (this.#submit(plan)) await this.#confirmDownTo(maxInFlight - 1);
    else await this.#whenMore(plan);
  }

  /** Who decodes, and whose prompt goes on; a batch of that size is compiled. */
  async #schedule(): Promise<StepPlan<LoopRequest>> {
    const begun = this.#admitted.find(({ sequence }) => this.#runner.isInSegment(sequence!));
    const plan = planStep(this.#admitted, this.#maxRows, begun);
    await this.#runner.prepare(plan.decode.length);
    return plan;
  }

  async #confirmDownTo(numInFlight: number): Promise<void> {
    while (this.#inFlight.length > numInFlight) await this.#confirmOldest();
  }

  /** Resolves when there may be more to submit: the oldest submission is done, or what a request waits for is there. */
  async #whenMore(plan: StepPlan<LoopRequest>): Promise<void> {
    const oldest = this.#inFlight.at(0);
    const ready = this.#whenReady(plan);
    let isDone = false;
    // The GPU has work for as long as a request that waits for the host need not wait for all of it.
    if (ready) await Promise.race([ready, ...(oldest ? [oldest.then(() => (isDone = true))] : [])]);
    if (oldest && (isDone || !ready)) await this.#confirmOldest();
  }

  /** Resolves when a request that pauses because it needs the host may go on; undefined when none pauses. */
  #whenReady({ decode, prefill }: StepPlan<LoopRequest>): Promise<void> | undefined {
    const pausing = [...decode, ...(prefill ? [prefill] : [])].map(({ sequence }) => sequence!);
    if (pausing.length === 0) return undefined;
    const woken = new Promise<void>((resolve) => (this.#wake = resolve));
    return Promise.race([this.#runner.whenReady(pausing), woken]);
  }

  /** Starts waiting requests, in order, as long as the next one fits. */
  async #admit(): Promise<void> {
    for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
      const { promptIds, prefillIds, maxSampled, origin, isReading, stored } = next;
      const numTokens = promptIds.length + maxSampled;
      // What heads select for a sparse follow-up depends on what was cached when its prompt was begun.
      const mostCached = this.#runner.plan.isFollowUpSparse ? next.numCached : undefined;
      const isUsable = stored && this.#isOnHost;
      const place = () => this.#store.place(prefillIds, numTokens, { isUsable, origin, mostCached });
      let placement = place();
      if (!placement && this.#admitted.length + this.#inFlight.length === 0) {
        // Pages of an answer that is over may still be on their way to the host.
        await this.#runner.settled();
        await this.#held.released();
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
      let hidden;
      try {
        if (next.request) await this.#configure(sequence, next, next.request);
        hidden = await next.hiddenReader?.(this.#runner.context);
      } catch (error) {
        if (await this.#isLost()) throw error;
        // No room for its penalties is this request's own failure.
        this.abort(next, error);
      }
      // The caller may have aborted while the sampler's history was being allocated.
      if (next.phase === 'prefilling') {
        const masses = next.request?.sources?.masses;
        this.#runner.beginPrefill(sequence, prefillIds, numCached, { isReading, masses, hidden });
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

  async #configure(sequence: Sequence, next: LoopRequest, request: GenerationRequest): Promise<void> {
    const { sampling, logprobs, ignoreEos } = request;
    const { promptIds } = next;
    if (request.sources) await this.#runner.prepareMasses();
    await this.#runner.sampler.configure(
      sequence.index,
      { ...sampling, ignoreEos, ...(logprobs !== undefined && { numLogprobs: logprobs }) },
      next.nextHistory?.() ?? { promptTokens: promptIds, logitBias: sampling.logitBias },
    );
  }

  /** Submits what the plan says; false when that was nothing. */
  #submit({ decode, prefill }: StepPlan<LoopRequest>): boolean {
    // A request may have been aborted while a batch size was being compiled.
    const requests = decode.filter((request) => request.phase === 'decoding' && this.#mayGoOn(request));
    if (requests.length > 0) this.#submitDecode(requests);
    const hasSlice = prefill?.phase === 'prefilling' && this.#mayGoOn(prefill);
    if (hasSlice) this.#submitSlice(prefill);
    return requests.length > 0 || hasSlice;
  }

  /** Whether nothing of a request is waited for; one whose pages could not be had ends. */
  #mayGoOn(request: LoopRequest): boolean {
    try {
      return this.#runner.isReady(request.sequence!);
    } catch (error) {
      this.#failOnHost(request, error);
      return false;
    }
  }

  #submitDecode(requests: readonly LoopRequest[]): void {
    const rows = requests.map((request): StepRow => {
      const sequence = request.sequence!;
      const token = request.knownId?.(request.numSampled - 1);
      const history = request.nextHistory?.();
      if (history) this.#runner.sampler.setHistory(sequence.index, history);
      request.countStep();
      const { isExact, sources } = request.request!;
      return {
        sequence: sequence.index,
        position: sequence.numStored++,
        token,
        isExact,
        masses: sources?.masses,
      };
    });
    const result = this.#runner.submitDecode(rows).then((tokens) => () => {
      requests.forEach((request, row) => this.#confirm(request, tokens[row]!));
    });
    this.#push(result);
  }

  #submitSlice(request: LoopRequest): void {
    const sequence = request.sequence!;
    const start = sequence.numStored;
    const { position, isLast, done } = this.#runner.submitSlice(sequence);
    const { prefillIds } = request;
    for (let i = start; i < position; i++) sequence.tokens.push(prefillIds[i]!);
    sequence.numStored = position;
    if (isLast) request.endPrefill();
    this.#push(
      done.then((token) => () => {
        if (position > start) this.#advance(request, position);
        if (token) this.#confirm(request, token);
      }),
    );
  }

  #push(result: Promise<() => void>): void {
    // Handled when the loop comes to it; until then a failure must not count as unhandled.
    result.catch(() => undefined);
    this.#inFlight.push(result);
  }

  async #confirmOldest(): Promise<void> {
    const apply = await this.#inFlight[0]!;
    void this.#inFlight.shift();
    apply();
  }

  #advance(request: LoopRequest, numTokens: number): void {
    if (request.isOver()) return;
    request.advance?.(numTokens);
    // Whoever was told may have aborted it, which has retired it.
    if (request.isOver() && this.#admitted.includes(request)) this.#retire(request);
  }

  /** A token is part of the answer only now; steps that were submitted beyond the answer's end are ignored. */
  #confirm(request: LoopRequest, token: SampledToken): void {
    if (request.isOver()) return;
    if (token.isBroken) return this.#end(request, notFiniteError(), true);
    request.confirm?.(token);
    if (request.isOver()) this.#retire(request);
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
    const sequence = request.sequence!;
    // KV beyond the last confirmed token but one belongs to overshoot or to a token whose own step never ran.
    const numKnown = sequence.tokens.length - (request.isReading ? 0 : 1);
    sequence.numStored = wholePageTokens(Math.min(sequence.numStored, Math.max(numKnown, 0)));
    this.#runner.endTurn(sequence);
    const { stored } = request;
    if (!stored) return this.#rest(sequence, isUseless);
    this.#storing.add(request);
    const resting = stored.then(() => {
      this.#storing.delete(request);
      this.#rest(sequence, isUseless);
    });
    void this.#held.hold(resting);
  }

  #rest(sequence: Sequence, isUseless: boolean): void {
    this.#store.retire(sequence);
    if (isUseless) this.#store.evict(sequence);
    this.#held.tellRoom();
  }
}

/** The error of logits that are no numbers: a token of them would be an answer that nobody gave. */
function notFiniteError(): EngineError {
  return new EngineError(
    'not-finite',
    'The model computed logits that are infinite or no numbers, so there is no next token. Its weights may be damaged, or its ' +
      "values may not fit the formats: load it with weights: 'f32' and kv: { format: 'f32' } to know.",
  );
}
