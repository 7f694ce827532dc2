/**
 * The page's one hold on the engine: loads a model, answers questions, plans memory, and tells its host about every change.
 * Components get its state and never the engine.
 */
import type { ReactiveController, ReactiveControllerHost } from 'lit';
import {
  Engine,
  EngineError,
  type AnswerSources,
  type CacheMap,
  type EngineDocuments,
  type ModelLocation,
  type RerankEvent,
  type ChatCompletionMessageParam,
  type EngineStats,
  type KvOptions,
  type LoadProgress,
  type ReadingProgress,
  type EnginePlan,
} from '../src/index';
import { AnswerPace } from './answer-pace';
import type { Source } from './conversation';
import { maxAnswerTokens } from './fit';
import { plainSentence } from './format';
import { saveLastModel, type ModelChoice } from './models';
import type { HeldModel, ModelStore } from '../src/source/hub/model-store';
import { defaultSettings, loadSettings, saveSettings, withLimitOf, type Settings } from './settings';

/** Where the engine is. */
export type Phase = 'empty' | 'loading' | 'ready' | 'failed';

/** What is to be answered, and how. */
export interface Question {
  readonly messages: ChatCompletionMessageParam[];
  /** The documents that the question is about, in order; none for a chat without one. */
  readonly documentIds: readonly string[];
  /** Told how far they are read, where several are asked together; at the end with undefined. */
  readonly onReading?: (progress: ReadingProgress | undefined) => void;
  /** 0 is greedy. */
  readonly temperature: number;
}

/** An answer so far. */
export interface Answer {
  readonly content: string;
  /** What the model thought before it; absent where it did not. */
  readonly thoughts?: string;
  readonly isCut: boolean;
  /** From the question to the first text; undefined before it. */
  readonly firstTokenMs: number | undefined;
  readonly tokensPerSecond: number | undefined;
  /** Where it came from, once it is complete and about a document. */
  readonly sources?: readonly Source[];
  readonly isGuess?: boolean;
}

/** What settings would take: a plan, or why there is none. */
export type Forecast = { readonly plan: EnginePlan } | { readonly problem: string };

/** Errors after which the engine is of no more use. */
const fatalCodes: ReadonlySet<string> = new Set(['device-lost', 'disposed', 'webgpu-unavailable']);

/** The engine's options for settings of the page. Who has not chosen the pages has what the library and the head profile would. */
function kvOptions({ gpuBytes, pagesPerHead, isExact }: Settings): KvOptions {
  const isChosen = pagesPerHead !== defaultSettings.pagesPerHead;
  return { gpuBytes, ...(isChosen && { pagesPerHead }), ...(isExact && { unstableShare: 1 }) };
}

function describeSources({ calibrated, passages }: AnswerSources): Pick<Answer, 'sources' | 'isGuess'> {
  const sources = passages.map(
    ({ start_char: start = 0, end_char: end = 0, mass, location, document: id, title = '', text = '' }) => ({
      start,
      end,
      mass,
      ...(location !== undefined && { location }),
      ...(id !== undefined && { document: { id, title, text } }),
    }),
  );
  return { sources, isGuess: !calibrated };
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
  /** Where the pages are, while that is watched and something has been asked. */
  map: CacheMap | undefined;
  /** Whether an answer ran when the map was read: heads give pages back after it. */
  isMapLive = false;
  /** What the latest rerank brought back to the GPU. */
  promotions: RerankEvent['promotions'] = [];
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
  #isWatching = false;
  #mapReading: Promise<void> | undefined;
  #isAnswering = false;
  #endWatch: (() => void) | undefined;

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
    this.#endWatch = undefined;
    this.map = undefined;
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
      this.#set({ phase: 'ready', stats, plan });
      this.#updateWatch();
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

  /** Begins or ends to follow where the cache's pages are. */
  watchCache(isWatching: boolean): void {
    this.#isWatching = isWatching;
    this.#updateWatch();
    void this.#readMap();
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
    const engine = this.#engine;
    if (!engine) throw new EngineError('disposed', 'No model is loaded.');
    const pace = new AnswerPace(performance.now());
    let content = '';
    let thoughts = '';
    this.#isAnswering = true;
    try {
      const { documentIds, onReading } = question;
      const [document] = documentIds;
      const isTogether = documentIds.length > 1;
      if (isTogether) {
        try {
          await engine.documents.readTogether(documentIds, {
            signal,
            ...(onReading && { onProgress: onReading }),
          });
        } finally {
          onReading?.(undefined);
        }
      }
      const stream = await engine.chat.completions.create(
        {
          messages: question.messages,
          max_tokens: maxAnswerTokens,
          temperature: question.temperature,
          stream: true,
          ...(document !== undefined && { sources: true }),
          ...(isTogether ? { documents: documentIds } : document !== undefined && { document }),
          ...(this.settings.isExact && { exact: true }),
        },
        { signal },
      );
      for await (const chunk of stream) {
        const choice = chunk.choices[0];
        if (!choice) continue;
        const { content: said = '', reasoning_content: thought = '' } = choice.delta;
        const text = said + thought;
        content += said;
        thoughts += thought;
        // Many an answer is over before the first rerank.
        if (text !== '' && pace.firstTokenMs === undefined) void this.#readMap();
        if (text !== '') pace.add(performance.now());
        this.tokensPerSecond = pace.tokensPerSecond;
        yield {
          content,
          ...(thoughts !== '' && { thoughts }),
          isCut: choice.finish_reason === 'length',
          firstTokenMs: pace.firstTokenMs,
          tokensPerSecond: pace.tokensPerSecond,
          ...(choice.sources && describeSources(choice.sources)),
        };
      }
    } catch (error) {
      if (error instanceof EngineError && fatalCodes.has(error.code)) this.#set({ phase: 'failed', error });
      throw error;
    } finally {
      this.#isAnswering = false;
      await this.#refresh(engine);
    }
  }

  #updateWatch(): void {
    if (this.#isWatching === (this.#endWatch !== undefined)) return;
    this.#endWatch?.();
    this.#endWatch = undefined;
    if (!this.#isWatching) return;
    this.#endWatch = this.#engine?.onCacheEvent((event) => {
      if (event.kind !== 'rerank') return;
      this.promotions = event.promotions;
      void this.#readMap();
    });
  }

  /** One reading at a time: reranks may come faster than maps. */
  async #readMap(): Promise<void> {
    if (!this.#isWatching || this.#mapReading || this.phase !== 'ready') return;
    try {
      await (this.#mapReading = this.#takeMap());
    } finally {
      this.#mapReading = undefined;
      this.#host.requestUpdate();
    }
  }

  async #takeMap(): Promise<void> {
    const engine = this.#engine;
    const wasAnswering = this.#isAnswering;
    try {
      const map = await engine?.cacheMap();
      if (!map || engine !== this.#engine) return;
      this.map = map.numPages > 0 ? map : undefined;
      this.isMapLive = wasAnswering && this.#isAnswering;
    } catch (error) {
      // What ended the engine is shown by the request that it ended.
      if (!(error instanceof EngineError)) throw error;
    }
  }

  async #refresh(engine: Engine): Promise<void> {
    if (this.phase !== 'ready' || engine !== this.#engine) return;
    const stats = await engine.stats();
    if (engine === this.#engine) this.#set({ stats });
    // One that is under way may be of the answer that has just ended.
    await this.#mapReading;
    await this.#readMap();
  }

  #set(
    change: Partial<Pick<EngineController, 'phase' | 'choice' | 'progress' | 'stats' | 'plan' | 'error'>>,
  ): void {
    Object.assign(this, change);
    this.#host.requestUpdate();
  }
}
