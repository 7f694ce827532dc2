/** Token counts of a request in OpenAI's shape. */
import type { GenerationCounts } from '../loop/generation';

/** Token counts of a finished request. */
export interface CompletionUsage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
  /** Of the prompt's tokens, those whose KV was there already. */
  prompt_tokens_details: { cached_tokens: number };
  /** Of the answer's tokens, those of the model's thoughts; present for models that think. */
  completion_tokens_details?: { reasoning_tokens: number };
}

/** The counts in OpenAI's shape. */
export function usageOf(counts: GenerationCounts & { numReasoningTokens?: number }): CompletionUsage {
  const { numReasoningTokens } = counts;
  return {
    prompt_tokens: counts.numPromptTokens,
    completion_tokens: counts.numCompletionTokens,
    total_tokens: counts.numPromptTokens + counts.numCompletionTokens,
    prompt_tokens_details: { cached_tokens: counts.numCachedTokens },
    ...(numReasoningTokens !== undefined && {
      completion_tokens_details: { reasoning_tokens: numReasoningTokens },
    }),
  };
}
