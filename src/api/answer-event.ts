/** The events of a request as answers are built of them: those of a chat may have more than text. */
import type { GenerationDelta, GenerationEnd } from '../loop/generation';
import type { GenerationEvent } from '../loop/generation-event';
import type { ChatCompletionToolCall, ChatCompletionToolCallDelta, ChatFinishReason } from './tool-calls';

/** What a delta of a chat has beside text. */
export interface AddedToDelta {
  reasoning_content?: string;
  tool_calls?: ChatCompletionToolCallDelta[];
}

/** How a chat's answer ended, where it may have more than text. */
interface AnswerEnd extends Omit<GenerationEnd, 'finishReason'> {
  finishReason: ChatFinishReason;
  numReasoningTokens?: number;
  /** What the whole message has beside text. */
  added?: { reasoning_content?: string; tool_calls?: ChatCompletionToolCall[] };
}

/** The events of a request, those of a chat maybe with thoughts and calls told apart from the text. */
export type AnswerEvent =
  | Extract<GenerationEvent, { kind: 'start' }>
  | ({ readonly kind: 'delta'; readonly added?: AddedToDelta } & GenerationDelta)
  | ({ readonly kind: 'end' } & AnswerEnd);
