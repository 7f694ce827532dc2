/** What the door needs of an engine; `Engine` is one, and so is whatever stands in for it. */
import type { ChatCompletion, ChatCompletionChunk, ChatCompletionRequest } from '../api/chat-completions';
import type { Completion, CompletionRequest } from '../api/completions';
import type { EmbeddingRequest, EmbeddingResponse } from '../api/embeddings';

/** A method that answers with the whole or with a stream, as the request says. */
type Answers<Request, Whole, Chunk> = (
  request: Request,
  options?: { readonly signal?: AbortSignal },
) => Promise<Whole | AsyncGenerator<Chunk, void, undefined>>;

/** An engine as the door sees it. */
export interface ServedEngine {
  readonly model: string;
  readonly aliases: readonly string[];
  readonly chat: {
    readonly completions: {
      readonly create: Answers<ChatCompletionRequest, ChatCompletion, ChatCompletionChunk>;
    };
  };
  readonly completions: { readonly create: Answers<CompletionRequest, Completion, Completion> };
  readonly embeddings: {
    readonly create: (
      request: EmbeddingRequest,
      options?: { readonly signal?: AbortSignal },
    ) => Promise<EmbeddingResponse>;
  };
}

/** Whether an answer is a stream. */
export function isStream<Chunk>(
  answer: object | AsyncGenerator<Chunk, void, undefined>,
): answer is AsyncGenerator<Chunk, void, undefined> {
  return Symbol.asyncIterator in answer;
}
