/** The memory plan: what it shares out, what it refuses and in which words. */
import { describe, expect, test } from 'vitest';
import { leastGpuBytes, planMemory, type KvOptions, type MemoryPlan } from '../../../src/runner/memory-plan';
import { chunkBytesPerToken } from '../../../src/graph/activations';
import type { HeadProfile } from '../../../src/stability/head-profile';
import { parseModelConfig } from '../../support/parse-config';
import { modelConfigJson, tinyLlamaModel } from '../../../tools/tiny-models/models';

const json = modelConfigJson(tinyLlamaModel()) as object;
const config = parseModelConfig(json);
// The shape of Qwen2-0.5B, where pages and vocabulary count.
const large = parseModelConfig({
  ...json,
  num_hidden_layers: 24,
  hidden_size: 896,
  intermediate_size: 4864,
  num_attention_heads: 14,
  num_key_value_heads: 2,
  head_dim: 64,
  vocab_size: 151_936,
  max_position_embeddings: 32_768,
});
const weightBytes = 1_000_000;
const bindingBytes = 128 * 2 ** 20;

function plan(kv: KvOptions = {}, model = config, maxBindingBytes = bindingBytes): MemoryPlan {
  return planMemory({ config: model, weightBytes, maxBindingBytes, kv });
}

/** Nothing but the share gives way to these. */
const asSet: KvOptions = { format: 'f16', pagesPerHead: 64, numSequences: 4, unstableShare: 0.25 };

/** Bytes that count against `kv.gpuBytes`. */
const besideWeights = ({ totalGpuBytes, gpuBytes }: MemoryPlan) => totalGpuBytes - gpuBytes.weights;

/** What the error of a plan that cannot be says. */
function refusal(
  kv: KvOptions,
  model = config,
  maxBindingBytes = bindingBytes,
): { code: string; message: string } {
  try {
    plan(kv, model, maxBindingBytes);
  } catch (error) {
    return error as { code: string; message: string };
  }
  throw new Error('the plan was not refused');
}

test('the total is the sum of the categories, weights included', () => {
  const { gpuBytes, totalGpuBytes } = plan();
  expect(gpuBytes.weights).toBe(weightBytes);
  expect(Object.values(gpuBytes).reduce((a, b) => a + b)).toBe(totalGpuBytes);
  for (const bytes of Object.values(gpuBytes)) expect(bytes).toBeGreaterThan(0);
});

test("with room for all: the model's own context, the largest useful tile, every sequence full", () => {
  const { contextTokens, activations, cache } = plan();
  expect(contextTokens).toBe(2048);
  expect(activations).toMatchObject({ tileTokens: 2048, chunkTokens: 512, maxRows: 4 });
  expect(cache).toMatchObject({ format: 'f16', numSequences: 4, maxPages: 128, numPageIds: 4 * 128 });
});

test.each([
  [16, 32],
  [100, 128],
  [256, 256],
  [257, 512],
  [5000, 2048],
])('a context of %i has tiles of %i tokens', (contextTokens, tileTokens) => {
  const made = plan({ contextTokens });
  expect(made.contextTokens).toBe(contextTokens);
  expect(made.activations.tileTokens).toBe(tileTokens);
  expect(made.activations.chunkTokens).toBe(Math.min(512, tileTokens));
  expect(made.cache.maxPages).toBe(Math.ceil(contextTokens / 16));
});

test.each([
  [1, 1],
  [2, 2],
  [3, 4],
  [4, 4],
  [7, 8],
  [8, 8],
  [64, 8],
])('%i sequences decode in steps of up to %i rows', (numSequences, maxRows) => {
  expect(plan({ numSequences }).activations.maxRows).toBe(maxRows);
});

test('a model made for less than a page has a page of context', () => {
  expect(plan({}, parseModelConfig({ ...json, max_position_embeddings: 8 })).contextTokens).toBe(16);
});

