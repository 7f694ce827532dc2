/** What would let an exact answer be had where the engine as it is loaded cannot give it. Pure. */
import { pagesFor, pageTokens } from '../cache/page';
import { pageBytes } from '../kernels/attention/kv-format';
import { EngineError } from '../util/errors';
import { roundUp } from '../util/math';
import { leastGpuBytes, planMemory, type MemoryPlan, type PlanInput } from '../runner/memory-plan';
import { planSteps } from '../runner/plan-steps';

/** The error of a request for an exact answer in a context of `numTokens` tokens, of which a plan from `input` keeps too few pages. */
export function inexactError(
  input: PlanInput,
  { cache, contextTokens }: MemoryPlan,
  numTokens: number,
): EngineError {
  const { numLayers, numKvHeads, pagesPerHead, format, headDim } = cache;
  const needed = pagesFor(numTokens) * numLayers * numKvHeads * pageBytes(format, headDim);
  return new EngineError(
    'gpu-memory',
    `An exact answer in a context of ${numTokens} tokens needs ${needed} bytes of pages on the GPU; this engine keeps ` +
      `${pagesPerHead} pages a head, and is exact up to ${pagesPerHead * pageTokens} tokens. ` +
      exactAdvice(input, contextTokens, numTokens),
  );
}

/**
 * The nearest setting with which all pages of `numTokens` tokens stay on the GPU, in whole sentences.
 * @param input what the engine was planned from
 * @param contextTokens the context that it holds
 * @param numTokens at most `contextTokens`
 */
export function exactAdvice(input: PlanInput, contextTokens: number, numTokens: number): string {
  const { contextTokens: _, ...kv } = input.kv;
  const exact: PlanInput = { ...input, kv: { ...kv, unstableShare: 1 } };
  const planFor = (tokens?: number): MemoryPlan | undefined => {
    try {
      return planMemory(
        tokens === undefined ? exact : { ...exact, kv: { ...exact.kv, contextTokens: tokens } },
      );
    } catch (error) {
      if (error instanceof EngineError) return undefined;
      throw error;
    }
  };
  if (planFor(contextTokens)) return 'Load it with kv.unstableShare 1.';
  const wanted = roundUp(numTokens, pageTokens);
  if (planFor(wanted)) return `Load it with kv.unstableShare 1 and kv.contextTokens ${wanted}.`;
  const longest = planFor()?.contextTokens;
  const shorter =
    longest === undefined
      ? 'With kv.unstableShare 1 no context fits this kv.gpuBytes.'
      : `With kv.unstableShare 1 a context of ${longest} tokens fits this kv.gpuBytes.`;
  const least = { ...exact, kv: planSteps(exact.kv).at(-1)! };
  const needed = `kv.contextTokens ${wanted} and kv.gpuBytes ${leastGpuBytes(least, wanted)}`;
  return `${shorter} Load it with kv.unstableShare 1, ${needed}.`;
}
