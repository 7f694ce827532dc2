/** A loaded model on a device, as it lives in the worker (or in Node): load, generate, plan, stats, dispose. */
import type { AnswerConstraint } from '../loop/answer-constraint';
import { Device } from '../gpu/device';
import type { KvFormat } from '../kernels/attention/kv-format';
import { withEndIds, type ModelConfig } from '../config/model-config';
import { fingerprintModel } from '../weights/model-fingerprint';
import { withOwnHead } from '../weights/own-head';
import type { ModelSource } from '../source/model-source';
import { readModelConfig } from '../config/read-model-config';
import type { HeadProfile } from '../stability/head-profile';
import type { ChatTemplate } from '../tokenizer/chat-template';
import type { Tokenizer } from '../tokenizer/tokenizer';
import { asError, type EngineError } from '../util/errors';
import { fetched } from '../util/fetched';
import { tellAll } from '../util/tell-all';
import { checkIds, inexactTokens, maxSampled } from '../loop/admission';
import type { CacheEvent } from '../runner/cache-event';
import type { CacheMap } from '../runner/cache-map';
import { chooseProfile, type ChosenProfile, type ProfileOrigin } from '../stability/choose-profile';
import { collectStats } from './collect-stats';
import { DeviceSide } from './device-side';
import type { Embeddings, EmbeddingWish } from './embed';
import { documentDatabaseName } from '../documents/document-database-name';
import type { Documents } from '../documents/documents';
import { encodePrompt, encodeText } from '../prompt/encode-prompt';
import type { EngineOptions, LoadedOptions } from './engine-options';
import type { GenerationRequest, Prompt, Sources } from '../loop/generation';
import type { GenerationEvent, GenerationTimings } from '../loop/generation-event';
import { mostChunks } from '../stability/enough-measured';
import type { MeasuredProfile } from '../stability/measured-profile';
import { planMemory, type KvOptions, type MemoryPlan } from '../runner/memory-plan';
import type { ModelRunner } from '../runner/model-runner';
import { prepare, type EngineParts } from './prepare';
import type { RecoveryEvent } from './recovery';
import { RunningRequest } from '../loop/running-request';
import type { EncodedPrompt } from '../prompt/sources';
import type { EngineStats } from './stats';
import type { StepLoop } from '../loop/step-loop';
import { readTextFiles, type TextFiles } from '../prompt/text-files';

/** What to plan for. */
export interface PlanOptions {
  /** Longest context of one request, in tokens. */
  readonly contextTokens?: number;
  /** Options in place of those that the engine was loaded with. */
  readonly kv?: KvOptions;
}

/** Answers requests on what `DeviceSide` holds. */
export class EngineCore {
  readonly modelId: string;
  readonly config: ModelConfig;
  readonly tokenizer: Tokenizer;
  readonly #template: ChatTemplate;
  readonly #source: ModelSource;
  readonly #options: EngineOptions;
  readonly #side: DeviceSide;
  readonly #profileOrigin: ProfileOrigin;
  /** Undefined when a profile was given or found, or nothing is measured. */
  readonly #measured: MeasuredProfile | undefined;
  #keeping: Promise<void> = Promise.resolve();
  #fingerprint: Promise<string> | undefined;
  readonly #loadMs: number;
  #lastRequest: GenerationTimings | undefined;
  readonly #listeners = new Set<(event: CacheEvent) => void>();
  readonly #recoveryListeners = new Set<(event: RecoveryEvent) => void>();
  readonly #textId: string;
  #documents: Promise<Documents> | undefined;
  #disposing: Promise<void> | undefined;
  #isTraced = false;

