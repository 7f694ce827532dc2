/** Tools and their calls in OpenAI's shape. */
import type { FinishReason } from '../loop/generation';

/** A tool that the model may call, in OpenAI's shape; other types of tool than `function` are `unsupported`. */
export interface ChatCompletionTool {
  type: string;
  function?: {
    /** Up to 64 letters, digits, and any of `_-.`; no two tools have the same. */
    name: string;
    description?: string | null;
    /** JSON Schema of the arguments; absent: none. */
    parameters?: object | null;
    strict?: boolean | null;
  };
}

/** A call of a tool. */
export interface ChatCompletionToolCall {
  id: string;
  type: 'function';
  function: {
    name: string;
    /** JSON as the model wrote it: parse it with care. */
    arguments: string;
  };
}

/** A piece of a call: `id`, `type` and the name come once, with the first piece; arguments are to be joined. */
export interface ChatCompletionToolCallDelta {
  index: number;
  id?: string;
  type?: 'function';
  function: { name?: string; arguments?: string };
}

/** Why an answer ended: also `tool_calls`, where it ended by itself and called tools. */
export type ChatFinishReason = FinishReason | 'tool_calls';
