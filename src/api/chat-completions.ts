/** OpenAI's chat completions, field by field: the request's and the answers' types. Checking is in validate-chat-request.ts. */
import type { GenerationOptions } from './generation-options';
import type { AnswerSources } from './answer-sources';
import type {
  ChatCompletionTool,
  ChatCompletionToolCall,
  ChatCompletionToolCallDelta,
  ChatFinishReason,
} from './tool-calls';
import type { CompletionUsage } from './usage';

/** A part of a message. OpenAI's other kinds of part have the same form, so that a typed history is accepted; only text is known. */
export interface ContentPart {
  /** `text`, or `refusal` in an answer; others are `unsupported`. */
  type: string;
  text?: string;
  refusal?: string;
}

/** A part of a message that has text. */
export interface TextContentPart extends ContentPart {
  type: 'text';
  text: string;
}

/**
 * One message of a conversation; every message that OpenAI's types allow is one, and so is the message of an answer. `developer` is
 * another word for `system`.
 */
export interface ChatCompletionMessageParam {
  role: 'system' | 'developer' | 'user' | 'assistant' | 'tool' | 'function';
  /** A text, or parts that are joined without anything between them; null or absent only in an assistant's message. */
  content?: string | ContentPart[] | null;
  /** Of a `tool` message: the tool, where the call in the history does not say it. Else taken, and not shown to the model. */
  name?: string | null;
  /** Stands for the content of an assistant's message that has none. */
  refusal?: string | null;
  /** Taken, and not shown to the model. */
  annotations?: unknown[] | null;
  parsed?: unknown;
  /** Of an answer: shown to models whose chat template has a place for it. */
  reasoning_content?: string | null;
  /** Of an answer that called tools: the calls. */
  tool_calls?: unknown[] | null;
  /** Of a `tool` message: the call whose result it is. */
  tool_call_id?: string | null;
  function_call?: unknown;
  audio?: unknown;
}

/** A format of answers. A keyword of a schema that cannot be enforced is `unsupported`. */
export interface ChatResponseFormat {
  type: string;
  /** With `json_schema`: the schema is enforced whatever `strict` says. */
  json_schema?: {
    name: string;
    description?: string | null;
    schema?: object | null;
    strict?: boolean | null;
  };
  /** Ours, with `regex`: what the whole answer matches. */
  pattern?: string;
  /** Ours, with `choice`: what the answer is one of. */
  choices?: string[];
}

/** What `engine.chat.completions.create` takes: OpenAI's fields, then ours. A field that is not listed is refused by name. */
export interface ChatCompletionRequest extends GenerationOptions, NeutralFields {
  messages: ChatCompletionMessageParam[];
  /** The most tokens to generate, at least 1 (default: until the context is full). */
  max_completion_tokens?: number | null;
  /** Report each token's log-probability (default false). */
  logprobs?: boolean | null;
  /** How many of the likeliest tokens to report at each place, 0 to 20; needs `logprobs: true`. */
  top_logprobs?: number | null;
  /**
   * Up to 128 functions that the model may call; only for models whose chat template knows tools and writes calls in a way that is
   * known (`unsupported` otherwise).
   */
  tools?: ChatCompletionTool[] | null;
  /**
   * `'auto'` (default); `'none'`: the model is told of no tools; `'required'`, or `{ type: 'function', function: { name } }`: the answer is a call,
   * and its arguments keep to the tool's parameters.
   */
  tool_choice?: unknown;
  /**
   * What the answer keeps to: `text` (default), `json_object`, `json_schema`, or, of our own, `regex` with a `pattern` and `choice` with
   * `choices`.
   */
  response_format?: ChatResponseFormat | null;
  /** Whether an answer may have several calls (default true); with false those beyond the first are left out. */
  parallel_tool_calls?: boolean | null;
  /** Ours: names that the model's chat template sees beside the messages, in plain JSON, such as `enable_thinking`. */
  chat_template_kwargs?: Record<string, unknown> | null;
  /** `'none'` tells the chat template `enable_thinking: false`; other values are `unsupported`. */
  reasoning_effort?: string | null;
  /** Ours: the document that the conversation is about, by its name in `engine.documents`, or its text. */
  document?: string | { id: string } | { text: string } | null;
  /**
   * Ours: documents of `engine.documents` that are asked together, by their names, in order. The kept pages of the first one serve; those
   * of others were read at other places, so they are read again behind it (`engine.documents.readTogether` does it beforehand).
   */
  documents?: readonly string[] | null;
}

/**
 * OpenAI's fields that clients send and this engine has no use for: values that change nothing are taken, any other is
 * `unsupported` (`EngineError.field` names it).
 */
export interface NeutralFields {
  /** Taken whatever they say. */
  metadata?: object | null;
  prediction?: object | null;
  prompt_cache_key?: string | null;
  prompt_cache_options?: object | null;
  prompt_cache_retention?: string | null;
  safety_identifier?: string | null;
  service_tier?: string | null;
  store?: boolean | null;
  verbosity?: string | null;
  /** `['text']`. */
  modalities?: string[] | null;
  /** Empty, and `'none'` or `'auto'`. */
  functions?: unknown[] | null;
  function_call?: unknown;
  /** Absent. */
  audio?: unknown;
  moderation?: unknown;
  web_search_options?: unknown;
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

/** What the model said. */
export interface ChatCompletionMessage {
  role: 'assistant';
  /** Null only where tools are called and nothing else is said. */
  content: string | null;
  refusal: null;
  /** What the model thought before it answered; present where it did. */
  reasoning_content?: string;
  /** Present where tools are called. */
  tool_calls?: ChatCompletionToolCall[];
}

/** An answer to a request. */
export interface ChatCompletionChoice {
  /** Which of the `n` answers it is. */
  index: number;
  message: ChatCompletionMessage;
  logprobs: ChatCompletionLogprobs | null;
  finish_reason: ChatFinishReason;
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
  choices: [ChatCompletionChoice, ...ChatCompletionChoice[]];
  usage: CompletionUsage;
}

/** A piece of an answer. */
export interface ChatCompletionChunkChoice {
  /** Which of the `n` answers it is a piece of. */
  index: number;
  delta: {
    role?: 'assistant';
    content?: string;
    reasoning_content?: string;
    tool_calls?: ChatCompletionToolCallDelta[];
  };
  logprobs: ChatCompletionLogprobs | null;
  finish_reason: ChatFinishReason | null;
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
