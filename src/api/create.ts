/** `create` of both kinds of request: checks a request, has it answered, and presents the answer as the request wants it. */
import type { GenerationRequest } from '../loop/generation';
import type { GenerationEvent } from '../loop/generation-event';
import { endedBy } from '../util/ended-by';
import { fetched } from '../util/fetched';
import { buildChatCompletion, streamChatCompletion } from './build-chat-completion';
import type { ChatCompletion, ChatCompletionChunk, ChatCompletionRequest } from './chat-completions';
import type { Completion, CompletionRequest } from './completions';
import { newResponseIdentity } from './response';
import {
  needsToolPart,
  validateChatRequest,
  type ValidatedChatRequest,
  type ValidatedRequest,
} from './validate-chat-request';
import type { RequestContext, ResponseOptions } from './validate-options';

/** What a call may bring besides its request. */
export interface RequestOptions {
  /** Stops the request, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** `create` of a streaming kind of request: a stream or a whole answer, as the request's `stream` says. */
export interface Create<Request, Whole, Chunk> {
  (
    request: Request & { stream: true },
    options?: RequestOptions,
  ): Promise<AsyncGenerator<Chunk, void, undefined>>;
  (request: Request & { stream?: false | null }, options?: RequestOptions): Promise<Whole>;
  (request: Request, options?: RequestOptions): Promise<Whole | AsyncGenerator<Chunk, void, undefined>>;
}

/** `create` for chat completions. */
export type CreateChatCompletion = Create<ChatCompletionRequest, ChatCompletion, ChatCompletionChunk>;
/** `create` for legacy completions. */
export type CreateCompletion = Create<CompletionRequest, Completion, Completion>;

/** Has a checked request answered, event by event; resolves once it is accepted. */
export type Generate = (
  request: GenerationRequest,
  signal?: AbortSignal,
) => Promise<AsyncGenerator<GenerationEvent, void>>;

/** How the events of one answer become what the caller gets. */
export interface Presentation<Whole, Chunk> {
  readonly whole: (events: AsyncIterable<GenerationEvent>, options: ResponseOptions) => Promise<Whole>;
  readonly stream: (
    events: AsyncIterable<GenerationEvent>,
    options: ResponseOptions,
  ) => AsyncGenerator<Chunk, void, undefined>;
}

/**
 * A chat request, checked; with what its answer is read with where there may be calls or thoughts in it.
 * @throws what `validateChatRequest` does; EngineError `network` when the part for tools cannot be fetched
 */
export async function readChatRequest(
  value: unknown,
  context: RequestContext,
): Promise<ValidatedChatRequest> {
  const part = needsToolPart(value, context) ? await fetched(import('./tools/tool-use')) : undefined;
  return validateChatRequest(value, context, part);
}

/** `create` of both kinds, for the model that `context` describes. */
export function creators(
  generate: Generate,
  context: RequestContext & { readonly modelName: string },
): { createChat: CreateChatCompletion; createCompletion: CreateCompletion } {
  const answer = async <
    Whole extends ChatCompletion | Completion,
    Chunk extends ChatCompletionChunk | Completion,
  >(
    { request, response }: ValidatedRequest,
    presentation: Presentation<Whole, Chunk>,
    signal: AbortSignal | undefined,
  ) => {
    if (response.numChoices > 1) {
      const { severalAnswers } = await fetched(import('./several-answers'));
      return severalAnswers(generate, { request, response }, presentation, signal);
    }
    const events = await generate(request, signal);
    if (!response.isStream) return presentation.whole(events, response);
    return endedBy(presentation.stream(events, response), () => void events.return());
  };
  const createChat = async (value: ChatCompletionRequest, { signal }: RequestOptions = {}) => {
    const { toolUse, ...validated } = await readChatRequest(value, context);
    const identity = newResponseIdentity('chatcmpl-', context.modelName);
    const read = (events: AsyncIterable<GenerationEvent>) => toolUse?.read(events) ?? events;
    const presentation: Presentation<ChatCompletion, ChatCompletionChunk> = {
      whole: (events, options) => buildChatCompletion(read(events), identity, options),
      stream: (events, options) => streamChatCompletion(read(events), identity, options),
    };
    return answer(validated, presentation, signal);
  };
  const createCompletion = async (value: CompletionRequest, { signal }: RequestOptions = {}) => {
    const legacy = await fetched(import('./legacy-completions'));
    const validated = legacy.validateCompletionRequest(value, context);
    const identity = newResponseIdentity('cmpl-', context.modelName);
    const presentation: Presentation<Completion, Completion> = {
      whole: (events, options) => legacy.buildCompletion(events, identity, options),
      stream: (events, options) => legacy.streamCompletion(events, identity, options),
    };
    return answer(validated, presentation, signal);
  };
  return {
    createChat: createChat as CreateChatCompletion,
    createCompletion: createCompletion as CreateCompletion,
  };
}
