/** Engines over test models on the real adapter, and requests in short form. */
import { EngineCore, type EngineOptions } from '../../src/engine/engine';
import type { GenerationRequest, Prompt, SamplingSettings } from '../../src/engine/generation';
import type { GenerationEvent } from '../../src/engine/generation-event';
import { gpu } from './gpu-setup';
import { folderSource } from './folder-source';
import type { ModelFolder } from './models';

/** Loads a test model. Warnings are errors here, unless the test listens to them. */
export function loadEngine(
  model: ModelFolder,
  options: Omit<EngineOptions, 'gpu'> = {},
): Promise<EngineCore> {
  const onWarning = (message: string) => {
    throw new Error(message);
  };
  return EngineCore.load(folderSource(model), { gpu, onWarning, ...options });
}

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

/** What a request came to. */
export interface Answer {
  readonly text: string;
  readonly tokenIds: number[];
  readonly logprobs: NonNullable<Extract<GenerationEvent, { kind: 'delta' }>['logprobs']>;
  readonly end: Extract<GenerationEvent, { kind: 'end' }>;
}

/** Runs a request to its end. */
export async function answer(
  engine: EngineCore,
  request: GenerationRequest,
  signal?: AbortSignal,
): Promise<Answer> {
  let text = '';
  const tokenIds: number[] = [];
  const logprobs: Answer['logprobs'] = [];
  for await (const event of engine.generate(request, signal)) {
    if (event.kind === 'delta') {
      text += event.text;
      tokenIds.push(...event.tokenIds);
      logprobs.push(...(event.logprobs ?? []));
    } else if (event.kind === 'end') return { text, tokenIds, logprobs, end: event };
  }
  throw new Error('the answer had no end');
}
