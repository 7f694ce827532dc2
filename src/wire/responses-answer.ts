/** OpenAI's Responses API, the answer: out of a chat completion, whole or as its events. */
import type {
  ChatCompletion,
  ChatCompletionChunk,
  ChatCompletionTokenLogprob,
} from '../api/chat-completions';
import { newId } from '../api/response';
import type { CompletionUsage } from '../api/usage';
import type { FinishReason } from '../loop/generation';
import { wireErrorOf } from './error-body';
import type { ServerEvent } from './event-stream';
import type { ResponseSettings } from './responses-request';

type Status = 'in_progress' | 'completed' | 'incomplete' | 'failed';

/** Of all fields that OpenAI's answers have, those that are always the same here. */
const constants = {
  object: 'response',
  background: false,
  error: null,
  incomplete_details: null,
  previous_response_id: null,
  reasoning: { effort: null, summary: null },
  service_tier: 'default',
  store: false,
  truncation: 'disabled',
};

/** One answer: its identity, and its forms. */
export class ResponsesAnswer {
  readonly #id = newId('resp_');
  readonly #itemId = newId('msg_');
  readonly #createdAt = Math.floor(Date.now() / 1000);
  #sequenceNumber = 0;

  constructor(
    private readonly settings: ResponseSettings,
    private readonly model: string,
  ) {}

  /** The answer as one object. */
  whole({ choices: [choice], usage }: ChatCompletion): object {
    const { message, finish_reason, logprobs } = choice!;
    const status = statusOf(finish_reason);
    const item = this.#item(status, message.content ?? '', logprobs?.content ?? []);
    return this.#response(status, [item], usage);
  }

  /** The answer event by event. A failure on the way is an event too. */
  async *events(chunks: AsyncGenerator<ChatCompletionChunk, void>): AsyncGenerator<ServerEvent, void> {
    const place = { item_id: this.#itemId, output_index: 0, content_index: 0 };
    let text = '';
    const logprobs: ChatCompletionTokenLogprob[] = [];
    let finish: FinishReason = 'stop';
    let usage: CompletionUsage | undefined;
    let hasBegun = false;
    try {
      for await (const chunk of chunks) {
        if (!hasBegun) yield* this.#begin(place);
        hasBegun = true;
        usage = chunk.usage ?? usage;
        const choice = chunk.choices[0];
        finish = choice?.finish_reason ?? finish;
        const delta = choice?.delta.content ?? '';
        const added = choice?.logprobs?.content ?? [];
        logprobs.push(...added);
        text += delta;
        if (delta === '' && added.length === 0) continue;
        yield this.#event('response.output_text.delta', { ...place, delta, logprobs: added });
      }
    } catch (error) {
      // Before its first event an answer has a status to fail with.
      if (!hasBegun) throw error;
      const { message, code } = wireErrorOf(error).body.error;
      const response = {
        ...this.#response('failed', [], undefined),
        error: { code: code ?? 'server_error', message },
      };
      yield this.#event('response.failed', { response });
      return;
    }
    const status = statusOf(finish);
    const item = this.#item(status, text, logprobs);
    yield this.#event('response.output_text.done', { ...place, text, logprobs });
    yield this.#event('response.content_part.done', { ...place, part: item.content[0] });
    yield this.#event('response.output_item.done', { output_index: 0, item });
    yield this.#event(`response.${status}`, { response: this.#response(status, [item], usage) });
  }

  *#begin(place: object): Generator<ServerEvent> {
    const response = this.#response('in_progress', [], undefined);
    yield this.#event('response.created', { response });
    yield this.#event('response.in_progress', { response });
    const item = { ...this.#item('in_progress', '', []), content: [] };
    yield this.#event('response.output_item.added', { output_index: 0, item });
    yield this.#event('response.content_part.added', { ...place, part: part('', []) });
  }

  #event(type: string, fields: object): ServerEvent {
    return { event: type, data: { type, sequence_number: this.#sequenceNumber++, ...fields } };
  }

  #item(status: Status, text: string, logprobs: readonly ChatCompletionTokenLogprob[]) {
    return {
      id: this.#itemId,
      type: 'message',
      status,
      role: 'assistant',
      content: [part(text, logprobs)],
    };
  }

  #response(status: Status, output: readonly object[], usage: CompletionUsage | undefined): object {
    return {
      ...constants,
      ...this.settings,
      id: this.#id,
      created_at: this.#createdAt,
      model: this.model,
      status,
      ...(status === 'incomplete' && { incomplete_details: { reason: 'max_output_tokens' } }),
      output,
      usage: usage ? responseUsage(usage) : null,
    };
  }
}

function statusOf(finish: FinishReason): Status {
  return finish === 'length' ? 'incomplete' : 'completed';
}

function part(text: string, logprobs: readonly ChatCompletionTokenLogprob[]) {
  return { type: 'output_text', text, annotations: [], logprobs };
}

function responseUsage(usage: CompletionUsage): object {
  return {
    input_tokens: usage.prompt_tokens,
    input_tokens_details: { cached_tokens: usage.prompt_tokens_details.cached_tokens },
    output_tokens: usage.completion_tokens,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: usage.total_tokens,
  };
}
