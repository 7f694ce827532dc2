/** The KV hierarchy through the whole engine: the contracts that hold whatever is selected. */
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { wholePageTokens, type PageIndex, type Slot } from '../../src/cache/page';
import type { EngineCore } from '../../src/engine/engine';
import type { KvOptions } from '../../src/runner/memory-plan';
import { readBuffer } from '../../src/gpu/readback';
import { checkIntegrity } from '../../tools/util/check-integrity';
import { answer, loadEngine, promptOf, requestOf, type Answer } from '../support/engine';
import { retrievingProfile } from '../support/head-profile';
import { architectureModel, tinyLlamaModel, type ModelFolder } from '../../tools/tiny-models/models';

afterEach(() => vi.restoreAllMocks());

const essence = ({ tokenIds, logprobs }: Answer) => ({ tokenIds, logprobs });

/** Nothing is measured: going over to other heads would change answers between two that are compared. */
function load(model: ModelFolder, kv: KvOptions): Promise<EngineCore> {
  const fixed = { contextTokens: 512, numSequences: 2, measureStability: false };
  return loadEngine(model, { weights: 'f32', kv: { ...fixed, ...kv } });
}

async function unload(engine: EngineCore): Promise<void> {
  checkIntegrity(engine.runner.cache);
  await engine.dispose();
  expect(engine.device.buffers.use.total).toBe(0);
}

type Options = NonNullable<Parameters<typeof requestOf>[1]>;

const run = (engine: EngineCore, prompt: readonly number[], options: Options = {}): Promise<Answer> =>
  answer(engine, requestOf(prompt, { maxTokens: 40, ignoreEos: true, logprobs: 3, ...options }));

/** As on a new engine: both sequences are given away first. */
async function fresh(engine: EngineCore, prompt: readonly number[], options: Options = {}) {
  await Promise.all([1, 2].map((seed) => run(engine, promptOf(1, 990 + seed), { maxTokens: 1 })));
  const result = await run(engine, prompt, options);
  expect(result.end.numCachedTokens).toBe(0);
  return essence(result);
}

describe.each([
  ['group 2, 16 channels', tinyLlamaModel(), [15, 16, 17, 330]],
  ['group 1, 8 channels', architectureModel('llama-linear'), [33]],
  ['group 2, one KV head, 128 channels', architectureModel('qwen3'), [49]],
])('a budget that holds all pages: %s', (_, model, lengths) => {
  test('equal to exact attention, to the bit', async () => {
    const dense = await load(model, { pagesPerHead: 32, unstableShare: 1 });
    const roomy = await load(model, { pagesPerHead: 31, unstableShare: 0, rerankInterval: 4 });
    for (const length of lengths) {
      const prompt = promptOf(length, 3, dense.config.vocabSize);
      const wanted = essence(await run(dense, prompt, { isExact: true }));
      expect(essence(await run(roomy, prompt))).toEqual(wanted);
    }
    expect(roomy.stats().kv.reranks).toBe(0);
    await unload(dense);
    await unload(roomy);
  });
});

describe('a budget of 4 pages', () => {
  let engine: EngineCore;
  beforeAll(async () => {
    engine = await load(tinyLlamaModel(), { pagesPerHead: 4, unstableShare: 0.5, rerankInterval: 8 });
    engine.device.buffers.resetPeak();
  });
  afterEach(() => {
    checkIntegrity(engine.runner.cache);
    expect(engine.device.buffers.use.peakTotal).toBeLessThanOrEqual(engine.runner.plan.totalGpuBytes);
  });
  afterAll(() => unload(engine));

  test('what leaves has a copy that is equal to the bit; what comes is there before it is attended', async () => {
    const { device, runner } = engine;
    const { cache, recorder, hostStore } = runner;
    const { pageBytes } = cache.layout;
    const target = device.buffers.create({ label: 'pages', category: 'staging', sizeBytes: 2 ** 20 });
    const copies: { layer: number; kvHead: number; page: number; slot: Slot }[] = [];
    let arriving: typeof copies = [];
    let numLeft = 0;
    const copy = (entry: (typeof copies)[number]) => {
      const { pool } = cache.slabOf(entry.layer, entry.kvHead);
      recorder.copy(pool, entry.slot * pageBytes, target, copies.length * pageBytes, pageBytes);
      copies.push(entry);
    };
    const setResident = cache.setResident.bind(cache);
    vi.spyOn(cache, 'setResident').mockImplementation((sequence, head, plan) => {
      const { layer, kvHead, pages, slots } = head;
      for (const page of plan.evicted) {
        expect(hostStore.has(layer, kvHead, cache.pagesOf(sequence)[page]!)).toBe(true);
        copy({ layer, kvHead, page, slot: slots[pages.indexOf(page)]! });
        numLeft++;
      }
      plan.resident.pages.forEach((page, i) => {
        if (!pages.includes(page)) arriving.push({ layer, kvHead, page, slot: plan.resident.slots[i]! });
      });
      setResident(sequence, head, plan);
    });
    const dispatch = recorder.dispatch.bind(recorder);
    vi.spyOn(recorder, 'dispatch').mockImplementation((bound, params, grid, list) => {
      // The new lists are in force from here on.
      if (bound.kernel.name === 'select/commit-selections')
        for (const entry of arriving.splice(0)) copy(entry);
      dispatch(bound, params, grid, list);
    });
    arriving = [];
    await run(engine, promptOf(300, 4), { maxTokens: 120 });
    expect(numLeft).toBeGreaterThan(20);
    expect(copies.length).toBeGreaterThan(numLeft + 20);
    const bytes = new Uint8Array(await readBuffer(device, target));
    target.destroy();
    device.buffers.resetPeak();
    const sequence = cache.numPages(0) > cache.numPages(1) ? 0 : 1;
    copies.forEach(({ layer, kvHead, page }, i) => {
      const stored = new Uint8Array(pageBytes);
      void hostStore.read(layer, kvHead, [cache.pagesOf(sequence)[page as PageIndex]!], stored);
      expect(bytes.subarray(i * pageBytes, (i + 1) * pageBytes)).toEqual(stored);
    });
  });

  test('live bytes are within the plan at every submission, prefill included', async () => {
    const { device, runner } = engine;
    const submit = runner.recorder.submit.bind(runner.recorder);
    let numSubmits = 0;
    vi.spyOn(runner.recorder, 'submit').mockImplementation(() => {
      expect(device.buffers.use.total).toBeLessThanOrEqual(runner.plan.totalGpuBytes);
      numSubmits++;
      submit();
    });
    await Promise.all([run(engine, promptOf(400, 5)), run(engine, promptOf(31, 6))]);
    expect(numSubmits).toBeGreaterThan(40);
  });

  test.each([159, 160, 161])('regenerated after being stopped at %i tokens in all', async (length) => {
    const prompt = promptOf(130, 7);
    const expected = await fresh(engine, prompt);
    await run(engine, prompt, { maxTokens: length - 130 });
    const again = await run(engine, prompt);
    expect(again.end.numCachedTokens).toBe(wholePageTokens(129));
    expect(essence(again)).toEqual(expected);
  });
});

