/** Sparse follow-ups: what is attended, against plain attention over plainly selected pages, and what does not change it. */
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { pageTokens, type PageIndex, type Slot } from '../../src/cache/page';
import type { EngineCore } from '../../src/engine/engine';
import type { KvOptions } from '../../src/runner/memory-plan';
import { readBuffer } from '../../src/gpu/readback';
import { checkIntegrity } from '../../tools/util/check-integrity';
import { useClock } from '../support/clock';
import { answer, loadEngine, promptOf, requestOf, type Answer } from '../support/engine';
import { expectAttended, hostPages, loadWatched } from '../support/follow-up-twin';
import { retrievingProfile } from '../support/head-profile';
import { architectureModel, tinyLlamaModel } from '../../tools/tiny-models/models';

const budget = 4;
const sparse: KvOptions = {
  contextTokens: 1024,
  numSequences: 2,
  pagesPerHead: budget,
  unstableShare: 0.5,
  rerankInterval: 8,
  measureStability: false,
  followUp: 'sparse',
};
/** Long enough for several segments, and for more pages than are selected. */
const context = promptOf(391, 1);
const question = promptOf(30, 2);

const essence = ({ tokenIds, logprobs }: Answer) => ({ tokenIds, logprobs });

function run(engine: EngineCore, prompt: readonly number[], maxTokens = 24, signal?: AbortSignal) {
  return answer(engine, requestOf(prompt, { maxTokens, ignoreEos: true, logprobs: 3 }), signal);
}

/** What other requests left is given away, then the context is answered, which leaves its whole pages. */
async function prepare(engine: EngineCore, prompt: readonly number[]): Promise<void> {
  await Promise.all([1, 2].map((seed) => run(engine, promptOf(1, 990 + seed), 1)));
  expect((await run(engine, prompt, 1)).end.numCachedTokens).toBe(0);
}

async function followUp(engine: EngineCore, prompt: readonly number[], maxTokens?: number) {
  await prepare(engine, prompt.slice(0, context.length));
  const result = await run(engine, prompt, maxTokens);
  expect(result.end.numCachedTokens).toBe(384);
  return result;
}

/** The sets that stable heads begin their answer with, and where the GPU has them. */
function watchSets({ runner }: EngineCore) {
  const sets: { layer: number; kvHead: number; pages: PageIndex[]; slots: Slot[] }[] = [];
  const { cache } = runner;
  const assignSet = cache.assignSet.bind(cache);
  vi.spyOn(cache, 'assignSet').mockImplementation((sequence, head, pages) => {
    assignSet(sequence, head, pages);
    const { layer, kvHead, slots } = head;
    sets.push({ layer, kvHead, pages: [...pages], slots: slots.slice(0, pages.length) });
  });
  return sets;
}

/** Every full page that a stable head begins with is on the GPU what the host has. */
async function expectPlaced(engine: EngineCore, sets: ReturnType<typeof watchSets>, numFull: number) {
  const { cache } = engine.runner;
  const { pageBytes } = cache.layout;
  let numEarlier = 0;
  for (const { layer, kvHead, pages, slots } of sets) {
    const pool = new Uint8Array(await readBuffer(engine.device, cache.slabOf(layer, kvHead).pool));
    pages.forEach((page, i) => {
      if (page >= numFull) return;
      if (page < 384 / pageTokens) numEarlier++;
      const stored = hostPages(engine, layer, kvHead, [page]);
      const placed = pool.subarray(slots[i]! * pageBytes, (slots[i]! + 1) * pageBytes);
      expect(Buffer.compare(placed, stored), `layer ${layer}, head ${kvHead}, page ${page}`).toBe(0);
    });
  }
  expect(numEarlier).toBeGreaterThan(0);
}