  private constructor(
    source: ModelSource,
    config: ModelConfig,
    files: TextFiles,
    options: LoadedOptions,
    origin: ProfileOrigin,
    measured: MeasuredProfile | undefined,
    parts: EngineParts,
    loadMs: number,
  ) {
    this.modelId = source.id;
    this.config = config;
    this.tokenizer = files.tokenizer;
    this.#template = files.template;
    this.#source = source;
    this.#options = options;
    this.#profileOrigin = origin;
    this.#loadMs = loadMs;
    this.#textId = files.id;
    this.#measured = measured;
    const onRecovery = (event: RecoveryEvent) => tellAll(this.#recoveryListeners, event);
    this.#side = new DeviceSide({ source, config, options, onRecovery }, parts);
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
    const said = await readModelConfig(source, signal);
    const chosen = await chooseProfile({
      source,
      config: said,
      given: given.headProfile,
      profiles: options.profiles,
      usesMeasured: given.measureStability !== false,
      onWarning,
      signal,
    });
    const { profile, origin, measured } = chosen;
    const isMeasuring = !profile || (measured !== undefined && measured.stability.length < mostChunks);
    const kv = { measureStability: isMeasuring, ...given, ...(profile && { headProfile: profile }) };
    const device = await Device.request(options);
    try {
      const config = await withOwnHead(said, source, signal);
      const loaded = { ...options, kv, keptFormat: await formatOfDocuments(config, given) };
      const parts = await prepare(device, config, source, loaded, { reading, measured });
      const { gaveWay, limitBytes } = parts.runner.plan;
      // Who names a context is told what it costs; else only that there is less than the model was made for.
      const isCut = gaveWay.some(({ option }) => option === 'contextTokens');
      if (isCut || (gaveWay.length > 0 && given.contextTokens !== undefined)) {
        const { sayGivenWay } = await fetched(import('../runner/say-given-way'));
        onWarning?.(sayGivenWay(gaveWay, limitBytes));
      }
      const files = await reading;
      const growing =
        parts.runner.plan.observe && (await growingProfile(chosen, onWarning ?? (() => undefined)));
      const loadMs = performance.now() - startedAt;
      const complete = withEndIds(config, files.endIds);
      return new EngineCore(source, complete, files, loaded, origin, growing, parts, loadMs);
    } catch (error) {
      const reason = signal?.aborted ? error : await device.reasonOf(error);
      device.destroy();
      throw reason;
    }
  }

  /** The text of the model's chat template, of the one for tools where there are several; undefined where it has none. */
  get chatTemplate(): string | undefined {
    return this.#template.toolSource;
  }

  /** Resolves to the error when the device is lost. */
  get lost(): Promise<EngineError> {
    return this.device.lost;
  }

  /** What runs the model on the device now. */
  get runner(): ModelRunner {
    return this.#side.runner;
  }

  /** The loop of all requests on the device now. */
  get loop(): StepLoop {
    return this.#side.loop;
  }

  /** The device, for tests and benchmarks that count on it. */
  get device(): Device {
    return this.#side.device;
  }

  /**
   * Answers one request; several run side by side. Leaving the iteration early aborts it.
   * @throws EngineError `context-too-long`, `gpu-memory`, `host-memory`, `storage-quota`, `not-finite`, `device-lost`, `disposed`;
   * the signal's reason when aborted; RangeError for a prompt without tokens or with one that the model does not know
   */
  async *generate(request: GenerationRequest, signal?: AbortSignal): AsyncGenerator<GenerationEvent, void> {
    yield* await this.accept(request, signal);
  }

  /**
   * Checks a request and queues it: from then on it runs, whether or not somebody reads. Resolves to its events, to be iterated
   * once. Throws what `generate` does.
   */
  async accept(
    request: GenerationRequest,
    signal?: AbortSignal,
  ): Promise<AsyncGenerator<GenerationEvent, void>> {
    await this.#side.ready();
    signal?.throwIfAborted();
    const prompt = await this.#encode(request.prompt, request.sources !== undefined, signal);
    const promptIds = prompt.ids;
    const constraint = await this.#constraintOf(request);
    const finder = request.sources && (await fetched(import('../prompt/sources')));
    await this.#side.ready();
    if (2 * this.loop.numReusable(promptIds, prompt.origin) < promptIds.length) await this.#goByMeasured();
    signal?.throwIfAborted();
    checkIds(promptIds, this.config.vocabSize);
    const input = this.#side.planInput();
    const { plan } = this.runner;
    const isExact = request.isExact || plan.attention === 'all';
    const inexact = inexactTokens({ ...request, isExact }, promptIds.length, plan);
    if (inexact !== undefined) {
      throw (await fetched(import('../loop/exact-advice'))).inexactError(input, plan, inexact);
    }
    const sources =
      request.sources && finder!.wishForSources(prompt, request.sources, this, input.kv.headProfile);
    const running = new RunningRequest(
      { ...request, isExact, ...(sources && { sources }) },
      prompt,
      maxSampled(request, promptIds.length, plan),
      this.tokenizer,
      constraint,
    );
    const onAbort = () => this.loop.abort(running, signal!.reason);
    signal?.addEventListener('abort', onAbort);
    this.#side.add(running);
    const end = () => {
      signal?.removeEventListener('abort', onAbort);
      this.loop.abort(running, new DOMException('The reader left.', 'AbortError'));
    };
    return this.#read(running, end, (pageMasses) =>
      sources ? { sources: finder!.sourcesOf(prompt, pageMasses, sources, this.tokenizer) } : {},
    );
  }

