/**
 * The page's one hold on the engine: loads a model, answers questions, plans memory, and tells its host about every change.
 * Components get its state and never the engine.
 */
import type { ReactiveController, ReactiveControllerHost } from 'lit';
import {
  Engine,
  EngineError,
  type ChatCompletionRequest,
  type EngineDocuments,
  type EnginePlan,
  type EngineStats,
  type KvOptions,
  type LoadProgress,
  type ModelLocation,
} from '../src/index';
import type { HeldModel, ModelStore } from '../src/source/hub/model-store';
import { answers, type Answer, type Question } from './answer';
import { CacheWatch } from './cache-watch';
import { plainSentence } from './format';
import { saveLastModel, type ModelChoice } from './models';
import { defaultSettings, loadSettings, saveSettings, withLimitOf, type Settings } from './settings';

/** Where the engine is. */
export type Phase = 'empty' | 'loading' | 'ready' | 'failed';

/** What settings would take: a plan, or why there is none. */
export type Forecast = { readonly plan: EnginePlan } | { readonly problem: string };

/** Errors after which the engine is of no more use. */
const fatalCodes: ReadonlySet<string> = new Set(['device-lost', 'disposed', 'webgpu-unavailable']);

/** The engine's options for settings of the page. Who has not chosen the pages has what the library and the head profile would. */
function kvOptions({ gpuBytes, pagesPerHead, isExact }: Settings): KvOptions {
  const isChosen = pagesPerHead !== defaultSettings.pagesPerHead;
  return { gpuBytes, ...(isChosen && { pagesPerHead }), ...(isExact && { unstableShare: 1 }) };
}