/** The context is cached, then the question is answered: all that is attended, placed and read is as it should be. */
async function expectFollowUp(
  { engine, watchAttention }: Awaited<ReturnType<typeof loadWatched>>,
  length: number,
): Promise<void> {
  const prompt = [...context.slice(0, length), ...question];
  const numCached = pageTokens * Math.floor(length / pageTokens);
  const numFull = Math.floor(prompt.length / pageTokens);
  await prepare(engine, context.slice(0, length));
  const before = engine.stats().kv.streamedBytes;
  const sets = watchSets(engine);
  const readLayers = watchAttention(prompt.length - numCached);
  expect((await run(engine, prompt, 1)).end.numCachedTokens).toBe(numCached);
  const layers = await readLayers();
  vi.restoreAllMocks();
  await expectPlaced(engine, sets, numFull);
  const stable = expectAttended({ engine, numTokens: prompt.length, numCached }, layers).filter(
    ({ isStable }) => isStable,
  );
  expect(sets.map(({ layer, kvHead, pages }) => ({ layer, kvHead, pages }))).toEqual(
    stable.map(({ layer, kvHead, ofLast }) => ({ layer, kvHead, pages: ofLast })),
  );
  const numUnpaired = (numCached / pageTokens) % 2;
  const numRead = stable.reduce((sum, { pages }) => sum + pages.length + numUnpaired, 0);
  expect(engine.stats().kv.streamedBytes - before).toBe(numRead * engine.runner.cache.layout.pageBytes);
  // Exact attention reads all pages of the stable heads.
  expect(numRead).toBeLessThan((stable.length * numCached) / pageTokens / 2);
}

describe('pages of f32, two heads that attend everything', () => {
  let loaded: Awaited<ReturnType<typeof loadWatched>>;
  let engine: EngineCore;
  beforeAll(async () => {
    const model = tinyLlamaModel();
    const headProfile = await retrievingProfile(model, [1, 4]);
    const kv: KvOptions = { ...sparse, format: 'f32', headProfile };
    loaded = await loadWatched(() => loadEngine(model, { weights: 'f32', kv }));
    ({ engine } = loaded);
  });
  afterEach(() => {
    vi.restoreAllMocks();
    checkIntegrity(engine.runner.cache);
  });
  afterAll(() => engine.dispose());

  test.each([
    ['with a page that has no partner', context.length - 16],
    ['all pages in pairs', context.length],
  ])(
    'each head attends what it selects, and begins with what the last token selects: %s',
    async (_, length) => {
      await expectFollowUp(loaded, length);
    },
  );

  test('where the budget holds the context, it is exact attention, to the bit', async () => {
    const [short, prompt] = [promptOf(79, 3), [...promptOf(79, 3), ...question]];
    await prepare(engine, promptOf(3, 4));
    const expected = await run(engine, prompt);
    expect(expected.end.numCachedTokens).toBe(0);
    await prepare(engine, short);
    const again = await run(engine, prompt);
    expect(again.end.numCachedTokens).toBe(64);
    expect(essence(again)).toEqual(essence(expected));
  });

  test('a question of several segments: the same on a slow GPU, and after another was aborted', async () => {
    const prompt = [...context, ...promptOf(150, 5)];
    engine.device.buffers.resetPeak();
    const expected = essence(await followUp(engine, prompt));
    expect(engine.device.buffers.use.peakTotal).toBeLessThanOrEqual(engine.runner.plan.totalGpuBytes);
    await prepare(engine, context);
    const controller = new AbortController();
    const { hostStore } = engine.runner;
    const read = hostStore.read.bind(hostStore);
    vi.spyOn(hostStore, 'read').mockImplementationOnce((...args) => {
      queueMicrotask(() => controller.abort(new Error('enough')));
      return read(...args);
    });
    await expect(run(engine, prompt, 24, controller.signal)).rejects.toThrow('enough');
    expect(essence(await followUp(engine, prompt))).toEqual(expected);
    await useClock(engine, 'slow');
    expect(essence(await followUp(engine, prompt))).toEqual(expected);
  });
});

test('layers with a sliding window attend all of it', async () => {
  const kv: KvOptions = { ...sparse, format: 'f32', unstableShare: 0 };
  const model = architectureModel('qwen2-window');
  const loaded = await loadWatched(() => loadEngine(model, { weights: 'f32', kv }));
  await expectFollowUp(loaded, context.length);
  await loaded.engine.dispose();
});

test('pages of 8 bits: what is selected is in its place', async () => {
  const engine = await loadEngine(tinyLlamaModel(), { weights: 'f32', kv: { ...sparse, format: 'int8' } });
  const prompt = [...context, ...question];
  const expected = await followUp(engine, prompt);
  await prepare(engine, context);
  const sets = watchSets(engine);
  const { tokenIds } = await run(engine, prompt, 1);
  vi.restoreAllMocks();
  expect(tokenIds).toEqual(expected.tokenIds.slice(0, 1));
  await expectPlaced(engine, sets, Math.floor(prompt.length / pageTokens));
  checkIntegrity(engine.runner.cache);
  await engine.dispose();
  expect(engine.device.buffers.use.total).toBe(0);
});
