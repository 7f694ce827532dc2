/** The events of a request as OpenAI's chat completion, whole or in chunks. */
import type { StepLogprobs } from '../loop/generation';
import { fetched } from '../util/fetched';
import type { AnswerEvent } from './answer-event';
import type {
  ChatCompletion,
  ChatCompletionChunk,
  ChatCompletionChunkChoice,
  ChatCompletionLogprobs,
} from './chat-completions';
import { collectGeneration, isWorthAChunk, sourcesOf, type ResponseIdentity } from './response';
import { usageOf } from './usage';
import type { ResponseOptions } from './validate-options';

/** Waits for the end of a request. @throws what `events` throws. */
export async function buildChatCompletion(
  events: AsyncIterable<AnswerEvent>,
  identity: ResponseIdentity,
  options: ResponseOptions,
): Promise<ChatCompletion> {
  const { text, tokenIds, logprobs, end } = await collectGeneration(events);
  return {
    ...identity,
    object: 'chat.completion',
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: text === '' && end.added?.tool_calls ? null : text,
          refusal: null,
          ...end.added,
        },
        logprobs: await logprobsOf(logprobs, options),
        finish_reason: end.finishReason,
        ...(options.hasTokenIds && { token_ids: tokenIds }),
        ...(await sourcesOf(end)),
      },
    ],
    usage: usageOf(end),
  };
}

/**
 * The chunks of a request: one with the role as soon as it is admitted, one for each delta that says something, one with the
 * finish reason, and one with the usage if asked for. @throws what `events` throws.
 */
export async function* streamChatCompletion(
  events: AsyncIterable<AnswerEvent>,
  identity: ResponseIdentity,
  options: ResponseOptions,
): AsyncGenerator<ChatCompletionChunk, void, undefined> {
  const chunk = (choice: Partial<ChatCompletionChunkChoice>): ChatCompletionChunk => ({
    ...identity,
    object: 'chat.completion.chunk',
    choices: [{ index: 0, delta: {}, logprobs: null, finish_reason: null, ...choice }],
    ...(options.includeUsage && { usage: null }),
  });
  for await (const event of events) {
    switch (event.kind) {
      case 'start':
        yield chunk({ delta: { role: 'assistant', content: '' } });
        break;
      case 'delta':
        if (isWorthAChunk(event, options)) {
          yield chunk({
            delta: {
              ...((event.text !== '' || !event.added) && { content: event.text }),
              ...event.added,
            },
            logprobs: await logprobsOf(event.logprobs, options),
            ...(options.hasTokenIds && { token_ids: event.tokenIds }),
          });
        }
        break;
      case 'end':
        yield chunk({ finish_reason: event.finishReason, ...(await sourcesOf(event)) });
        if (options.includeUsage) yield { ...chunk({}), choices: [], usage: usageOf(event) };
    }
  }
}

/** Their shape is a part that is fetched where it is asked for. */
async function logprobsOf(
  steps: readonly StepLogprobs[] | undefined,
  options: ResponseOptions,
): Promise<ChatCompletionLogprobs | null> {
  if (!steps) return null;
  const { chatLogprobs } = await fetched(import('./logprobs'));
  return { content: chatLogprobs(steps, options.hasTokenIds), refusal: null };
}