  /** What holds the answer to its format. @throws EngineError `unsupported` for a format that cannot be enforced, `network` */
  async #constraintOf({
    format,
    marks = [],
    prompt,
  }: GenerationRequest): Promise<AnswerConstraint | undefined> {
    if (!format) return undefined;
    const { answerConstraint } = await fetched(import('../grammar/answer-constraint'));
    const { vocabSize, eosIds } = this.config;
    const numPrefixSpaces = prompt.kind === 'chat' ? this.tokenizer.numPrefixSpaces : 0;
    return answerConstraint(format, { tokenizer: this.tokenizer, vocabSize, eosIds, marks, numPrefixSpaces });
  }

  /** The events of a request that runs; `end` is called when nobody reads them any more. */
  async *#read(
    running: RunningRequest,
    end: () => void,
    sourcesOf: (pageMasses: Float32Array) => { sources?: Sources },
  ): AsyncGenerator<GenerationEvent, void> {
    try {
      for await (const event of running.events) {
        if (event.kind === 'end') {
          this.#lastRequest = event.timings;
          this.#keeping = this.#keepMeasured();
        }
        yield event.kind === 'end' ? { ...event, ...sourcesOf(running.pageMasses) } : event;
      }
    } finally {
      end();
    }
  }

  /**
   * The prompt as `generate` will process it; opens the document that it names.
   * @throws RangeError when there is no such document; EngineError `model-unsupported`, `context-too-long`, and what
   * `documents.open` throws; the signal's reason
   */
  async #encode(prompt: Prompt, hasText: boolean, signal: AbortSignal | undefined): Promise<EncodedPrompt> {
    if (prompt.kind !== 'chat' || !prompt.document || 'text' in prompt.document) {
      return this.encodePrompt(prompt, signal);
    }
    return (await this.documents()).prompt(prompt.document, prompt, { hasText, signal });
  }

  /** Tokens of a prompt as `generate` would process it. @throws what `generate` throws for the prompt */
  async countTokens(prompt: Prompt, signal?: AbortSignal): Promise<number> {
    await this.#side.ready();
    return (await this.#encode(prompt, false, signal)).ids.length;
  }

  /** The ids of a text of any length, with what goes around a prompt where asked for. @throws the signal's reason */
  async tokenize(text: string, addSpecialTokens: boolean, signal?: AbortSignal): Promise<number[]> {
    const { tokenizer } = this;
    const ids = await encodeText(text, false, { tokenizer, contextTokens: Infinity, signal });
    return addSpecialTokens ? tokenizer.surround(ids) : ids;
  }

  /** Texts as vectors. @throws what `embed` throws */
  async embed(wish: EmbeddingWish, signal?: AbortSignal): Promise<Embeddings> {
    const { embed } = await fetched(import('./embed'));
    const { tokenizer, config } = this;
    return embed(wish, { source: this.#source, config, tokenizer, side: this.#side, signal });
  }

  /**
   * The token ids of a prompt that names no document of the library.
   * @throws EngineError `model-unsupported`, `context-too-long`; the signal's reason
   */
  encodePrompt(prompt: Prompt, signal?: AbortSignal): Promise<EncodedPrompt> {
    const { contextTokens } = this.runner.plan;
    return encodePrompt(prompt, this.#template, { tokenizer: this.tokenizer, contextTokens, signal });
  }

  /**
   * Bytes by category that an engine for `contextTokens`, or with other `kv` options, would take on this device, before
   * anything is allocated. Options that are not given are those of this engine.
   * @throws EngineError `gpu-memory` when that exceeds the limit, naming the bytes and the nearest context that fits
   */
  plan({ contextTokens, kv: changes }: PlanOptions = {}): MemoryPlan {
    return planMemory(
      this.#side.planInput({ ...changes, ...(contextTokens !== undefined && { contextTokens }) }),
    );
  }

  /**
   * How stable the heads were where that was measured, in this load and those before; undefined before the first whole chunk of steps.
   * @throws EngineError `network`, `weights-corrupt` when the model's fingerprint cannot be taken
   */
  async headProfile(): Promise<HeadProfile | undefined> {
    const { observer } = this.runner;
    if (!observer?.measured) return undefined;
    return observer.profile(await (this.#fingerprint ??= fingerprintModel(this.#source)));
  }

  /** What the engine holds and did until now. */
  stats(): EngineStats {
    return collectStats(this.#side, {
      profileOrigin: this.#measured?.isInForce ? 'measured' : this.#profileOrigin,
      loadMs: this.#loadMs,
      lastRequest: this.#lastRequest,
    });
  }

  /** Where the pages are of the sequence that ran last. @throws EngineError `device-lost`, `disposed`, `network` */
  async cacheMap(): Promise<CacheMap> {
    await this.#side.ready();
    return this.runner.readMap();
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

  /**
   * Begins to note what is done and when. The function that it returns ends that and gives the trace, as JSON in Chrome's trace
   * event format; called again it gives the same.
   * @throws RangeError while another trace is taken; EngineError `network`
   */
  async trace(): Promise<() => string> {
    const { Trace } = await fetched(import('../runner/trace'));
    if (this.#isTraced) throw new RangeError('A trace is being taken already: end that one first.');
    this.#isTraced = true;
    const trace = new Trace();
    this.#side.traceTo(trace);
    let json: string | undefined;
    return () => {
      if (json !== undefined) return json;
      this.#side.traceTo(undefined);
      this.#isTraced = false;
      return (json = JSON.stringify(trace.file()));
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
    const tell = (event: CacheEvent) => tellAll(this.#listeners, event);
    this.#side.watch(this.#listeners.size > 0 ? tell : undefined);
  }

  /** Ends all requests and frees everything, on the GPU, the host and the disk. A second call waits for the same. */
  dispose(): Promise<void> {
    return (this.#disposing ??= this.#dispose());
  }

  async #dispose(): Promise<void> {
    await this.#side.stop();
    await (await this.#documents?.catch(() => undefined))?.close();
    await this.#keepMeasured();
    await this.#measured?.stored();
    await this.#side.close();
  }

  /** The library of kept documents. @throws EngineError `network` when that part of the library cannot be fetched */
  documents(): Promise<Documents> {
    return (this.#documents ??= this.#openDocuments().catch((error: unknown) => {
      this.#documents = undefined;
      throw error;
    }));
  }

  async #openDocuments(): Promise<Documents> {
    const { openDocuments } = await fetched(import('./open-documents'));
    return openDocuments(this.#side, {
      textId: this.#textId,
      beginDocument: () => this.#goByMeasured(),
      tokenizer: this.tokenizer,
      template: this.#template,
      config: this.config,
      planFor: (tokens) => this.plan({ contextTokens: tokens }),
    });
  }

  /** Takes note of what was measured. Never rejects. */
  async #keepMeasured(): Promise<void> {
    const { observer } = this.runner;
    if (!observer || !this.#measured?.hasNews(observer.numChunks)) return;
    try {
      const profile = await this.headProfile();
      if (profile) this.#measured.keep(profile);
    } catch (error) {
      // The model's source cannot be reached any more: nor will it at the next answer.
      this.#measured.giveUp();
      this.#options.onWarning?.(`The head profile is not stored. ${asError(error).message}`);
    }
  }

  /**
   * Before a text comes to the GPU that is not there yet: goes over to the heads that were measured to be unstable, when that is
   * due and nothing runs. Pages of earlier texts come back from the host.
   */
  async #goByMeasured(): Promise<void> {
    await this.#keeping;
    if (!this.#measured?.due || !this.loop.isIdle || this.#options.recovery === false) return;
    await this.#side.changeHeads(this.#measured);
  }
}

/** The format of this model's documents in the browser, where a plan may choose one: what was read once is not read anew. */
async function formatOfDocuments(
  config: ModelConfig,
  { format, hostFormat }: KvOptions,
): Promise<KvFormat | undefined> {
  if (format !== undefined) return undefined;
  const { indexedDB } = globalThis as { indexedDB?: IDBFactory };
  // Where nothing may be kept there is nothing.
  const databases = (await indexedDB?.databases?.().catch(() => [])) ?? [];
  if (!databases.some(({ name }) => name === documentDatabaseName)) return undefined;
  const { keptFormat } = await fetched(import('../documents/kept-format'));
  return keptFormat(config, hostFormat);
}

/** What keeps what is measured, where nobody gave a profile. */
async function growingProfile(
  { origin, measured }: ChosenProfile,
  onWarning: (message: string) => void,
): Promise<MeasuredProfile | undefined> {
  if (origin !== 'equal' && origin !== 'measured') return undefined;
  const { MeasuredProfile } = await fetched(import('../stability/measured-profile'));
  return new MeasuredProfile(measured, origin === 'measured', onWarning);
}
