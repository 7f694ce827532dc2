/** One message of a conversation, as chat templates know it; OpenAI's richer shape is in `src/api/`. */

/** Who says a message: OpenAI's `developer` has become `system`. */
export type ChatRole = 'system' | 'user' | 'assistant';

/** One message, its text parts joined. */
export interface ChatMessage {
  role: ChatRole;
  content: string;
}
