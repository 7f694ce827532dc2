/** OpenAI's chat completions, field by field: the request's and the answers' types. Checking is in validate-chat-request.ts. */
import type { FinishReason } from '../loop/generation';
import type { GenerationOptions } from './generation-options';
import type { AnswerSources } from './response';
import type { CompletionUsage } from './usage';

/** A part of a message; only text is known. */
export interface TextContentPart {
  type: 'text';
  text: string;
}

/** One message of a conversation. `developer` is another word for `system`. */
export interface ChatCompletionMessageParam {
  role: 'system' | 'developer' | 'user' | 'assistant';
  /** A text, or parts that are joined without anything between them. */
  content: string | TextContentPart[];
}

/** What `engine.chat.completions.create` takes: OpenAI's fields, then ours. A field that is not listed is refused by name. */
export interface ChatCompletionRequest extends GenerationOptions {
  messages: ChatCompletionMessageParam[];
  /** The most tokens to generate, at least 1 (default: until the context is full). */
  max_completion_tokens?: number | null;
  /** Report each token's log-probability (default false). */
  logprobs?: boolean | null;
  /** How many of the likeliest tokens to report at each place, 0 to 20; needs `logprobs: true`. */
  top_logprobs?: number | null;
  /** Ours: the document that the conversation is about, by its name in `engine.documents`, or its text. */
  document?: string | { id: string } | { text: string } | null;
}

/** One of the likeliest tokens at a place. */
export interface TopLogprob {
  token: string;
  /** Natural logarithm of the probability. */
  logprob: number;
  /** UTF-8 of the token, which may be a part of a character that `token` cannot show. */
  bytes: number[];
  /** Ours: the token's id; present with `return_token_ids`. */
  token_id?: number;
}

/** The token that was chosen at a place, and the likeliest ones there, best first. */
export interface ChatCompletionTokenLogprob extends TopLogprob {
  top_logprobs: TopLogprob[];
}

/** Log-probabilities of a choice. */
export interface ChatCompletionLogprobs {
  content: ChatCompletionTokenLogprob[];
  refusal: null;
}

/** The one answer to a request. */
export interface ChatCompletionChoice {
  index: 0;
  message: { role: 'assistant'; content: string; refusal: null };
  logprobs: ChatCompletionLogprobs | null;
  finish_reason: FinishReason;
  /** Ours: the generated ids; present with `return_token_ids`. */
  token_ids?: number[];
  /** Ours: where the answer came from; present with `sources`. */
  sources?: AnswerSources;
}

/** What `create` resolves to without `stream`. */
export interface ChatCompletion {
  id: string;
  object: 'chat.completion';
  /** Seconds since 1970. */
  created: number;
  model: string;
  choices: [ChatCompletionChoice];
  usage: CompletionUsage;
}

/** A piece of the answer. */
export interface ChatCompletionChunkChoice {
  index: 0;
  delta: { role?: 'assistant'; content?: string };
  logprobs: ChatCompletionLogprobs | null;
  finish_reason: FinishReason | null;
  /** Ours: the ids generated since the chunk before; present with `return_token_ids`. */
  token_ids?: number[];
  /** Ours: where the answer came from; with `sources`, in the chunk with the finish reason. */
  sources?: AnswerSources;
}

/** What a stream yields: a chunk with the role, pieces of content, one with the finish reason, and one with usage if asked for. */
export interface ChatCompletionChunk {
  id: string;
  object: 'chat.completion.chunk';
  /** Seconds since 1970. */
  created: number;
  model: string;
  /** Empty in the chunk that carries the usage. */
  choices: ChatCompletionChunkChoice[];
  /** With `stream_options.include_usage`: null in all chunks but the last. */
  usage?: CompletionUsage | null;
}
