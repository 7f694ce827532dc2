/** The events of a request as OpenAI's legacy completion, whole or in chunks. */
import type { GenerationEvent } from '../loop/generation-event';
import type { Completion, CompletionChoice } from './completions';
import { legacyLogprobs } from './logprobs';
import { collectGeneration, isWorthAChunk, sourcesOf, type ResponseIdentity } from './response';
import { usageOf } from './usage';
import type { ResponseOptions } from './validate-options';

/** Waits for the end of a request. @throws what `events` throws. */
export async function buildCompletion(
  events: AsyncIterable<GenerationEvent>,
  identity: ResponseIdentity,
  options: ResponseOptions,
): Promise<Completion> {
  const { text, tokenIds, logprobs, end } = await collectGeneration(events);
  return {
    ...identity,
    object: 'text_completion',
    choices: [
      {
        index: 0,
        text,
        logprobs: logprobs ? legacyLogprobs(logprobs, 0, options.hasTokenIds) : null,
        finish_reason: end.finishReason,
        ...(options.hasTokenIds && { token_ids: tokenIds }),
        ...(await sourcesOf(end)),
      },
    ],
    usage: usageOf(end),
  };
}

/**
 * The chunks of a request: one for each delta that says something, one with the finish reason, and one with the usage if asked
 * for. @throws what `events` throws.
 */
export async function* streamCompletion(
  events: AsyncIterable<GenerationEvent>,
  identity: ResponseIdentity,
  options: ResponseOptions,
): AsyncGenerator<Completion, void, undefined> {
  const chunk = (choice: Partial<CompletionChoice>): Completion => ({
    ...identity,
    object: 'text_completion',
    choices: [{ index: 0, text: '', logprobs: null, finish_reason: null, ...choice }],
    ...(options.includeUsage && { usage: null }),
  });
  let offset = 0;
  for await (const event of events) {
    if (event.kind === 'delta' && isWorthAChunk(event, options)) {
      yield chunk({
        text: event.text,
        logprobs: event.logprobs ? legacyLogprobs(event.logprobs, offset, options.hasTokenIds) : null,
        ...(options.hasTokenIds && { token_ids: event.tokenIds }),
      });
      for (const step of event.logprobs ?? []) offset += step.text.length;
    }
    if (event.kind === 'end') {
      yield chunk({ finish_reason: event.finishReason, ...(await sourcesOf(event)) });
      if (options.includeUsage) yield { ...chunk({}), choices: [], usage: usageOf(event) };
    }
  }
}
