/** What a request may ask of an engine, checked before work starts: pure. */
import { numStableHeads } from '../cache/cache-layout';
import { pagesFor } from '../cache/page';
import { EngineError } from '../util/errors';
import type { GenerationRequest } from './generation';
import type { MemoryPlan } from '../runner/memory-plan';

/**
 * Whatever they come from: a tokenizer may know tokens that the model has no row for.
 * @throws RangeError for the first id that is none of `[0, vocabSize)`
 */
export function checkIds(ids: readonly number[], vocabSize: number): void {
  const wrong = ids.find((id) => !Number.isInteger(id) || id < 0 || id >= vocabSize);
  if (wrong !== undefined) {
    throw new RangeError(`Token id ${wrong} is not in this model's vocabulary of ${vocabSize}.`);
  }
}

/** The error for a prompt of `count` tokens, a number or words about it. */
export function promptTooLong(count: number | string, contextTokens: number): EngineError {
  return new EngineError(
    'context-too-long',
    `The prompt has ${count} tokens; this engine holds ${contextTokens}, answer included.`,
  );
}

/**
 * Tokens that a request may sample after a prompt of `numPrompt` tokens, at least one.
 * @throws RangeError for an empty prompt; EngineError `context-too-long` where no room for an answer is left
 */
export function maxSampled(
  { maxTokens }: Pick<GenerationRequest, 'maxTokens'>,
  numPrompt: number,
  { contextTokens }: MemoryPlan,
): number {
  if (numPrompt === 0) throw new RangeError('The prompt is empty: it has no tokens to go on from.');
  const room = contextTokens - numPrompt;
  if (room < 1) throw promptTooLong(numPrompt, contextTokens);
  return Math.min(maxTokens ?? room, room);
}

/**
 * Tokens of prompt and answer of a request that asks for an exact answer, where this engine cannot give one: that needs every page of
 * every head on the GPU. Undefined where it can, or nothing exact is asked for.
 */
export function inexactTokens(
  { maxTokens, isExact }: Pick<GenerationRequest, 'maxTokens' | 'isExact'>,
  numPrompt: number,
  { cache, contextTokens }: MemoryPlan,
): number | undefined {
  if (!isExact || numPrompt === 0) return undefined;
  const numTokens = Math.min(maxTokens === undefined ? contextTokens : numPrompt + maxTokens, contextTokens);
  return numStableHeads(cache) > 0 && pagesFor(numTokens) > cache.pagesPerHead ? numTokens : undefined;
}
