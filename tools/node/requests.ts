/** Requests in short form. */
import type { GenerationRequest, Prompt, SamplingSettings } from '../../src/loop/generation';

const greedy: SamplingSettings = {
  temperature: 0,
  topP: 1,
  topK: 0,
  minP: 0,
  repetitionPenalty: 1,
  frequencyPenalty: 0,
  presencePenalty: 0,
  seed: 0,
  logitBias: [],
};

/** A request with greedy sampling and no stop, unless told otherwise. */
export function requestOf(
  prompt: Prompt | readonly number[],
  options: Partial<Omit<GenerationRequest, 'prompt' | 'sampling'>> & {
    sampling?: Partial<SamplingSettings>;
  } = {},
): GenerationRequest {
  const { sampling, ...rest } = options;
  return {
    prompt: 'kind' in prompt ? prompt : { kind: 'ids', ids: [...prompt] },
    stop: [],
    isExact: false,
    ignoreEos: false,
    ...rest,
    sampling: { ...greedy, ...sampling },
  };
}
