/** What an answer says about its cost: token counts in OpenAI's shape, and durations. */
import type { GenerationCounts } from '../engine/generation';
import type { GenerationTimings } from '../engine/generation-event';

/** Token counts of a finished request. */
export interface CompletionUsage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
  /** Of the prompt's tokens, those whose KV was there already. */
  prompt_tokens_details: { cached_tokens: number };
}

/** The counts in OpenAI's shape. */
export function usageOf(counts: GenerationCounts): CompletionUsage {
  return {
    prompt_tokens: counts.numPromptTokens,
    completion_tokens: counts.numCompletionTokens,
    total_tokens: counts.numPromptTokens + counts.numCompletionTokens,
    prompt_tokens_details: { cached_tokens: counts.numCachedTokens },
  };
}

/** Durations of a finished request, in milliseconds. */
export interface CompletionTimings {
  /** From the request's admission to its first token. */
  prefill_ms: number;
  /** From each token to the next. */
  step_ms: number[];
}

/** The durations in the answer's spelling. */
export function timingsOf(timings: GenerationTimings): CompletionTimings {
  return { prefill_ms: timings.prefillMs, step_ms: [...timings.stepMs] };
}
