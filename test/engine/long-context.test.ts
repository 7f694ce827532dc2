/** A question over 16,384 filled tokens; the same over 131,072 is in long-context.full.test.ts. */
import { expect, test } from 'vitest';
import { runLong, type LongOptions } from '../../tools/bench/kv/long';
import { gpu } from '../support/gpu-setup';

const options: LongOptions = {
  shape: 'small',
  fill: { kind: 'drift', overlap: 0.7 },
  length: 16_384,
  numQuestionTokens: 40,
  numAnswerTokens: 64,
  kv: {},
  useDefaultLimits: true,
};

test('16,384 tokens take under 42 % of dense, never more than planned; exact in the prefill, reranking in the answer', async () => {
  const result = await runLong(gpu, options);
  expect(result.numCachedTokens).toBe(16_384);
  expect(result.shareOfDense).toBeLessThan(0.42);
  expect(result.peakTotal).toBeLessThanOrEqual(result.plannedTotal);
  expect(result.logprobs.length).toBe(64);
  expect(result.reranks).toBeGreaterThanOrEqual(3);
  expect(result.promotions).toBeGreaterThan(0);
  // The question attends every page, wherever that is: its token is that of an engine which has all of them on the GPU.
  const dense = await runLong(gpu, { ...options, numAnswerTokens: 1, kv: { unstableShare: 1 } });
  expect(dense.shareOfDense).toBeGreaterThan(1);
  expect(result.logprobs[0]).toEqual(dense.logprobs[0]);
});
