/** What a request may ask of an engine, checked before work starts: pure. */
import { pagesFor, pageTokens } from '../cache/page';
import { pageBytes } from '../kernels/attention/kv-format';
import { EngineError } from '../util/errors';
import { exactAdvice } from './exact-advice';
import type { GenerationRequest } from './generation';
import type { MemoryPlan, PlanInput } from '../runner/memory-plan';

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
 * @param input what `plan` was made from, for advice
 * @throws RangeError for an empty prompt; EngineError `context-too-long` where no room for an answer is left, `gpu-memory`
 * where an exact one needs more pages on the GPU than there are
 */
export function maxSampled(
  { maxTokens, isExact }: Pick<GenerationRequest, 'maxTokens' | 'isExact'>,
  numPrompt: number,
  plan: MemoryPlan,
  input: PlanInput,
): number {
  const { contextTokens } = plan;
  if (numPrompt === 0) throw new RangeError('The prompt is empty: it has no tokens to go on from.');
  const room = contextTokens - numPrompt;
  if (isExact) checkExact(Math.min(numPrompt + (maxTokens ?? room), contextTokens), plan, input);
  if (room < 1) throw promptTooLong(numPrompt, contextTokens);
  return Math.min(maxTokens ?? room, room);
}

/** An exact answer needs every page of every head on the GPU. */
function checkExact(numTokens: number, { cache, contextTokens }: MemoryPlan, input: PlanInput): void {
  const numPages = pagesFor(numTokens);
  const hasStable = cache.unstable.size < cache.numLayers * cache.numKvHeads;
  if (!hasStable || numPages <= cache.pagesPerHead) return;
  const needed = numPages * cache.numLayers * cache.numKvHeads * pageBytes(cache.format, cache.headDim);
  throw new EngineError(
    'gpu-memory',
    `An exact answer in a context of ${numTokens} tokens needs ${needed} bytes of pages on the GPU; this engine keeps ` +
      `${cache.pagesPerHead} pages a head, and is exact up to ${cache.pagesPerHead * pageTokens} tokens. ` +
      exactAdvice(input, contextTokens, numTokens),
  );
}
