/** OpenAI's legacy completions, field by field: raw text or token ids in, text out. Checking is in validate-completion-request.ts. */
import type { FinishReason } from '../loop/generation';
import type { ChatCompletionTokenLogprob } from './chat-completions';
import type { GenerationOptions } from './generation-options';
import type { AnswerSources } from './answer-sources';
import type { CompletionUsage } from './usage';

/** What `engine.completions.create` takes: OpenAI's fields, then ours. A field that is not listed is refused by name. */
export interface CompletionRequest extends GenerationOptions {
  /** Text, to which the model's own BOS is added, or token ids, to which nothing is; or a list with one of them. */
  prompt: string | number[] | string[] | number[][] | null;
  /** How many of the likeliest tokens to report at each place, 0 to 20; 0 reports the chosen one alone (default: none). */
  logprobs?: number | null;
  /** Taken where they change nothing: 1, false, ''; else `unsupported`. */
  best_of?: number | null;
  echo?: boolean | null;
  suffix?: string | null;
}

/** Log-probabilities of a choice: parallel lists, one entry for each token. */
export interface CompletionLogprobs {
  tokens: string[];
  /** Natural logarithms of the probabilities. */
  token_logprobs: number[];
  /** The likeliest tokens by text; of several with the same text, the likeliest. */
  top_logprobs: Record<string, number>[];
  /** Where each token's text begins in the joined texts of all tokens, in UTF-16 units. */
  text_offset: number[];
  /** Ours: the same with ids and bytes, in the chat form; present with `return_token_ids`. */
  content?: ChatCompletionTokenLogprob[];
}

/** An answer to a request. */
export interface CompletionChoice {
  /** Which of the `n` answers it is, or a piece of. */
  index: number;
  text: string;
  logprobs: CompletionLogprobs | null;
  /** Null in the chunks of a stream before its last. */
  finish_reason: FinishReason | null;
  /** Ours: the generated ids (of this chunk); present with `return_token_ids`. */
  token_ids?: number[];
  /** Ours: where the answer came from; with `sources`, in a stream with the finish reason. */
  sources?: AnswerSources;
}

/** What `create` resolves to, and what a stream yields. */
export interface Completion {
  id: string;
  object: 'text_completion';
  /** Seconds since 1970. */
  created: number;
  model: string;
  /** As many as `n` says, one in a chunk; none in the chunk that carries the usage. */
  choices: CompletionChoice[];
  /** In a stream only with `stream_options.include_usage`: null in all chunks but the last. */
  usage?: CompletionUsage | null;
}
