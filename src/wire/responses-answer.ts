/** OpenAI's Responses API, the answer: out of a chat completion, whole or as its events. */
import type { ChatCompletion, ChatCompletionChunk } from '../api/chat-completions';
import { newId } from '../api/response';
import type { CompletionUsage } from '../api/usage';
import type { ChatFinishReason } from '../api/tool-calls';
import { wireErrorOf } from './error-body';
import type { ServerEvent } from './event-stream';
import { OutputItems, type ItemEvent, type Status } from './responses-items';
import type { ResponseSettings } from './responses-request';

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
  readonly #createdAt = Math.floor(Date.now() / 1000);
  readonly #items = new OutputItems();
  #sequenceNumber = 0;

  constructor(
    private readonly settings: ResponseSettings,
    private readonly model: string,
  ) {}

  /** The answer as one object. */
  whole({ choices: [{ message, finish_reason, logprobs }], usage }: ChatCompletion): object {
    const { content, reasoning_content: thoughts, tool_calls: calls = [] } = message;
    if (thoughts) this.#items.addThought(thoughts);
    if (content || calls.length === 0) this.#items.addText(content ?? '', logprobs?.content ?? []);
    for (const [index, call] of calls.entries()) this.#items.addCall({ index, ...call });
    const status = statusOf(finish_reason);
    return this.#response(status, this.#items.list(status), usage);
  }

  /** The answer event by event. A failure on the way is an event too. */
  async *events(chunks: AsyncGenerator<ChatCompletionChunk, void>): AsyncGenerator<ServerEvent, void> {
    const items = this.#items;
    let finish: ChatFinishReason = 'stop';
    let usage: CompletionUsage | undefined;
    let hasBegun = false;
    try {
      for await (const chunk of chunks) {
        if (!hasBegun) yield* this.#begin();
        hasBegun = true;
        usage = chunk.usage ?? usage;
        const choice = chunk.choices[0];
        if (!choice) continue;
        finish = choice.finish_reason ?? finish;
        const { content = '', reasoning_content: thought, tool_calls: calls = [] } = choice.delta;
        const logprobs = choice.logprobs?.content ?? [];
        if (thought) yield* this.#numbered(items.addThought(thought));
        if (content !== '' || (logprobs.length > 0 && !thought && calls.length === 0))
          yield* this.#numbered(items.addText(content, logprobs));
        for (const call of calls) yield* this.#numbered(items.addCall(call));
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
    if (items.isEmpty) yield* this.#numbered(items.addEmpty());
    yield* this.#numbered(items.close(status));
    yield this.#event(`response.${status}`, { response: this.#response(status, items.list(status), usage) });
  }

  *#begin(): Generator<ServerEvent> {
    const response = this.#response('in_progress', [], undefined);
    yield this.#event('response.created', { response });
    yield this.#event('response.in_progress', { response });
  }

  *#numbered(events: readonly ItemEvent[]): Generator<ServerEvent> {
    for (const { type, fields } of events) yield this.#event(type, fields);
  }

  #event(type: string, fields: object): ServerEvent {
    return { event: type, data: { type, sequence_number: this.#sequenceNumber++, ...fields } };
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

function statusOf(finish: ChatFinishReason): Status {
  return finish === 'length' ? 'incomplete' : 'completed';
}

function responseUsage(usage: CompletionUsage): object {
  return {
    input_tokens: usage.prompt_tokens,
    input_tokens_details: { cached_tokens: usage.prompt_tokens_details.cached_tokens },
    output_tokens: usage.completion_tokens,
    output_tokens_details: { reasoning_tokens: usage.completion_tokens_details?.reasoning_tokens ?? 0 },
    total_tokens: usage.total_tokens,
  };
}
