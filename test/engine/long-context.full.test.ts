/** As long-context.test.ts at the most pages that a sequence may have. */
import { expect, test } from 'vitest';
import { runLong } from '../../tools/bench/kv/long';
import { gpu } from '../support/gpu-setup';

test('131,072 tokens take under 42 % of dense, and never more than planned, at the portable limits', async () => {
  const result = await runLong(gpu, {
    shape: 'small',
    fill: { kind: 'drift', overlap: 0.7 },
    length: 131_072 - 128,
    numQuestionTokens: 64,
    numAnswerTokens: 64,
    kv: {},
    useDefaultLimits: true,
  });
  expect(result.numCachedTokens).toBe(131_072 - 128);
  expect(result.shareOfDense).toBeLessThan(0.42);
  expect(result.peakTotal).toBeLessThanOrEqual(result.plannedTotal);
  expect(result.logprobs.length).toBe(64);
  expect(result.reranks).toBeGreaterThanOrEqual(3);
  expect(result.promotions).toBeGreaterThan(0);
});

test('with 8-bit pages and a tenth of the heads unstable: under 20 % of dense', async () => {
  const result = await runLong(gpu, {
    shape: 'small',
    fill: { kind: 'drift', overlap: 0.7 },
    length: 131_072 - 128,
    numQuestionTokens: 64,
    numAnswerTokens: 64,
    kv: { format: 'int8', unstableShare: 0.1 },
    useDefaultLimits: true,
  });
  expect(result.numCachedTokens).toBe(131_072 - 128);
  expect(result.shareOfDense).toBeLessThan(0.2);
  expect(result.peakTotal).toBeLessThanOrEqual(result.plannedTotal);
  expect(result.logprobs.length).toBe(64);
  expect(result.reranks).toBeGreaterThanOrEqual(3);
});

test('256 pages of 8,192 a head: the most of both', async () => {
  const result = await runLong(gpu, {
    shape: 'small',
    fill: { kind: 'random' },
    length: 131_072 - 64,
    numQuestionTokens: 16,
    numAnswerTokens: 40,
    kv: { pagesPerHead: 256, rerankInterval: 8 },
    useDefaultLimits: true,
  });
  expect(result.shareOfDense).toBeLessThan(0.42);
  expect(result.peakTotal).toBeLessThanOrEqual(result.plannedTotal);
  expect(result.logprobs.length).toBe(40);
  expect(result.reranks).toBeGreaterThanOrEqual(3);
});
