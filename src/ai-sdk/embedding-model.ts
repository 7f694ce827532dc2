/** The engine as an embedding model of the Vercel AI SDK. */
import type { EmbeddingModelV4, EmbeddingModelV4CallOptions, EmbeddingModelV4Result } from '@ai-sdk/provider';
import type { EmbeddingRequest, EmbeddingResponse } from '../api/embeddings';

/** What the model needs of an engine; `Engine` is one. */
export interface EmbeddingEngine {
  readonly model: string;
  readonly embeddings: {
    create(
      request: EmbeddingRequest,
      options?: { readonly signal?: AbortSignal },
    ): Promise<EmbeddingResponse>;
  };
}

/** The engine as the AI SDK's `embed` and `embedMany` take it. */
class LongpageEmbeddingModel implements EmbeddingModelV4 {
  readonly specificationVersion = 'v4';
  readonly provider = 'longpage';
  readonly maxEmbeddingsPerCall = Infinity;
  /** One text goes through the model at a time, and a call may bring any number. */
  readonly supportsParallelCalls = false;
  readonly #load: () => PromiseLike<EmbeddingEngine>;
  #loading: PromiseLike<EmbeddingEngine> | undefined;
  #engine: EmbeddingEngine | undefined;

  constructor(load: () => PromiseLike<EmbeddingEngine>) {
    this.#load = load;
  }

  /** Name of the loaded model; `longpage` before it is. */
  get modelId(): string {
    return this.#engine?.model ?? 'longpage';
  }

  /** Vectors of the length 1. @throws what `engine.embeddings.create` and the load do */
  async doEmbed({
    values,
    dimensions,
    abortSignal,
    providerOptions,
  }: EmbeddingModelV4CallOptions): Promise<EmbeddingModelV4Result> {
    abortSignal?.throwIfAborted();
    const engine = await this.#loaded();
    const request = { ...providerOptions?.['longpage'], input: values, dimensions: dimensions ?? null };
    const { data, usage } = await engine.embeddings.create(request, abortSignal && { signal: abortSignal });
    return {
      embeddings: data.map(({ embedding }) => embedding),
      usage: { tokens: usage.prompt_tokens },
      warnings: [],
    };
  }

  async #loaded(): Promise<EmbeddingEngine> {
    try {
      return (this.#engine = await (this.#loading ??= this.#load()));
    } catch (error) {
      // The next call begins the load anew.
      this.#loading = undefined;
      throw error;
    }
  }
}

/**
 * The embedding model of an engine: one that is loaded, the promise of one, or a function that loads one when it is first asked.
 * `pooling` is `providerOptions.longpage` of a call.
 */
export function embeddingModel(
  engine: EmbeddingEngine | PromiseLike<EmbeddingEngine> | (() => PromiseLike<EmbeddingEngine>),
): EmbeddingModelV4 {
  return new LongpageEmbeddingModel(typeof engine === 'function' ? engine : () => Promise.resolve(engine));
}
