/**
 * The engine against engines that we did not write, on every architecture and on the real model. With storage in f16 here are
 * two that store in another way than others; goldens.full.test.ts has them all.
 */
import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { compareAll, exactStorage } from '../support/compare-goldens';
import {
  architectureModels,
  llamaCppGoldens,
  storiesFolder,
  storiesModel,
  tinyLlamaModel,
  transformersGoldens,
} from '../../tools/tiny-models/models';

/** Biases and heads of 8 channels; fused matrices. */
const storedInF16: readonly string[] = ['llama-bias', 'phi3'];

describe('transformers', () => {
  for (const model of architectureModels()) {
    test(`${model.name}, f32: ${model.title}`, () =>
      compareAll(model, transformersGoldens(model.name), 2e-3, exactStorage));
    if (!storedInF16.includes(model.name)) continue;
    test(`${model.name}, f16 storage`, () => compareAll(model, transformersGoldens(model.name), 0.15));
  }
});

describe('llama.cpp', () => {
  test('tiny-llama, f32', () =>
    compareAll(tinyLlamaModel(), llamaCppGoldens('tiny-llama'), 2e-2, exactStorage));

  const isPresent = existsSync(storiesFolder);
  test(`stories260K, f32, 200 steps${isPresent ? '' : ' (not run: its weights are not on this machine)'}`, async () => {
    const goldens = llamaCppGoldens('stories260K');
    expect(goldens[0]!.tokens.length).toBe(200);
    if (isPresent) await compareAll(storiesModel(), goldens, 2e-2, exactStorage);
  });
});