/** See the file's header. */
export class EngineController implements ReactiveController {
  phase: Phase = 'empty';
  choice: ModelChoice | undefined;
  progress: LoadProgress | undefined;
  settings: Settings = loadSettings();
  stats: EngineStats | undefined;
  plan: EnginePlan | undefined;
  tokensPerSecond: number | undefined;
  /** Where the pages are, while that is watched. */
  readonly cache = new CacheWatch(() => this.#host.requestUpdate());
  /** Whether the GPU is lost and the engine is getting another one: answers wait and then go on. */
  isRecovering = false;
  /** Why the engine is no longer there, or was not loaded. */
  error: unknown;
  readonly #host: ReactiveControllerHost;
  readonly #models: ModelStore;
  #engine: Engine | undefined;
  /** The stored model that the engine runs. */
  #held: HeldModel | undefined;
  #loading: AbortController | undefined;

  constructor(host: ReactiveControllerHost, models: ModelStore) {
    this.#host = host;
    this.#models = models;
    host.addController(this);
  }

  /** The library as the model sees it; undefined while there is none. */
  get documents(): EngineDocuments | undefined {
    return this.phase === 'ready' ? this.#engine?.documents : undefined;
  }

  /** Whether there is no GPU, so that the processor does its work. */
  get isSlow(): boolean {
    return this.stats?.isSoftwareAdapter ?? false;
  }

  hostDisconnected(): void {
    this.#loading?.abort();
    void this.#engine?.dispose();
  }

  /** Replaces the model; with one that needs a larger memory limit than is set, the limit is raised for this visit. */
  async load(choice: ModelChoice): Promise<void> {
    this.settings = withLimitOf(loadSettings(), choice.minGpuBytes);
    await this.#load(choice);
  }

  /** A load that is still running is stopped first. */
  async #load(choice: ModelChoice): Promise<void> {
    this.#loading?.abort();
    const loading = (this.#loading = new AbortController());
    const { signal } = loading;
    const previous = this.#engine;
    const previouslyHeld = this.#held;
    this.#engine = undefined;
    this.#held = undefined;
    this.tokensPerSecond = undefined;
    this.cache.follow(undefined);
    this.isRecovering = false;
    this.#set({
      phase: 'loading',
      choice,
      progress: undefined,
      error: undefined,
      stats: undefined,
      plan: undefined,
    });
    let held: HeldModel | undefined;
    try {
      await previous?.dispose();
      previouslyHeld?.release();
      signal.throwIfAborted();
      const { source } = choice;
      const isStored = typeof source === 'object' && 'storedId' in source;
      if (isStored) held = await this.#models.hold(source.storedId, { signal });
      const location: ModelLocation = isStored ? held!.directory : source;
      const engine = await Engine.load(location, {
        kv: kvOptions(this.settings),
        profiles: 'profiles/',
        signal,
        onProgress: (progress) => {
          if (this.#loading === loading) this.#set({ progress });
        },
      });
      if (this.#loading !== loading) {
        await engine.dispose();
        held?.release();
        return;
      }
      this.#engine = engine;
      this.#held = held;
      saveLastModel(choice);
      engine.onRecovery(({ phase }) => {
        this.isRecovering = phase === 'lost' || phase === 'recovering';
        this.#host.requestUpdate();
      });
      const [stats, plan] = await Promise.all([engine.stats(), engine.plan()]);
      this.cache.follow(engine);
      this.#set({ phase: 'ready', stats, plan });
    } catch (error) {
      if (!this.#held) held?.release();
      if (this.#loading !== loading) return;
      if (signal.aborted) this.#set({ phase: 'empty' });
      else this.#set({ phase: 'failed', error });
    }
  }

  /** Loads the same model again: after an error, or with other settings. */
  async reload(settings: Settings = this.settings): Promise<void> {
    this.settings = settings;
    saveSettings(settings);
    if (this.choice) await this.#load(this.choice);
  }

  /** Stops a load. */
  stopLoading(): void {
    this.#loading?.abort();
  }

  /** What the engine would take with other settings, before anything is allocated; undefined without a model. */
  async forecast(settings: Settings): Promise<Forecast | undefined> {
    try {
      const plan = await this.#engine?.plan({ kv: kvOptions(settings) });
      return plan && { plan };
    } catch (error) {
      if (error instanceof EngineError && error.code !== 'disposed')
        return { problem: plainSentence(error.message) };
      throw error;
    }
  }

  /**
   * The answer as it grows.
   * @throws what the engine throws; the signal's reason when stopped
   */
  async *answer(question: Question, signal: AbortSignal): AsyncGenerator<Answer, void> {
    const engine = this.#needed();
    let hasBegun = false;
    this.cache.isAnswering = true;
    try {
      for await (const answer of answers(engine, question, this.settings.isExact, signal)) {
        // Many an answer is over before the first rerank.
        if (!hasBegun && answer.firstTokenMs !== undefined) void this.cache.read();
        hasBegun = answer.firstTokenMs !== undefined;
        this.tokensPerSecond = answer.tokensPerSecond;
        yield answer;
      }
    } catch (error) {
      throw this.#noted(error);
    } finally {
      this.cache.isAnswering = false;
      await this.#refresh(engine);
    }
  }

  /**
   * What the model writes beside the conversation, as it grows.
   * @throws what the engine throws; the signal's reason when stopped
   */
  async *write(request: ChatCompletionRequest, signal: AbortSignal): AsyncGenerator<string, void> {
    const { chat } = this.#needed();
    try {
      let text = '';
      for await (const { choices } of await chat.completions.create(
        { ...request, stream: true },
        { signal },
      )) {
        text += choices[0]?.delta.content ?? '';
        yield text;
      }
    } catch (error) {
      throw this.#noted(error);
    }
  }

  #needed(): Engine {
    if (this.#engine) return this.#engine;
    throw new EngineError('disposed', 'No model is loaded.');
  }

  /** An error, after which the engine may be of no more use. */
  #noted(error: unknown): unknown {
    if (error instanceof EngineError && fatalCodes.has(error.code)) this.#set({ phase: 'failed', error });
    return error;
  }

  async #refresh(engine: Engine): Promise<void> {
    if (this.phase !== 'ready' || engine !== this.#engine) return;
    const stats = await engine.stats();
    if (engine === this.#engine) this.#set({ stats });
    await this.cache.readAgain();
  }

  #set(
    change: Partial<Pick<EngineController, 'phase' | 'choice' | 'progress' | 'stats' | 'plan' | 'error'>>,
  ): void {
    Object.assign(this, change);
    this.#host.requestUpdate();
  }
}
