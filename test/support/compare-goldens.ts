/** The engine against what engines that we did not write gave. */
import { expect } from 'vitest';
import type { EngineCore } from '../../src/engine/engine';
import type { EngineOptions } from '../../src/engine/engine-options';
import { answer, loadEngine, requestOf } from './engine';
import { greedyMargin } from './logprobs';
import type { Golden, ModelFolder } from '../../tools/tiny-models/models';

/** Nothing is rounded. */
export const exactStorage: Omit<EngineOptions, 'gpu'> = { weights: 'f32', kv: { format: 'f32' } };

/**
 * Greedy tokens and log-probabilities of all steps. Where the referee's margin is within twice the tolerance the engine
 * may choose otherwise, and the comparison ends there.
 */
async function compare(engine: EngineCore, golden: Golden, tolerance: number): Promise<number> {
  const { tokens, top, prompt } = golden;
  const { tokenIds, logprobs } = await answer(
    engine,
    requestOf(prompt, { maxTokens: tokens.length, logprobs: 20, ignoreEos: true }),
  );
  expect(tokenIds.length).toBe(tokens.length);
  let worst = 0;
  for (const [step, expected] of top.entries()) {
    const what = `prompt of ${prompt.length}, step ${step}`;
    const reported = new Map(logprobs[step]!.top.map(({ id, logprob }) => [id, logprob]));
    for (const [rank, id] of expected.ids.entries()) {
      const logprob = reported.get(id);
      // The last of twenty may change places with the twenty-first.
      if (
        logprob === undefined &&
        expected.logprobs[rank]! <= logprobs[step]!.top.at(-1)!.logprob + tolerance
      )
        continue;
      const difference = Math.abs((logprob ?? -Infinity) - expected.logprobs[rank]!);
      expect(difference, `${what}: log-probability of token ${id}`).toBeLessThan(tolerance);
      worst = Math.max(worst, difference);
    }
    if (tokenIds[step] === tokens[step]) continue;
    expect(greedyMargin(expected), `${what}: token ${tokenIds[step]}`).toBeLessThanOrEqual(2 * tolerance);
    break;
  }
  return worst;
}

/** All goldens of a model; fails where a log-probability is further off than `tolerance`, or a token is another without need. */
export async function compareAll(
  model: ModelFolder,
  goldens: readonly Golden[],
  tolerance: number,
  options?: Omit<EngineOptions, 'gpu'>,
): Promise<void> {
  await compareEngine(await loadEngine(model, options), goldens, tolerance);
}

/** The same for an engine that is loaded, and disposes of it. */
export async function compareEngine(
  engine: EngineCore,
  goldens: readonly Golden[],
  tolerance: number,
): Promise<void> {
  try {
    // Side by side: what each gives alone is what it gives so.
    await Promise.all(goldens.map((golden) => compare(engine, golden, tolerance)));
  } finally {
    await engine.dispose();
  }
}
