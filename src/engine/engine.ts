/** A loaded model on a device, as it lives in the worker (or in Node): load, generate, plan, stats, dispose. */
import { hasSameHeads } from '../cache/cache-layout';
import { pagesFor, pageTokens, type PageId } from '../cache/page';
import { pageBytes } from '../kernels/attention/kv-format';
import { Device } from '../gpu/device';
import type { KernelCompiler } from '../gpu/kernel';
import type { ModelConfig } from '../model/model-config';
import { fingerprintModel } from '../model/model-fingerprint';
import type { ModelSource } from '../model/model-source';
import { readModelConfig } from '../model/read-model-config';
import { destroyWeights, type ModelWeights } from '../model/weights';
import { makeHeadProfile, type HeadProfile } from '../select/head-profile';
import type { ChatTemplate } from '../tokenizer/chat-template';
import type { Tokenizer } from '../tokenizer/tokenizer';
import { asError, EngineError } from '../util/errors';
import { fetched } from '../util/fetched';
import type { CacheEvent } from './cache-event';
import type { CacheMap } from './cache-map';
import { chooseProfile, type ChosenProfile, type ProfileOrigin } from './choose-profile';
import type { Documents } from './documents';
import type { GenerationRequest, Prompt } from './generation';
import type { GenerationEvent, GenerationTimings } from './generation-event';
import type { LoopRequest } from './loop-request';
import { MeasuredProfile, mostChunks } from './measured-profile';
import { exactAdvice } from './exact-advice';
import { planMemory, type KvOptions, type MemoryPlan, type PlanInput } from './memory-plan';
import type { BackedHostStore } from '../offload/backed-host-store';
import { ModelRunner } from './model-runner';
import {
  recoveryDelaysMs,
  savedSequences,
  unrecoveredError,
  type RecoveryEvent,
  type SavedSequence,
} from './recovery';
import { RunningRequest } from './running-request';
import { SequenceStore } from './sequence-store';
import type { EncodedPrompt } from './sources';
import { StepLoop } from './step-loop';
import type { EngineOptions } from './engine-options';
import { prepare, type EngineParts } from './prepare';
import { readTextFiles, type TextFiles } from './text-files';
import type { EngineStats } from './stats';

/** What to plan for. */
export interface PlanOptions {
  /** Longest context of one request, in tokens. */
  readonly contextTokens?: number;
  /** Options in place of those that the engine was loaded with. */
  readonly kv?: KvOptions;
}

/** Owns the device and everything on it. */
export class EngineCore {
  readonly modelId: string;
  readonly config: ModelConfig;
  readonly tokenizer: Tokenizer;
  readonly #template: ChatTemplate;
  #device: Device;
  #weights: ModelWeights;
  #plan: MemoryPlan;
  #kv: KvOptions;
  #profileOrigin: ProfileOrigin;
  /** Undefined when a profile was given or found, or nothing is measured. */
  #measured: MeasuredProfile | undefined;
  #keeping: Promise<void> = Promise.resolve();
  #compiler: KernelCompiler;
  #runner: ModelRunner;
  /** Not while one is replaced by the next. */
  #hasRunner = true;
  #store: SequenceStore;
  readonly #hostStore: BackedHostStore;
  #loop: StepLoop;
  #refusedVariants: readonly string[];
  readonly #loadMs: number;
  readonly #listeners = new Set<(event: CacheEvent) => void>();
  readonly #recoveryListeners = new Set<(event: RecoveryEvent) => void>();
  readonly #source: ModelSource;
  readonly #options: EngineOptions;
  #fingerprint: Promise<string> | undefined;
  readonly #documentFingerprint: string;
  #documents: Promise<Documents> | undefined;
  #recovering: Promise<void> = Promise.resolve();
  #numRecoveries = 0;
  /** Why there is no device any more. */
  #failure: EngineError | undefined;
  #lastRequest: GenerationTimings | undefined;
  #disposing: Promise<void> | undefined;

