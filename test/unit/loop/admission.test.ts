/** What a request may ask of an engine: known ids, room for its answer, and pages enough to be exact. */
import { expect, test } from 'vitest';
import { checkIds, inexactTokens, maxSampled } from '../../../src/loop/admission';
import { inexactError } from '../../../src/loop/exact-advice';
import { planMemory } from '../../../src/runner/memory-plan';
import { parseModelConfig } from '../../support/parse-config';
import { modelConfigJson, tinyLlamaModel } from '../../../tools/tiny-models/models';

const config = parseModelConfig(modelConfigJson(tinyLlamaModel()));
const kv = { contextTokens: 256, pagesPerHead: 4, unstableShare: 0.25 };
const input = { config, weightBytes: 0, maxBindingBytes: 2 ** 27, kv };
const plan = planMemory(input);
const sampled = (numPrompt: number, asked: { maxTokens?: number } = {}) => maxSampled(asked, numPrompt, plan);
const inexact = (numPrompt: number, maxTokens?: number) =>
  inexactTokens({ isExact: true, ...(maxTokens !== undefined && { maxTokens }) }, numPrompt, plan);

test('every id must have a row in the model', () => {
  expect(() => checkIds([0, 303], 304)).not.toThrow();
  for (const id of [304, -1, 1.5, NaN]) expect(() => checkIds([0, id], 304)).toThrow(`Token id ${id} `);
});

test('an answer takes what it may and what the context has room for', () => {
  expect(plan.contextTokens).toBe(256);
  expect([sampled(56), sampled(56, { maxTokens: 7 }), sampled(56, { maxTokens: 1000 })]).toEqual([
    200, 7, 200,
  ]);
  expect(sampled(255)).toBe(1);
  expect(() => sampled(256)).toThrow('The prompt has 256 tokens; this engine holds 256, answer included.');
  expect(() => sampled(0)).toThrow(RangeError);
});

test('an exact answer needs every page it may reach on the GPU', () => {
  expect(inexact(60, 4)).toBeUndefined();
  expect(inexact(60, 5)).toBe(65);
  expect(inexact(60)).toBe(256);
  expect(inexact(300, 5)).toBe(256);
  expect(inexact(0)).toBeUndefined();
  expect(inexactTokens({ isExact: false }, 60, plan)).toBeUndefined();
  expect(inexactError(input, plan, 65)).toMatchObject({
    code: 'gpu-memory',
    message: expect.stringMatching(
      /^An exact answer in a context of 65 tokens needs .* exact up to 64 tokens\. /,
    ),
  });
});
