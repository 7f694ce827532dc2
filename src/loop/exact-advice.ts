/** What would let an exact answer be had where the engine as it is loaded cannot give it. Pure. */
import { pageTokens } from '../cache/page';
import { EngineError } from '../util/errors';
import { roundUp } from '../util/math';
import { leastGpuBytes, planMemory, type MemoryPlan, type PlanInput } from '../runner/memory-plan';
import { planSteps } from '../runner/plan-steps';

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
