/** Pages outside the GPU: in memory up to `kv.hostBytes`, then on a disk; what happens when there is no room anywhere. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { EngineCore } from '../../src/engine/engine';
import type { KvOptions } from '../../src/runner/memory-plan';
import { parseModelConfig } from '../support/parse-config';
import { checkIntegrity } from '../../tools/util/check-integrity';
import { answer, loadEngine, promptOf, requestOf } from '../support/engine';
import { useIndexedDb } from '../support/fake-indexeddb';
import { modelConfigJson, tinyLlamaModel } from '../../tools/tiny-models/models';

useIndexedDb();

const model = tinyLlamaModel();
const { numLayers, numKvHeads, headDim } = parseModelConfig(modelConfigJson(model));
/** Keys and values of 16 tokens in f16, all layers and heads. */
const pageBytes = numLayers * numKvHeads * 2 * 16 * headDim * 2;
const engines: EngineCore[] = [];
const sparse: KvOptions = {
  contextTokens: 512,
  numSequences: 2,
  pagesPerHead: 4,
  unstableShare: 0.5,
  measureStability: false,
  rerankInterval: 8,
};

async function load(kv: KvOptions): Promise<EngineCore> {
  const engine = await loadEngine(model, { weights: 'f32', kv: { ...sparse, ...kv } });
  engines.push(engine);
  return engine;
}

const request = (length: number, maxTokens: number, seed = 1) =>
  requestOf(promptOf(length, seed), { maxTokens, ignoreEos: true, logprobs: 2 });

afterEach(async () => {
  for (const engine of engines.splice(0)) {
    checkIntegrity(engine.runner.cache);
    await engine.dispose();
    expect(engine.device.buffers.use.total).toBe(0);
  }
  vi.unstubAllGlobals();
  expect(await indexedDB.databases()).toEqual([]);
});

describe('memory for three pages, then IndexedDB', () => {
  test('answers, follow-ups and two at once are those of a memory that holds all, to the bit', async () => {
    const run = async (engine: EngineCore) => {
      const first = await answer(engine, request(330, 24));
      const again = await answer(engine, request(330, 24));
      const both = await Promise.all([answer(engine, request(330, 12)), answer(engine, request(140, 20, 2))]);
      return [first, again, ...both];
    };
    const large = await load({});
    const wanted = await run(large);
    expect(large.stats().memory.diskBytes).toBe(0);
    const small = await load({ hostBytes: 3 * pageBytes });
    const answers = await run(small);
    answers.forEach(({ tokenIds, logprobs }, i) => {
      expect(tokenIds).toEqual(wanted[i]!.tokenIds);
      expect(logprobs).toEqual(wanted[i]!.logprobs);
    });
    expect(answers[1]!.end.numCachedTokens).toBe(320);
    expect(small.stats().kv.promotions).toBeGreaterThan(0);
    const { hostBytes, diskBytes } = small.stats().memory;
    expect(hostBytes).toBe(3 * pageBytes);
    expect(diskBytes).toBeGreaterThan(20 * pageBytes);
    const { contextBytes } = small.plan();
    expect(contextBytes).toEqual({ host: 3 * pageBytes, disk: 29 * pageBytes });
  });
});

/** A platform whose storage refuses everything. */
function breakStorage(): void {
  const sound = indexedDB;
  vi.stubGlobal('indexedDB', {
    databases: () => sound.databases(),
    open: () => {
      throw new DOMException('Storage is off.', 'SecurityError');
    },
  });
}

describe.each([
  [
    'a disk that refuses',
    breakStorage,
    'storage-quota',
    /^Memory for pages is full: (\d+) bytes of kv.hostBytes = \d+. Pages need \d+ bytes on the disk beside the 0 there, and the browser refused them \(SecurityError: Storage is off.\)/,
  ],
  [
    'no disk',
    () => vi.stubGlobal('indexedDB', undefined),
    'host-memory',
    /^The pages outside the GPU need (\d+) bytes; kv.hostBytes is \d+.$/,
  ],
] as const)('%s', (_, prepare, code, message) => {
  test('a request that finds no room fails with the bytes; the others, before, beside and after it, do not', async () => {
    prepare();
    const engine = await load({ hostBytes: 12 * pageBytes });
    const wanted = await answer(engine, request(100, 20));
    // Pages that rest make room for it.
    await answer(engine, request(100, 20, 2));
    const results = await Promise.allSettled([
      answer(engine, request(100, 20)),
      answer(engine, request(300, 4, 3)),
    ]);
    expect(results[0]).toMatchObject({
      status: 'fulfilled',
      value: { tokenIds: wanted.tokenIds, logprobs: wanted.logprobs },
    });
    expect(results[1]).toMatchObject({
      status: 'rejected',
      reason: { name: 'EngineError', code, message: expect.stringMatching(message) },
    });
    const { logprobs } = await answer(engine, request(100, 20));
    expect(logprobs).toEqual(wanted.logprobs);
  });
});