  private constructor(
    source: ModelSource,
    config: ModelConfig,
    files: TextFiles,
    options: EngineOptions & { readonly kv: KvOptions },
    { origin, measured }: Pick<ChosenProfile, 'origin' | 'measured'>,
    parts: EngineParts,
    loadMs: number,
  ) {
    this.modelId = source.id;
    this.config = config;
    this.tokenizer = files.tokenizer;
    this.#template = files.template;
    this.#source = source;
    this.#options = options;
    this.#kv = options.kv;
    this.#profileOrigin = origin;
    const { onWarning = () => undefined } = options;
    const isMeasuring = parts.plan.observe !== undefined && (origin === 'equal' || origin === 'measured');
    this.#measured = isMeasuring
      ? new MeasuredProfile(source.id, measured, origin === 'measured', onWarning)
      : undefined;
    this.#compiler = parts.compiler;
    this.#hostStore = parts.hostStore;
    this.#loadMs = loadMs;
    this.#device = parts.device;
    this.#weights = parts.weights;
    this.#plan = parts.plan;
    this.#runner = parts.runner;
    this.#refusedVariants = parts.refusedVariants;
    this.#store = new SequenceStore(parts.runner.cache);
    this.#loop = this.#newLoop();
    this.#documentFingerprint = parts.fingerprint;
    this.#recoverWhenLost();
  }

  /**
   * Loads a model and makes it ready for the first token. On failure nothing stays allocated.
   * @throws EngineError `webgpu-unavailable`, `model-unsupported`, `weights-corrupt`, `network`, `gpu-memory`,
   * `limit-too-small`, `device-lost`; the signal's reason when aborted
   */
  static async load(source: ModelSource, options: EngineOptions): Promise<EngineCore> {
    const startedAt = performance.now();
    const { kv: given = {}, signal, onWarning } = options;
    Device.offered(options.gpu);
    // What the device and its kernels wait for comes first; the tokenizer may take as long as they do.
    const reading = readTextFiles(source, signal);
    reading.catch(() => undefined);
    const config = await readModelConfig(source, signal);
    const chosen = await chooseProfile({
      source,
      config,
      given: given.headProfile,
      profiles: options.profiles,
      usesMeasured: given.measureStability !== false,
      onWarning,
      signal,
    });
    const { profile, measured } = chosen;
    const isMeasuring = !profile || (measured !== undefined && measured.stability.length < mostChunks);
    const kv = { measureStability: isMeasuring, ...given, ...(profile && { headProfile: profile }) };
    const device = await Device.request(options);
    try {
      const loaded = { ...options, kv };
      const parts = await prepare(device, config, source, loaded, { reading, measured });
      const { wanted, inForce } = parts.plan.unstableShare;
      if (inForce < wanted) {
        onWarning?.(
          `kv.unstableShare is ${inForce} and not ${wanted}, so that ${parts.plan.contextTokens} tokens of context fit kv.gpuBytes.`,
        );
      }
      const files = await reading;
      return new EngineCore(source, config, files, loaded, chosen, parts, performance.now() - startedAt);
    } catch (error) {
      device.destroy();
      throw error;
    }
  }

  /** Resolves to the error when the device is lost. */
  get lost(): Promise<EngineError> {
    return this.#device.lost;
  }

  /** The recorder of all submissions, for profiling. */
  get runner(): ModelRunner {
    return this.#runner;
  }

  /** Brings sequences back from the host's pages. */
  get loop(): StepLoop {
    return this.#loop;
  }

  /** The device, for tests and benchmarks that count on it. */
  get device(): Device {
    return this.#device;
  }

