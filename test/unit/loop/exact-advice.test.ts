/** What the advice names fits, and less does not. */
import { describe, expect, test } from 'vitest';
import { exactAdvice } from '../../../src/loop/exact-advice';
import { planMemory, type KvOptions } from '../../../src/runner/memory-plan';
import { parseModelConfig } from '../../support/parse-config';
import { modelConfigJson, tinyLlamaModel } from '../../../tools/tiny-models/models';

const config = parseModelConfig({
  ...(modelConfigJson(tinyLlamaModel()) as object),
  num_hidden_layers: 8,
  max_position_embeddings: 32_768,
});
const weightBytes = 1_000_000;

/** The advice of an engine with these options, and whether options fit. */
function subject(kv: KvOptions) {
  const input = { config, weightBytes, maxBindingBytes: 128 * 2 ** 20, kv };
  const { contextTokens } = planMemory(input);
  return {
    advice: (numTokens: number) => exactAdvice(input, contextTokens, numTokens),
    fits: (changes: KvOptions) => {
      try {
        planMemory({ ...input, kv: { ...kv, ...changes } });
        return true;
      } catch {
        return false;
      }
    },
  };
}

describe('an exact answer that the engine cannot give', () => {
  test('needs no more than the share where the whole context fits so', () => {
    const { advice } = subject({ contextTokens: 8192 });
    expect(advice(3000)).toBe('Load it with kv.unstableShare 1.');
  });

  test('may need a shorter context', () => {
    const { advice, fits } = subject({ contextTokens: 32_768, gpuBytes: 24 * 2 ** 20 });
    expect(fits({ unstableShare: 1 })).toBe(false);
    expect(advice(3000)).toBe('Load it with kv.unstableShare 1 and kv.contextTokens 3008.');
    expect(fits({ unstableShare: 1, contextTokens: 3008 })).toBe(true);
  });

  test('may need more bytes: exactly those that are named; and a context that fits without them', () => {
    const { advice, fits } = subject({ contextTokens: 32_768, gpuBytes: 24 * 2 ** 20 });
    const [, longest, bytes] =
      /^With kv.unstableShare 1 a context of (\d+) tokens fits this kv.gpuBytes. Load it with kv.unstableShare 1, kv.contextTokens 32000 and kv.gpuBytes (\d+).$/
        .exec(advice(31_990))!
        .map(Number) as [number, number, number];
    const at = (contextTokens: number, gpuBytes?: number) =>
      fits({ unstableShare: 1, contextTokens, ...(gpuBytes !== undefined && { gpuBytes }) });
    expect([at(longest), at(longest + 16)]).toEqual([true, false]);
    expect([at(32_000, bytes), at(32_000, bytes - 1)]).toEqual([true, false]);
  });
});
