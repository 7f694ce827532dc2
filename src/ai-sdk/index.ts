/** `longpage/ai-sdk`: the engine as a language model and an embedding model of the Vercel AI SDK. */
import type {
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4GenerateResult,
  LanguageModelV4StreamPart,
  LanguageModelV4StreamResult,
} from '@ai-sdk/provider';
import type { ChatCompletion, ChatCompletionChunk, ChatCompletionRequest } from '../api/chat-completions';
import type { LoadProgress } from '../weights/load-progress';
import { partsOf, resultOf } from './answer';
import { chatRequestOf } from './chat-request';

export { embeddingModel, type EmbeddingEngine } from './embedding-model';

/** What the model needs of an engine; `Engine` is one. */
export interface ChatEngine {
  readonly model: string;
  readonly chat: {
    readonly completions: {
      create(
        request: ChatCompletionRequest,
        options?: { readonly signal?: AbortSignal },
      ): Promise<ChatCompletion | AsyncGenerator<ChatCompletionChunk, void, undefined>>;
    };
  };
}

/** Loads an engine, and tells `onProgress` how far it is: `(options) => Engine.load('/models/scout/', options)`. */
export type LoadChatEngine = (options: {
  readonly onProgress: (progress: LoadProgress) => void;
}) => PromiseLike<ChatEngine>;

/**
 * Whether the model can answer: not on this device, or its load failed (`unavailable`); once it is loaded, which the first call
 * begins (`downloadable`); when the load is over (`downloading`); at once (`available`).
 */
export type Availability = 'unavailable' | 'downloadable' | 'downloading' | 'available';

/** The engine as the AI SDK's `generateText`, `streamText` and all that stands on them take it. */
export class LongpageLanguageModel implements LanguageModelV4 {
  readonly specificationVersion = 'v4';
  readonly provider = 'longpage';
  readonly supportedUrls = {};
  readonly #load: LoadChatEngine;
  readonly #listeners = new Set<(progress: LoadProgress) => void>();
  #loading: Promise<ChatEngine> | undefined;
  #engine: ChatEngine | undefined;
  #hasFailed = false;

  /** @internal */
  constructor(load: LoadChatEngine, isBegun: boolean) {
    this.#load = load;
    // What a load that nobody waits for fails with, the first call says.
    if (isBegun) this.load().catch(() => undefined);
  }

  /** Name of the loaded model; `longpage` before it is. */
  get modelId(): string {
    return this.#engine?.model ?? 'longpage';
  }

  /** Whether the model can answer on this device, and when. */
  availability(): Availability {
    if (this.#engine) return 'available';
    if (this.#loading) return 'downloading';
    const hasGpu = typeof navigator !== 'undefined' && 'gpu' in navigator && navigator.gpu !== undefined;
    return hasGpu && !this.#hasFailed ? 'downloadable' : 'unavailable';
  }

  /** Calls `listener` with the progress of a load that this model begins; returns the function that ends it. */
  onProgress(listener: (progress: LoadProgress) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Loads the engine, as the first call does; a load that failed is begun anew. @throws what the load does */
  async load(): Promise<void> {
    await this.#loaded();
  }

  /** A whole answer. @throws what `engine.chat.completions.create` and the load do */
  async doGenerate(call: LanguageModelV4CallOptions): Promise<LanguageModelV4GenerateResult> {
    const { request, warnings } = chatRequestOf(call);
    const answer = await this.#answer(request, call.abortSignal);
    return resultOf(answer as ChatCompletion, warnings);
  }

  /** A streamed answer. @throws what `engine.chat.completions.create` and the load do, before the first part */
  async doStream(call: LanguageModelV4CallOptions): Promise<LanguageModelV4StreamResult> {
    const { request, warnings } = chatRequestOf(call);
    const streamed = { ...request, stream: true, stream_options: { include_usage: true } };
    const chunks = (await this.#answer(streamed, call.abortSignal)) as AsyncGenerator<
      ChatCompletionChunk,
      void
    >;
    const parts = partsOf(chunks, warnings);
    const stream = new ReadableStream<LanguageModelV4StreamPart>({
      async pull(controller) {
        const { value, done } = await parts.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await chunks.return();
      },
    });
    return { stream };
  }

  async #answer(request: ChatCompletionRequest, signal: AbortSignal | undefined) {
    signal?.throwIfAborted();
    const engine = await this.#loaded();
    return engine.chat.completions.create(request, signal && { signal });
  }

  #loaded(): Promise<ChatEngine> {
    this.#loading ??= this.#begin();
    return this.#loading;
  }

  async #begin(): Promise<ChatEngine> {
    const onProgress = (progress: LoadProgress) => {
      for (const listener of this.#listeners) listener(progress);
    };
    try {
      return (this.#engine = await this.#load({ onProgress }));
    } catch (error) {
      this.#loading = undefined;
      this.#hasFailed = true;
      throw error;
    }
  }
}

/**
 * The language model of an engine: one that is loaded, the promise of one, or a function that loads one when it is first asked. Fields
 * of Longpage's own, such as `document`, are `providerOptions.longpage` of a call; `sources` come back in `providerMetadata.longpage`.
 */
export function longpage(
  engine: ChatEngine | PromiseLike<ChatEngine> | LoadChatEngine,
): LongpageLanguageModel {
  if (typeof engine === 'function') return new LongpageLanguageModel(engine, false);
  return new LongpageLanguageModel(() => Promise.resolve(engine), true);
}
