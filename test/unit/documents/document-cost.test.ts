/** What a document would cost: the fit of its time, the bytes of each tier, and what is advised when it does not fit. */
import { describe, expect, test } from 'vitest';
import { documentCost, fitPrefillTime, type CostInput } from '../../../src/documents/document-cost';
import { planMemory } from '../../../src/runner/memory-plan';
import { parseModelConfig } from '../../support/parse-config';
import { modelConfigJson, tinyLlamaModel } from '../../../tools/tiny-models/models';

const config = parseModelConfig(modelConfigJson(tinyLlamaModel()));
const planOf = (kv: { contextTokens?: number; hostBytes?: number }) =>
  planMemory({ config, weightBytes: 0, maxBindingBytes: 2 ** 27, kv: { contextTokens: 1024, ...kv } });

describe('time', () => {
  test('a·n + b·n² goes through both warm-ups', () => {
    const timeOf = (numTokens: number) => ({ numTokens, durationMs: 3 * numTokens + 0.002 * numTokens ** 2 });
    const { a, b } = fitPrefillTime(config, timeOf(512), timeOf(2048));
    expect(a).toBeCloseTo(3, 9);
    expect(b).toBeCloseTo(0.002, 9);
  });

  test('prefills in which attention is next to nothing do not say how it grows, however their times differ', () => {
    const short = { numTokens: 2, durationMs: 2 * 5 };
    const [calm, busy] = [6, 7].map((perToken) =>
      fitPrefillTime(config, short, { numTokens: 4, durationMs: 4 * perToken }),
    );
    expect(calm!.a / calm!.b).toBeCloseTo(busy!.a / busy!.b, 9);
    expect(busy!.a * 4 + busy!.b * 16).toBeCloseTo(28, 9);
  });

  test.each([
    ['the longer one was no slower by token', 100, 200],
    ['both are as long', 100, 100],
  ])('where %s, the arithmetic says how attention grows', (_, n1, n2) => {
    const { a, b } = fitPrefillTime(
      config,
      { numTokens: n1, durationMs: 6 * n1 },
      { numTokens: n2, durationMs: 5 * n2 },
    );
    expect(a).toBeGreaterThan(0);
    expect(b).toBeGreaterThan(0);
    expect(a * n2 + b * n2 ** 2).toBeCloseTo(5 * n2, 6);
  });
});

describe('bytes', () => {
  const plan = planOf({});
  const { numLayers, numKvHeads } = plan.cache;
  const lists = numLayers * numKvHeads;
  const input: CostInput = {
    numTokens: 330,
    textBytes: 1000,
    plan,
    summaryBytes: 64,
    hostPageBytes: 500,
    time: { a: 2, b: 0.01 },
    quota: undefined,
    planFor: (contextTokens) => planOf({ contextTokens }),
  };
  // 20 whole pages; the rest is prefilled with each question.
  const pages = lists * 20 * 500;
  const stored = pages + lists * 20 * 64 + 1000 + 4 * 330;

  test('all pages are on the host and the disk', () => {
    const { hostBytes, diskBytes, expectedMs, fits, advice } = documentCost(input);
    expect({ hostBytes, diskBytes }).toEqual({ hostBytes: pages, diskBytes: stored });
    expect(expectedMs).toBeCloseTo(2 * 330 + 0.01 * 330 ** 2, 9);
    expect({ fits, advice }).toEqual({ fits: true, advice: undefined });
  });

  test('what kv.hostBytes has no room for is on the disk a second time, and must fit there', () => {
    const small = { ...input, plan: planOf({ hostBytes: 3000 }) };
    const spilled = pages - 3000;
    const quota = (free: number) => ({ usedBytes: 10, quotaBytes: 10 + free, isPersisted: false });
    const enough = documentCost({ ...small, quota: quota(stored + spilled) });
    expect(enough).toMatchObject({ hostBytes: 3000, diskBytes: stored + spilled, fits: true });
    const tight = documentCost({ ...small, quota: quota(stored + spilled - 1) });
    expect(tight.fits).toBe(false);
    expect(tight.advice).toContain(`load the model with kv.hostBytes ${pages}`);
    const none = documentCost({ ...small, quota: quota(stored - 1) });
    expect(none.advice).toMatch(/: delete other documents first\.$/);
  });

  test('a document that is longer than the context is told which context would hold it', () => {
    const { fits, advice } = documentCost({ ...input, numTokens: 2000 });
    expect(fits).toBe(false);
    expect(advice).toMatch(/^Load the model with kv\.contextTokens 2512\. .* first 768 of its 2000 tokens/);
  });
});