describe('heads that retrieve attend all the pages that they keep', () => {
  const model = tinyLlamaModel();
  const sparse = { pagesPerHead: 4, rerankInterval: 8 };

  test('if all do, the answer is that of exact attention, to the bit', async () => {
    const headProfile = await retrievingProfile(model, [0, 1, 2, 3, 4, 5]);
    const engine = await load(model, { ...sparse, unstableShare: 1, headProfile });
    for (const length of [64, 65, 330]) {
      const prompt = promptOf(length, 3);
      const wanted = await fresh(engine, prompt, { isExact: true });
      expect(await fresh(engine, prompt)).toEqual(wanted);
    }
    await unload(engine);
  });

  test('nor does a request say so where all attention is exact', async () => {
    const engine = await load(model, { ...sparse, attention: 'all' });
    const prompt = promptOf(330, 3);
    const wanted = await fresh(engine, prompt, { isExact: true });
    expect(await fresh(engine, prompt)).toEqual(wanted);
    await unload(engine);
    const selecting = await load(model, { ...sparse, unstableShare: 1 });
    expect(await fresh(selecting, prompt)).not.toEqual(wanted);
    await unload(selecting);
  });

  test('the others select: alone, in a batch and on the same prefix the answer is one', async () => {
    const headProfile = await retrievingProfile(model, [1, 4]);
    const engine = await load(model, { ...sparse, unstableShare: 0.5, headProfile });
    const [prompt, other] = [promptOf(330, 3), promptOf(200, 4)];
    const alone = await fresh(engine, prompt);
    const { isUnstable, pages, numPages } = await engine.cacheMap();
    const attended = Array.from({ length: 6 }, (_, head) =>
      pages
        .subarray(head * numPages, (head + 1) * numPages)
        .reduce((sum, bits) => sum + ((bits & 4) >> 2), 0),
    );
    expect([...isUnstable]).toEqual([1, 1, 0, 0, 1, 0]);
    expect([attended[1], attended[4]]).toEqual([numPages, numPages]);
    expect(attended[0]).toBeLessThanOrEqual(4);
    const [again] = await Promise.all([run(engine, prompt), run(engine, other)]);
    expect(again.end.numCachedTokens).toBeGreaterThan(300);
    expect(essence(again)).toEqual(alone);
    await unload(engine);
  });
});

test('an exact answer beyond the budget is refused with its bytes and a setting that fits', async () => {
  const engine = await load(tinyLlamaModel(), { pagesPerHead: 4, unstableShare: 0.5 });
  const bytes = 6 * 3 * 2 * engine.runner.cache.layout.pageBytes;
  const exact = run(engine, promptOf(80, 1), { isExact: true, maxTokens: 10 });
  await expect(exact).rejects.toMatchObject({
    code: 'gpu-memory',
    message: expect.stringContaining(`${bytes} bytes`),
  });
  await expect(exact).rejects.toThrow(/exact up to 64 tokens\. Load it with kv\.unstableShare 1\.$/);
  await expect(run(engine, promptOf(50, 1), { isExact: true, maxTokens: 14 })).resolves.toBeDefined();
  await unload(engine);
});