describe('the limit', () => {
  test('is kept, tight or wide, and more of it never means less', () => {
    let last: MemoryPlan | undefined;
    for (let gpuBytes = 64 * 2 ** 20; gpuBytes <= 2 ** 30; gpuBytes *= 1.2) {
      const made = plan({ ...asSet, gpuBytes: Math.floor(gpuBytes) }, large);
      expect(besideWeights(made)).toBeLessThanOrEqual(gpuBytes);
      if (last) {
        expect(made.contextTokens).toBeGreaterThanOrEqual(last.contextTokens);
        if (made.contextTokens === last.contextTokens) {
          expect(made.activations.tileTokens).toBeGreaterThanOrEqual(last.activations.tileTokens);
        }
      }
      last = made;
    }
    expect(last!.contextTokens).toBe(32_768);
  });

  test('when tight costs further sequences first, then tiles, then context', () => {
    const wide = plan({ contextTokens: 4096, unstableShare: 1, gpuBytes: 2 ** 31 }, large);
    expect([wide.cache.numPageIds, wide.activations.tileTokens]).toEqual([4 * 256, 2048]);
    const pageBytes = (wide.gpuBytes.kv + wide.gpuBytes.summaries) / wide.cache.numPageIds;
    expect(wide.activations.chunkTokens).toBe(512);
    const forLargeChunks = 256 * chunkBytesPerToken(large);
    const forOne = besideWeights(wide) - forLargeChunks - 3 * 256 * pageBytes;
    const one = plan({ contextTokens: 4096, unstableShare: 1, gpuBytes: forOne }, large);
    expect([one.cache.numPageIds, one.activations.tileTokens]).toEqual([256, 2048]);
    expect(one.activations.chunkTokens).toBe(256);
    const smaller = plan({ contextTokens: 4096, unstableShare: 1, gpuBytes: forOne - 1 }, large);
    expect(smaller.activations.tileTokens).toBe(1024);
    expect(smaller.cache.numPageIds).toBeGreaterThan(256);
  });

  test('has room for a chunk in 8 bits where products are of integers', () => {
    const kv = { contextTokens: 1024 };
    const floats = plan(kv, large);
    const integers = planMemory({
      config: large,
      weightBytes,
      maxBindingBytes: bindingBytes,
      kv,
      isInt8: true,
    });
    expect(integers.activations.chunkTokens).toBe(512);
    // 4,864 columns of a byte each and a scale for 32 of them, in place of the 16 bytes of two buffers that nothing is in.
    const chunk = 512 * (4864 + 4 * (4864 / 32)) - 2 * 16;
    expect(integers.gpuBytes.activations - floats.gpuBytes.activations).toBe(chunk);
  });

  test('without a wanted context gives the longest that fits with the whole share: 16 tokens more do not', () => {
    const gpuBytes = 100 * 2 ** 20;
    const { contextTokens, activations } = plan({ ...asSet, gpuBytes }, large);
    expect(contextTokens % 16).toBe(0);
    expect(contextTokens).toBeLessThan(32_768);
    expect(activations.tileTokens).toBe(256);
    expect(plan({ ...asSet, gpuBytes, contextTokens }, large).unstableShare.inForce).toBe(0.25);
    const longer = plan({ ...asSet, gpuBytes, contextTokens: contextTokens + 16 }, large);
    expect(longer.unstableShare.inForce).toBeLessThan(0.25);
  });

  test('that a wanted context exceeds is an error with the bytes it needs and the nearest that fits', () => {
    const gpuBytes = 100 * 2 ** 20;
    const contextTokens = 131_072;
    const { code, message } = refusal({ gpuBytes, contextTokens }, large);
    expect(code).toBe('gpu-memory');
    const match =
      /^A context of 131072 tokens needs (\d+) bytes on the GPU beside the weights; kv.gpuBytes is 104857600. Within the limit a context of (\d+) tokens fits.$/.exec(
        message,
      );
    const nearest = Number(match?.[2]);
    expect(plan({ gpuBytes, contextTokens: nearest }, large).contextTokens).toBe(nearest);
    expect(refusal({ gpuBytes, contextTokens: nearest + 16 }, large).code).toBe('gpu-memory');
    // The bytes named are enough, and one less is not.
    const needed = Number(match?.[1]);
    expect(plan({ gpuBytes: needed, contextTokens }, large).contextTokens).toBe(contextTokens);
    expect(refusal({ gpuBytes: needed - 1, contextTokens }, large).code).toBe('gpu-memory');
  });

  test('that many sequences exceed names the context that fits with one of them', () => {
    const gpuBytes = 100 * 2 ** 20;
    const numSequences = 8;
    const { message } = refusal({ gpuBytes, contextTokens: 131_072, numSequences }, large);
    const [, nearest, alone] =
      /a context of (\d+) tokens fits; a context of (\d+) tokens fits with kv\.numSequences 1\.$/.exec(
        message,
      )!;
    expect(Number(alone)).toBeGreaterThan(Number(nearest));
    const contextTokens = Number(alone);
    expect(plan({ gpuBytes, contextTokens, numSequences: 1 }, large).contextTokens).toBe(contextTokens);
    expect(refusal({ gpuBytes, contextTokens: contextTokens + 16, numSequences: 1 }, large).code).toBe(
      'gpu-memory',
    );
  });

  test('too small for anything names what is needed and promises nothing', () => {
    const { code, message } = refusal({ gpuBytes: 1000 });
    expect(code).toBe('gpu-memory');
    expect(message).toMatch(/needs \d+ bytes .*; kv.gpuBytes is 1000.$/);
  });
});

