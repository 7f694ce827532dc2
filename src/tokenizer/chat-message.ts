/** One message of a conversation, as chat templates know it; OpenAI's richer shape is in `src/api/`. */

/** Who says a message: OpenAI's `developer` has become `system`. */
export type ChatRole = 'system' | 'user' | 'assistant' | 'tool';

/** One message, its text parts joined. Fields are called as templates call them. */
export interface ChatMessage {
  role: ChatRole;
  content: string;
  /** What an answer thought. */
  reasoning_content?: string;
  /** What an answer called; arguments are plain JSON, or JSON text for templates that want that. */
  tool_calls?: { id?: string; type: 'function'; function: { name: string; arguments: unknown } }[];
  /** Of a tool's result: the call, and the tool. */
  tool_call_id?: string;
  name?: string;
}