  /**
   * Answers one request; several run side by side. Leaving the iteration early aborts it.
   * @throws EngineError `context-too-long`, `gpu-memory`, `host-memory`, `storage-quota`, `device-lost`, `disposed`; the
   * signal's reason when aborted; RangeError for a prompt without tokens or with one that the model does not know
   */
  async *generate(request: GenerationRequest, signal?: AbortSignal): AsyncGenerator<GenerationEvent, void> {
    await this.#ready();
    signal?.throwIfAborted();
    const prompt = await this.#encode(request.prompt, request.sources !== undefined);
    const promptIds = prompt.ids;
    const finder = request.sources && (await fetched(import('./sources')));
    await this.#ready();
    if (2 * this.#loop.numReusable(promptIds) < promptIds.length) await this.#goByMeasured();
    signal?.throwIfAborted();
    this.#checkIds(promptIds);
    const sources =
      request.sources &&
      finder!.wishForSources(prompt, request.sources, this.config, this.#kv.headProfile, this.tokenizer);
    const running = new RunningRequest(
      { ...request, ...(sources && { sources }) },
      promptIds,
      this.#maxSampled(request, promptIds),
      this.tokenizer,
    );
    const onAbort = () => this.#loop.abort(running, signal!.reason);
    signal?.addEventListener('abort', onAbort);
    this.#loop.add(running);
    try {
      for await (const event of running.events) {
        if (event.kind === 'end') {
          this.#lastRequest = event.timings;
          this.#keeping = this.#keepMeasured();
        }
        if (event.kind !== 'end' || !sources) yield event;
        else {
          const { pageMasses } = running;
          yield { ...event, sources: finder!.sourcesOf(prompt, pageMasses, sources, this.tokenizer) };
        }
      }
    } finally {
      signal?.removeEventListener('abort', onAbort);
      this.#loop.abort(running, new DOMException('The reader left.', 'AbortError'));
    }
  }

  /**
   * The prompt as `generate` will process it; opens the document that it names.
   * @throws RangeError when there is no such document; EngineError `model-unsupported`, and what `documents.open` throws
   */
  async #encode(prompt: Prompt, hasText: boolean): Promise<EncodedPrompt> {
    if (prompt.kind !== 'chat' || !prompt.document || !('id' in prompt.document)) {
      return this.#encodeGiven(prompt);
    }
    return (await this.documents()).prompt(prompt.document.id, prompt.messages, hasText);
  }

  /** The token ids of a prompt that names no document of the library. @throws EngineError `model-unsupported` */
  encodePrompt(prompt: Prompt): readonly number[] {
    return this.#encodeGiven(prompt).ids;
  }

  #encodeGiven(prompt: Prompt): EncodedPrompt {
    switch (prompt.kind) {
      case 'ids': {
        const ids = [...prompt.ids];
        return { ids, subject: { numTokens: ids.length, prefix: undefined, textStart: 0 } };
      }
      case 'text': {
        const ids = this.tokenizer.encode(prompt.text);
        return { ids, subject: { numTokens: ids.length, prefix: prompt.text, textStart: 0 } };
      }
      case 'chat': {
        const { messages, document } = prompt;
        if (document && 'id' in document) {
          throw new RangeError(`'${document.id}' must be opened to be a part of a prompt.`);
        }
        const { documentPrefix, rest } = this.#template.render({ messages, document: document?.text });
        const options = { addSpecialTokens: false };
        const prefixIds = documentPrefix === '' ? [] : this.tokenizer.encode(documentPrefix, options);
        const isContinuation = prefixIds.length > 0;
        const textStart = documentPrefix.length - (document?.text.length ?? 0);
        return {
          ids: [...prefixIds, ...this.tokenizer.encode(rest, { ...options, isContinuation })],
          subject: isContinuation
            ? { numTokens: prefixIds.length, prefix: documentPrefix, textStart }
            : undefined,
        };
      }
    }
  }