describe('the share of unstable heads', () => {
  const numHeads = 24 * 2;
  const contextTokens = 16_384;
  const fixed = { ...asSet, numSequences: 1 };
  const of = (kv: KvOptions) => plan({ contextTokens, ...fixed, ...kv }, large);
  const least = (unstableShare: number) =>
    leastGpuBytes(
      { config: large, weightBytes, maxBindingBytes: bindingBytes, kv: { ...fixed, unstableShare } },
      contextTokens,
    );

  test('is as set where it fits', () => {
    expect(of({}).unstableShare).toEqual({ wanted: 0.25, inForce: 0.25 });
    expect(of({ gpuBytes: least(0.25) }).unstableShare).toEqual({ wanted: 0.25, inForce: 0.25 });
  });

  test('is lowered, to the largest that fits, for a wanted context', () => {
    for (const numUnstable of [0, 1, 5, 11]) {
      const made = of({ gpuBytes: least((numUnstable + 1) / numHeads) - 1 });
      expect(made.unstableShare).toEqual({ wanted: 0.25, inForce: numUnstable / numHeads });
      expect(made.cache.unstable.size).toBe(numUnstable);
      expect(besideWeights(made)).toBeLessThan(least((numUnstable + 1) / numHeads));
      expect(made.contextTokens).toBe(contextTokens);
    }
  });

  test('is not lowered for a context that nobody asked for', () => {
    const made = plan({ ...fixed, gpuBytes: least(0.25) - 1 }, large);
    expect(made.unstableShare).toEqual({ wanted: 0.25, inForce: 0.25 });
    expect(made.contextTokens).toBeLessThan(contextTokens);
  });

  test('of 1 is not lowered: who sets it wants exact answers', () => {
    const { code, message } = refusal(
      { contextTokens, numSequences: 1, unstableShare: 1, gpuBytes: least(1) - 1 },
      large,
    );
    expect(code).toBe('gpu-memory');
    expect(message).toContain(`needs ${least(1)} bytes`);
  });
});

describe('a small binding', () => {
  // 100 pages of f16, head dimension 16.
  const maxBindingBytes = 100 * 1024;

  test('bounds the pages of a head', () => {
    expect(plan({ contextTokens: 1600 }, config, maxBindingBytes).cache.numPageIds).toBe(100);
    expect(plan({ contextTokens: 400 }, config, maxBindingBytes).cache.numPageIds).toBe(100);
  });

  test('shortens the context, or is the reason given', () => {
    expect(plan({ format: 'f16' }, config, maxBindingBytes).contextTokens).toBe(1600);
    expect(refusal({ format: 'f16', contextTokens: 1601 }, config, maxBindingBytes)).toMatchObject({
      code: 'limit-too-small',
      message:
        "One KV head's pages of a context of 1601 tokens exceed the 102400 bytes that this GPU binds at once. " +
        'Within the limit a context of 1600 tokens fits.',
    });
  });
});

test('pages in f32 take twice the bytes', () => {
  const [half, full] = [plan({ contextTokens: 512 }), plan({ contextTokens: 512, format: 'f32' })];
  expect(full.gpuBytes.kv).toBe(2 * half.gpuBytes.kv);
  expect(full.gpuBytes.tiles).toBe(2 * half.gpuBytes.tiles);
  expect(full.gpuBytes.activations).toBe(half.gpuBytes.activations);
});

test.each<[KvOptions, string]>([
  [{ numSequences: 0 }, 'kv.numSequences must be a whole number from 1 to 64, not 0.'],
  [{ numSequences: 65 }, 'kv.numSequences must be a whole number from 1 to 64, not 65.'],
  [{ numSequences: 1.5 }, 'kv.numSequences must be a whole number from 1 to 64, not 1.5.'],
  [{ gpuBytes: 0 }, 'kv.gpuBytes must be a whole number from 1 to 9007199254740991, not 0.'],
  [{ gpuBytes: NaN }, 'kv.gpuBytes must be a whole number from 1 to 9007199254740991, not NaN.'],
  [{ contextTokens: 15 }, 'kv.contextTokens must be a whole number from 16 to 16777216, not 15.'],
  [{ contextTokens: Infinity }, 'kv.contextTokens must be a whole number from 16 to 16777216, not Infinity.'],
  [{ pagesPerHead: 1 }, 'kv.pagesPerHead must be a whole number from 2 to 256, not 1.'],
  [{ rerankInterval: 0 }, 'kv.rerankInterval must be a whole number from 1 to 65536, not 0.'],
])('%j is out of range', (kv, message) => {
  expect(() => plan(kv)).toThrow(new RangeError(message));
});

