/** What of a streamed answer its reader has, so that another model's can go on from there: pure. */
import type { ChatCompletionChunk } from '../../api/chat-completions';
import type { Completion } from '../../api/completions';

/** A chunk of either kind of answer, as the engine or a server sends it. */
export type AnswerChunk = ChatCompletionChunk | Completion;

/** Follows an answer chunk by chunk, and makes what goes on one with it. */
export class ToldSoFar {
  /** The text so far. */
  text = '';
  /** Its tokens; pieces, where chunks do not say. */
  numTokens = 0;
  /** Whether the answer can be continued from its text alone: it has no thoughts, calls, log-probabilities, is the only one, and has not ended. */
  isPlainText = true;
  #first: AnswerChunk | undefined;

  /** Whether a token has been told. */
  get hasBegun(): boolean {
    return this.numTokens > 0;
  }

  /** Takes note of a chunk of the engine's. */
  take(chunk: AnswerChunk): void {
    this.#first ??= chunk;
    const [choice] = chunk.choices;
    if (!choice) return;
    const { content, role, ...others } =
      'delta' in choice ? choice.delta : { content: choice.text, role: undefined };
    this.text += content ?? '';
    const isMore = Object.keys(others).length > 0;
    if (isMore || choice.logprobs || choice.index > 0 || choice.finish_reason !== null)
      this.isPlainText = false;
    if (isMore || (content ?? '') !== '') this.numTokens += choice.token_ids?.length ?? 1;
  }

  /** A server's chunk as one of the same answer: its id and model, no second role, and its usage with the tokens that were told. */
  joined(chunk: AnswerChunk): AnswerChunk {
    if (!this.#first) return chunk;
    const { id, created, model } = this.#first;
    const joined = { ...structuredClone(chunk), id, created, model };
    const [choice] = joined.choices;
    if (choice && 'delta' in choice) delete choice.delta.role;
    if (joined.usage) {
      joined.usage.completion_tokens += this.numTokens;
      joined.usage.total_tokens = joined.usage.prompt_tokens + joined.usage.completion_tokens;
    }
    return joined;
  }
}

/** The chunk without the token ids that only the router wanted. */
export function withoutTokenIds(chunk: AnswerChunk): AnswerChunk {
  const choices = chunk.choices.map((choice) => {
    const { token_ids: _ids, ...rest } = choice;
    return rest;
  });
  return { ...chunk, choices } as AnswerChunk;
}