  /**
   * Bytes by category that an engine for `contextTokens`, or with other `kv` options, would take on this device, before
   * anything is allocated. Options that are not given are those of this engine.
   * @throws EngineError `gpu-memory` when that exceeds the limit, naming the bytes and the nearest context that fits
   */
  plan({ contextTokens, kv: changes }: PlanOptions = {}): MemoryPlan {
    const kv = { ...this.#kv, ...changes, ...(contextTokens !== undefined && { contextTokens }) };
    return planMemory(this.#planInput(kv));
  }

  #planInput(kv: KvOptions): PlanInput {
    const { weights } = this.#plan.gpuBytes;
    const { maxBindingBytes } = this.#device;
    return { config: this.config, weightBytes: weights, maxBindingBytes, kv };
  }

  /**
   * How stable the heads were where that was measured, in this load and those before; undefined before the first whole chunk of steps.
   * @throws EngineError `network`, `weights-corrupt` when the model's fingerprint cannot be taken
   */
  async headProfile(): Promise<HeadProfile | undefined> {
    const measured = this.#runner.observer?.measured;
    const { cache, observe } = this.#plan;
    if (!measured || !observe) return undefined;
    return makeHeadProfile({
      modelId: await (this.#fingerprint ??= fingerprintModel(this.#source)),
      numLayers: cache.numLayers,
      numKvHeads: cache.numKvHeads,
      pagesPerHead: cache.pagesPerHead,
      window: observe.window,
      measuredOn: `While answering: ${measured.stability.length} chunks of ${observe.window} steps.`,
      ...measured,
    });
  }

  stats(): EngineStats {
    const { live, total, peakTotal } = this.#device.buffers.use;
    const { cache, counts } = this.#runner;
    const { numLayers, numKvHeads, numSequences } = cache.shape;
    const sequences = Array.from({ length: numSequences }, (_, sequence) => sequence);
    const sum = (count: (sequence: number) => number) => sequences.reduce((total, s) => total + count(s), 0);
    const pages = numLayers * numKvHeads * sum((sequence) => cache.numPages(sequence));
    const residentPages = sum((sequence) => cache.numResident(sequence));
    const { answerMs, ...reranks } = this.#runner.rerankCounts;
    const stallShare = answerMs === 0 ? 0 : Math.min(1, reranks.stallMs / answerMs);
    const { tierBytes, streamedBytes } = this.#runner;
    const perStep = (count: number) => (counts.steps === 0 ? 0 : count / counts.steps);
    return {
      adapter: this.#device.adapter,
      refusedVariants: this.#refusedVariants,
      timings: { loadMs: this.#loadMs, lastRequest: this.#lastRequest && describeTimings(this.#lastRequest) },
      memory: {
        gpuBytes: live,
        total,
        peakTotal,
        hostBytes: tierBytes.host,
        diskBytes: tierBytes.disk,
      },
      kv: {
        headProfile: this.#profileOrigin,
        unstableShare: this.#plan.unstableShare.inForce,
        pages,
        residentPages,
        tierBytes,
        ...reranks,
        streamedBytes,
        stallShare,
      },
      gpu: {
        dispatchesPerToken: perStep(counts.dispatches),
        submitsPerToken: perStep(counts.submits),
        readbacksPerToken: perStep(counts.readbacks),
        buffersPerToken: perStep(counts.buffers),
      },
      recoveries: this.#numRecoveries,
      requests: { running: this.#loop.numRunning, waiting: this.#loop.numWaiting },
    };
  }

  /** Where the pages are of the sequence that ran last. @throws EngineError `device-lost`, `disposed` */
  async cacheMap(): Promise<CacheMap> {
    await this.#ready();
    return this.#runner.readMap();
  }

  /** Tells `listener` what happens in the cache, until the function is called that it returns. */
  onCacheEvent(listener: (event: CacheEvent) => void): () => void {
    const own = (event: CacheEvent) => listener(event);
    this.#listeners.add(own);
    this.#watch();
    return () => {
      this.#listeners.delete(own);
      this.#watch();
    };
  }

  /** Tells `listener` how a recovery from a lost device goes, until the function is called that it returns. */
  onRecovery(listener: (event: RecoveryEvent) => void): () => void {
    const own = (event: RecoveryEvent) => listener(event);
    this.#recoveryListeners.add(own);
    return () => void this.#recoveryListeners.delete(own);
  }

  /** Events are made only while somebody listens. */
  #watch(): void {
    const tellAll = (event: CacheEvent) => {
      for (const listener of this.#listeners) listener(event);
    };
    this.#runner.watch(this.#listeners.size > 0 ? tellAll : undefined);
  }

  /** Ends all requests and frees everything, on the GPU, the host and the disk. A second call waits for the same. */
  dispose(): Promise<void> {
    return (this.#disposing ??= this.#dispose());
  }

  async #dispose(): Promise<void> {
    this.#loop.abortAll(disposedError());
    await this.#recovering;
    await this.#loop.idle();
    await (await this.#documents?.catch(() => undefined))?.close();
    await this.#keepMeasured();
    await this.#measured?.stored();
    if (!this.#failure) this.#release();
    await this.#hostStore.close();
  }

  /** Frees everything on the GPU. */
  #release(): void {
    if (this.#hasRunner) this.#runner.destroy();
    this.#hasRunner = false;
    destroyWeights(this.#weights);
    this.#device.destroy();
  }

  /** The library of kept documents. @throws EngineError `network` when that part of the library cannot be fetched */
  documents(): Promise<Documents> {
    return (this.#documents ??= this.#openDocuments().catch((error: unknown) => {
      this.#documents = undefined;
      throw error;
    }));
  }

  /** Documents work with what is on the GPU now: another device brings another runner and loop. */
  async #openDocuments(): Promise<Documents> {
    const { Documents } = await fetched(import('./documents'));
    const { cache, contextTokens } = this.#plan;
    const { hostPageBytes, summaryBytes } = this.#runner.cache.layout;
    const { numLayers, numKvHeads } = cache;
    return new Documents({
      library: {
        fingerprint: this.#documentFingerprint,
        layout: { numLayers, numKvHeads, pageBytes: hostPageBytes, summaryBytes },
        locks: (globalThis as { navigator?: { locks?: LockManager } }).navigator?.locks,
      },
      device: () => ({ runner: this.#runner, loop: this.#loop }),
      isLost: () => this.#device.isLost(),
      ready: () => this.#ready(),
      beginDocument: () => this.#goByMeasured(),
      tokenizer: this.tokenizer,
      template: this.#template,
      config: this.config,
      contextTokens,
      planFor: (tokens) => this.plan({ contextTokens: tokens }),
    });
  }

  /** Resolves when no recovery is under way. @throws EngineError `device-lost`, `disposed` */
  async #ready(): Promise<void> {
    let seen;
    do {
      seen = this.#recovering;
      await seen;
    } while (seen !== this.#recovering);
    this.#throwIfUnusable();
  }

  #newLoop(): StepLoop {
    const device = this.#device;
    const isLost = () => this.#options.recovery !== false && device.isLost();
    return new StepLoop(this.#runner, this.#store, this.#plan.activations.maxRows, isLost);
  }

  #recoverWhenLost(): void {
    if (this.#options.recovery === false) return;
    void this.#device.lost.then((error) => {
      // A device may be lost again before all is back: one recovery follows the other.
      this.#recovering = this.#recovering.then(() => this.#recover(error));
    });
  }

  /** Another device, the weights again, the pages from the host; requests go on where they were. Never rejects. */
  async #recover(lost: EngineError): Promise<void> {
    this.#tell({ phase: 'lost', error: lost });
    const paused = await this.#pause();
    this.#release();
    try {
      await this.#replaceDevice();
    } catch (error) {
      this.#failure = this.#disposing ? disposedError() : unrecoveredError(error);
      for (const request of paused.requests) request.fail(this.#failure);
      this.#tell({ phase: 'failed', error: this.#failure });
      return;
    }
    this.#recoverWhenLost();
    await this.#resume(paused);
    this.#numRecoveries++;
    this.#tell({ phase: 'recovered' });
  }

  /** Ends the loop: what of its sequences the host has in full, and the requests that go on on another runner. */
  async #pause(): Promise<Paused> {
    const requests = await this.#loop.halt();
    // What is on its way to the disk arrives; what was on its way from a lost GPU is lost with it.
    await this.#runner.settled().catch(() => undefined);
    const { cache } = this.#runner;
    const saved = savedSequences(this.#store.sequences, (index) => cache.pagesOf(index), this.#hostStore);
    const kept = new Set(saved.flatMap(({ ids }) => ids));
    const all = Array.from({ length: cache.shape.numPageIds }, (_, id) => id as PageId);
    this.#hostStore.drop(all.filter((id) => !kept.has(id)));
    cache.onFree = () => undefined;
    this.#runner.observer?.endAll();
    return { requests, saved };
  }

  /** Another runner with a loop of its own. */
  #replaceRunner(runner: ModelRunner): void {
    this.#runner = runner;
    this.#hasRunner = true;
    this.#plan = runner.plan;
    this.#store = new SequenceStore(runner.cache);
    this.#loop = this.#newLoop();
    this.#watch();
  }

  async #resume({ requests, saved }: Paused): Promise<void> {
    for (const { tokens, ids } of saved) {
      // Pages that the host lost meanwhile, or a device that is lost again: the tokens are prefilled instead.
      await this.#loop.restore(tokens, () => undefined, { ids }).catch(() => undefined);
    }
    for (const request of requests) if (request.phase !== 'finished') this.#loop.add(request);
  }

  /** Takes note of what was measured. Never rejects. */
  async #keepMeasured(): Promise<void> {
    const { observer } = this.#runner;
    if (!observer || !this.#measured?.hasNews(observer.numChunks)) return;
    try {
      const profile = await this.headProfile();
      if (profile) this.#measured?.keep(profile);
    } catch (error) {
      // The model's source cannot be reached any more: nor will it at the next answer.
      this.#measured = undefined;
      this.#options.onWarning?.(`The head profile is not stored. ${asError(error).message}`);
    }
  }

  /**
   * Before a text comes to the GPU that is not there yet: goes over to the heads that were measured to be unstable, when that is
   * due and nothing runs. Pages of earlier texts come back from the host.
   */
  async #goByMeasured(): Promise<void> {
    await this.#keeping;
    const profile = this.#measured?.due;
    if (!profile || !this.#loop.isIdle || this.#options.recovery === false) return;
    this.#recovering = this.#recovering.then(() => this.#changeHeads(profile));
    await this.#ready();
  }

  /** Another runner on the same device, with the unstable heads of a profile. What fails here is mended as a lost device is. */
  async #changeHeads(headProfile: HeadProfile): Promise<void> {
    if (this.#disposing || this.#failure || !this.#hasRunner) return;
    const kv = { ...this.#kv, headProfile };
    const plan = planMemory(this.#planInput({ ...kv, contextTokens: this.#plan.contextTokens }));
    this.#measured!.apply();
    this.#kv = kv;
    this.#profileOrigin = 'measured';
    if (hasSameHeads(plan.cache, this.#plan.cache)) return;
    const paused = await this.#pause();
    const { observer } = this.#runner;
    this.#runner.destroy();
    this.#hasRunner = false;
    try {
      const parts = [this.#compiler, this.config, this.#weights, plan, this.#hostStore] as const;
      this.#replaceRunner(await ModelRunner.create(...parts, observer));
    } catch (error) {
      this.#options.onWarning?.(
        `The measured head profile was not applied at once. ${asError(error).message}`,
      );
      this.#device.handle.destroy();
      // Until then nobody knows that a recovery is to be waited for.
      await this.#device.lost;
      return;
    }
    await this.#resume(paused);
  }

  /** @throws what the last attempt failed with */
  async #replaceDevice(): Promise<void> {
    let failure: unknown;
    for (const delayMs of recoveryDelaysMs) {
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      if (this.#disposing) throw disposedError();
      this.#tell({ phase: 'recovering' });
      let device: Device | undefined;
      try {
        device = await Device.request(this.#options);
        const { gpu, weights, onWarning } = this.#options;
        const options = {
          gpu,
          kv: this.#kv,
          ...(weights && { weights }),
          ...(onWarning && { onWarning }),
        };
        const former = { store: this.#hostStore, observer: this.#runner.observer };
        const parts = await prepare(device, this.config, this.#source, options, former);
        this.#device = parts.device;
        this.#compiler = parts.compiler;
        this.#weights = parts.weights;
        this.#refusedVariants = parts.refusedVariants;
        this.#replaceRunner(parts.runner);
        return;
      } catch (error) {
        device?.destroy();
        failure = error;
      }
    }
    throw failure;
  }

  #tell(event: RecoveryEvent): void {
    for (const listener of this.#recoveryListeners) listener(event);
  }

  #throwIfUnusable(): void {
    if (this.#disposing) throw disposedError();
    if (this.#failure) throw this.#failure;
    if (this.#options.recovery === false) this.#device.throwIfFailed();
  }

  /** Whatever they come from: a tokenizer may know tokens that the model has no row for. */
  #checkIds(ids: readonly number[]): void {
    const { vocabSize } = this.config;
    const wrong = ids.find((id) => !Number.isInteger(id) || id < 0 || id >= vocabSize);
    if (wrong !== undefined) {
      throw new RangeError(`Token id ${wrong} is not in this model's vocabulary of ${vocabSize}.`);
    }
  }

  /** An exact answer needs every page of every head on the GPU. */
  #checkExact(numTokens: number): void {
    const { cache } = this.#plan;
    const numPages = pagesFor(numTokens);
    const hasStable = cache.unstable.size < cache.numLayers * cache.numKvHeads;
    if (!hasStable || numPages <= cache.pagesPerHead) return;
    const needed = numPages * cache.numLayers * cache.numKvHeads * pageBytes(cache.format, cache.headDim);
    const advice = exactAdvice(this.#planInput(this.#kv), this.#plan.contextTokens, numTokens);
    throw new EngineError(
      'gpu-memory',
      `An exact answer in a context of ${numTokens} tokens needs ${needed} bytes of pages on the GPU; this engine keeps ` +
        `${cache.pagesPerHead} pages a head, and is exact up to ${cache.pagesPerHead * pageTokens} tokens. ${advice}`,
    );
  }

  #maxSampled({ maxTokens, isExact }: GenerationRequest, promptIds: readonly number[]): number {
    const { contextTokens } = this.#plan;
    if (promptIds.length === 0) throw new RangeError('The prompt is empty: it has no tokens to go on from.');
    const room = contextTokens - promptIds.length;
    const numWanted = Math.min(promptIds.length + (maxTokens ?? room), contextTokens);
    if (isExact) this.#checkExact(numWanted);
    if (room < 1) {
      throw new EngineError(
        'context-too-long',
        `The prompt has ${promptIds.length} tokens; this engine holds ${contextTokens}, answer included.`,
      );
    }
    return Math.min(maxTokens ?? room, room);
  }
}

function disposedError(): EngineError {
  return new EngineError('disposed', 'This engine was disposed; load a new one.');
}

function describeTimings({ prefillMs, stepMs }: GenerationTimings) {
  const sum = stepMs.reduce((total, ms) => total + ms, 0);
  return { prefillMs, stepMs, decodeMsPerToken: stepMs.length === 0 ? 0 : sum / stepMs.length };
}

/** What goes on on another runner. */
interface Paused {
  readonly requests: readonly LoopRequest[];
  readonly saved: readonly SavedSequence[];
}
