/** Engines over test models on the real adapter, and whole answers of theirs. */
import { EngineCore } from '../../src/engine/engine';
import type { EngineOptions } from '../../src/engine/engine-options';
import type { GenerationRequest } from '../../src/loop/generation';
import type { GenerationEvent } from '../../src/loop/generation-event';
import { leastGpuBytes as leastPlannedBytes, type KvOptions } from '../../src/runner/memory-plan';
import { parseModelConfig } from './parse-config';
import { folderSource } from '../../tools/tiny-models/folder-source';
import { modelConfigJson, type ModelFolder } from '../../tools/tiny-models/models';
import { randomSource } from '../../tools/util/random';
import { sharedGpu } from './shared-gpu';

export { requestOf } from '../../tools/node/requests';

/** Loads a test model, on the shared device unless `gpu` says otherwise. Warnings are errors here, unless the test listens. */
export function loadEngine(model: ModelFolder, options: Partial<EngineOptions> = {}): Promise<EngineCore> {
  const onWarning = (message: string) => {
    throw new Error(message);
  };
  return EngineCore.load(folderSource(model), {
    gpu: sharedGpu,
    onWarning,
    ...options,
  });
}

/** What a request came to. */
export interface Answer {
  readonly text: string;
  readonly tokenIds: number[];
  readonly logprobs: NonNullable<Extract<GenerationEvent, { kind: 'delta' }>['logprobs']>;
  readonly end: Extract<GenerationEvent, { kind: 'end' }>;
}

/** Runs a request to its end; `onToken` is called as often as text comes. */
export async function answer(
  engine: EngineCore,
  request: GenerationRequest,
  signal?: AbortSignal,
  onToken?: () => void,
): Promise<Answer> {
  let text = '';
  const tokenIds: number[] = [];
  const logprobs: Answer['logprobs'] = [];
  for await (const event of engine.generate(request, signal)) {
    if (event.kind === 'delta') {
      text += event.text;
      tokenIds.push(...event.tokenIds);
      logprobs.push(...(event.logprobs ?? []));
      onToken?.();
    } else if (event.kind === 'end') return { text, tokenIds, logprobs, end: event };
  }
  throw new Error('the answer had no end');
}

/** `length` token ids without special tokens of the test tokenizer; another `seed`, another beginning. */
export function promptOf(length: number, seed = 1, vocabSize = 304): number[] {
  const next = randomSource(7919 * seed + length);
  return Array.from({ length }, () => 4 + Math.floor(next() * (vocabSize - 4)));
}

/** The least `gpuBytes` for a context: one sequence's pages and the smallest tiles. */
export function leastGpuBytes(model: ModelFolder, kv: KvOptions & { contextTokens: number }): number {
  const config = parseModelConfig(modelConfigJson(model));
  return leastPlannedBytes({ config, weightBytes: 0, maxBindingBytes: 2 ** 27, kv }, kv.contextTokens);
}
