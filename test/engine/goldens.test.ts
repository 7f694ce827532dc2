/** The engine against engines that we did not write, on every architecture and on the real model. */
import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { EngineCore } from '../../src/engine/engine';
import type { EngineOptions } from '../../src/engine/engine-options';
import { answer, loadEngine, requestOf } from '../support/engine';
import { greedyMargin } from '../support/logprobs';
import {
  architectureModels,
  llamaCppGoldens,
  readModelFolder,
  tinyLlamaModel,
  transformersGoldens,
  type Golden,
  type ModelFolder,
} from '../support/models';

const exactStorage: Omit<EngineOptions, 'gpu'> = { weights: 'f32', kv: { format: 'f32' } };

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

async function compareAll(
  model: ModelFolder,
  goldens: readonly Golden[],
  tolerance: number,
  options?: Omit<EngineOptions, 'gpu'>,
): Promise<void> {
  const engine = await loadEngine(model, options);
  try {
    for (const golden of goldens) await compare(engine, golden, tolerance);
  } finally {
    await engine.dispose();
  }
}

describe('transformers', () => {
  for (const model of architectureModels()) {
    test(`${model.name}, f32: ${model.title}`, () =>
      compareAll(model, transformersGoldens(model.name), 2e-3, exactStorage));
    test(`${model.name}, f16 storage`, () => compareAll(model, transformersGoldens(model.name), 0.15));
  }
});

describe('llama.cpp', () => {
  test('tiny-llama, f32', () =>
    compareAll(tinyLlamaModel(), llamaCppGoldens('tiny-llama'), 2e-2, exactStorage));

  const stories = new URL('../../../shared/models/stories260K/', import.meta.url);
  const isPresent = existsSync(stories);
  test(`stories260K, f32, 200 steps${isPresent ? '' : ' (not run: its weights are not on this machine)'}`, async () => {
    const goldens = llamaCppGoldens('stories260K');
    expect(goldens[0]!.tokens.length).toBe(200);
    if (isPresent) await compareAll(readModelFolder('stories260K', stories), goldens, 2e-2, exactStorage);
  });
});