test.each([
  [16_384, 'f16', 0.38],
  [16_384, 'int8', 0.27],
  [32_768, 'f16', 0.35],
  [32_768, 'int8', 0.24],
] as const)(
  "%i tokens, %s: the embedded model's share of dense f16, summaries included",
  (contextTokens, format, most) => {
    const shape = { num_hidden_layers: 8, num_attention_heads: 8, num_key_value_heads: 4, head_dim: 32 };
    const model = parseModelConfig({ ...json, ...shape, hidden_size: 256, max_position_embeddings: 32_768 });
    const { gpuBytes } = plan({ contextTokens, numSequences: 1, format }, model);
    const dense = 2 * 2 * 32 * 4 * 8 * contextTokens;
    expect((gpuBytes.kv + gpuBytes.summaries) / dense).toBeLessThanOrEqual(most);
  },
);

test('the retrieving heads of a profile are unstable and attend everything, unless they are to select', () => {
  const { numLayers, numKvHeads } = config;
  const numHeads = numLayers * numKvHeads;
  const headProfile: HeadProfile = {
    version: 1,
    modelId: 'test',
    numLayers,
    numKvHeads,
    pagesPerHead: 4,
    window: 16,
    measuredOn: 'nothing',
    meanStability: Array<number>(numHeads).fill(0.5),
    unstable: [],
    stability: [Array.from({ length: numHeads }, (_, head) => head / numHeads)],
    retrieval: Array.from({ length: numHeads }, (_, head) => (head === numHeads - 1 ? 0.5 : 0.04)),
    overlapByOffset: [null],
  };
  const [last] = [[numLayers - 1, numKvHeads - 1] as const];
  const { unstable, exactHeads } = plan({ headProfile, unstableShare: 0.5 }).cache;
  expect([unstable.has(...last), exactHeads.has(...last)]).toEqual([true, true]);
  expect([unstable.size, exactHeads.size]).toEqual([Math.round(numHeads / 2), 1]);
  // With digests they select too, and classes go by what heads lose, where it is known.
  const massLost = [Array.from({ length: numHeads }, (_, head) => (head === 1 ? 1 : 0.1))];
  const measured = { ...headProfile, massLost };
  const byMass = plan({ headProfile: measured, selection: 'digest', unstableShare: 1 / numHeads }).cache;
  expect([byMass.rerankQueries, byMass.exactHeads.size, byMass.unstable.has(0, 1)]).toEqual([16, 0, true]);
  const selecting = plan({ headProfile, unstableShare: 0.5, retrievalHeads: 'selected' }).cache;
  expect([selecting.unstable.has(...last), selecting.exactHeads.size]).toEqual([false, 0]);
  expect(plan({ headProfile, unstableShare: 0 }).cache.exactHeads.size).toBe(0);
});

test('8 bits on the host alone change what leaves, not what stays', () => {
  const [f16, host] = [plan({ contextTokens: 2048 }), plan({ contextTokens: 2048, hostFormat: 'int8' })];
  expect(host.gpuBytes.kv).toBe(f16.gpuBytes.kv);
  expect(host.cache.hostFormat).toBe('int8');
  expect(plan({ format: 'int8' }).cache.hostFormat).toBe('int8');
});

test('outside the GPU a full context takes memory up to the limit, then the disk; nothing when no head is stable', () => {
  const pages = (32_768 / 16) * 24 * 2 * 4096;
  const at = (kv: KvOptions) => plan({ gpuBytes: 2 ** 31, ...kv }, large).contextBytes;
  expect(at({})).toEqual({ host: pages, disk: 0 });
  expect(at({ hostBytes: 10_000 })).toEqual({ host: 10_000, disk: pages - 10_000 });
  expect(at({ unstableShare: 1 })).toEqual({ host: 0, disk: 0 });
});

test.each([
  [{}, 64, { window: 1, sinks: 0 }],
  [{ pagesPerHead: 8, window: 5, sinks: 2 }, 8, { window: 5, sinks: 2 }],
  [{ pagesPerHead: 4, window: 8, sinks: 8 }, 4, { window: 1, sinks: 3 }],
] as const)('with %j, K is %i and %j of these are always attended', (kv, pagesPerHead, forced) => {
  expect(plan(kv).cache).toMatchObject({ pagesPerHead, ...forced });
});

test.each([{ window: 0 }, { window: 65 }, { sinks: 9 }, { sinks: 0.5 }])('%j is out of range', (kv) => {
  expect(() => plan(kv)).toThrow(RangeError);
});
