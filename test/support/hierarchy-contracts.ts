/** The contracts of the KV hierarchy as tests that any model can be held to: small budgets and short prompts. */
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { EngineCore } from '../../src/engine/engine';
import type { KvOptions } from '../../src/runner/memory-plan';
import { checkIntegrity } from '../../tools/util/check-integrity';
import { answer, loadEngine, promptOf, requestOf, type Answer } from './engine';
import type { ModelFolder } from '../../tools/tiny-models/models';
import { bestPages } from './policy-simulator';
import { loadWithLog } from './selection-log';

const contextTokens = 512;
/** Nothing is measured: going over to other heads would change answers between two that are compared. */
const common: KvOptions = { contextTokens, numSequences: 2, measureStability: false };
const sparse: KvOptions = { ...common, pagesPerHead: 4, unstableShare: 0.5, rerankInterval: 8 };
const perStep: KvOptions = { ...sparse, unstableShare: 1, retrievalHeads: 'selected' };
/** A page short of the context, so that heads are stable, and more than any prompt here needs. */
const roomy: KvOptions = {
  ...common,
  pagesPerHead: contextTokens / 16 - 1,
  unstableShare: 0,
  rerankInterval: 4,
};

type Options = NonNullable<Parameters<typeof requestOf>[1]>;
const essence = ({ tokenIds, logprobs }: Answer) => ({ tokenIds, logprobs });
const run = (engine: EngineCore, prompt: readonly number[], options: Options = {}): Promise<Answer> =>
  answer(engine, requestOf(prompt, { maxTokens: 16, ignoreEos: true, logprobs: 2, ...options }));

/** As on a new engine: both sequences are given away first. */
async function fresh(engine: EngineCore, prompt: readonly number[], options: Options = {}) {
  await Promise.all([1, 2].map((seed) => run(engine, promptOf(1, 990 + seed), { maxTokens: 1 })));
  const result = await run(engine, prompt, options);
  expect(result.end.numCachedTokens).toBe(0);
  return essence(result);
}

async function unload(engine: EngineCore): Promise<void> {
  checkIntegrity(engine.runner.cache);
  await engine.dispose();
  expect(engine.device.buffers.use.total).toBe(0);
}

/** One engine with a budget of 4 pages for the tests of a `describe`; called, it gives the engine. */
function withBudget(model: ModelFolder): () => EngineCore {
  let engine: EngineCore;
  beforeAll(async () => {
    engine = await loadEngine(model, { kv: sparse });
  });
  afterEach(() => checkIntegrity(engine.runner.cache));
  afterAll(() => unload(engine));
  return () => engine;
}

/** What is selected, and that nothing else decides an answer: it depends on a model's weights. */
export function selectionContracts(model: ModelFolder): void {
  test('all heads unstable: each selects the best pages of the very step; a budget of all pages: exact, to the bit', async () => {
    const { engine, log } = await loadWithLog(() => loadEngine(model, { kv: perStep }), 4 * 2 ** 20);
    const { numLayers, numKvHeads } = engine.config;
    await run(engine, promptOf(90, 1), { maxTokens: 8 });
    const steps = (await log.read()).filter(({ kind }) => kind === 'decode');
    log.destroy();
    expect(steps.length).toBeGreaterThanOrEqual(7);
    for (const { selections } of steps) {
      expect(selections.length).toBe(numLayers * numKvHeads);
      for (const { scores, selected } of selections) expect(selected).toEqual(bestPages(scores, 4));
    }
    const budget = await loadEngine(model, { kv: roomy });
    for (const length of [79, 80, 81]) {
      const prompt = promptOf(length, 2);
      const exact = essence(await run(engine, prompt, { isExact: true, maxTokens: 4 }));
      expect(essence(await run(budget, prompt, { maxTokens: 4 }))).toEqual(exact);
    }
    await unload(engine);
    await unload(budget);
  });

  describe('a budget of 4 pages', () => {
    const engine = withBudget(model);

    test('a context that is shorter is answered exactly', async () => {
      const prompt = promptOf(41, 3);
      const exact = await fresh(engine(), prompt, { isExact: true });
      expect(await fresh(engine(), prompt)).toEqual(exact);
    });

    test('two that rerank at the same step, and two on one shared prefix, give what each gives alone, every time', async () => {
      const prefix = promptOf(96, 10);
      const prompts = [
        [...prefix, ...promptOf(9, 11)],
        [...prefix, ...promptOf(9, 12)],
      ];
      const alone = [await fresh(engine(), prompts[0]!), await fresh(engine(), prompts[1]!)];
      expect(engine().stats().kv.promotions).toBeGreaterThan(0);
      await fresh(engine(), promptOf(1, 13), { maxTokens: 1 });
      const both = await Promise.all(prompts.map((prompt) => run(engine(), prompt)));
      expect(both.map(essence)).toEqual(alone);
      const shared = await Promise.all(prompts.map((prompt) => run(engine(), prompt)));
      expect(Math.min(...shared.map(({ end }) => end.numCachedTokens))).toBeGreaterThanOrEqual(96);
      expect(shared.map(essence)).toEqual(alone);
    });
  });
}

/** That what is interrupted leaves nothing behind: it is the same for every model. */
export function interruptionContracts(model: ModelFolder): void {
  describe('a budget of 4 pages, interrupted', () => {
    const engine = withBudget(model);
    afterEach(() => vi.restoreAllMocks());

    test('a stop string in the middle of steps in flight leaves what a fresh run finds', async () => {
      const letter = engine().tokenizer.encode('q', { addSpecialTokens: false }).at(-1)!;
      const prompt = promptOf(88, 8);
      const stopped = await run(engine(), prompt, {
        stop: ['qqqqqqqqqqq'],
        sampling: { logitBias: [[letter, 100]] },
      });
      expect(stopped.tokenIds.length).toBe(11);
      const next = [...prompt.slice(0, 80), ...promptOf(9, 9)];
      const again = await run(engine(), next);
      expect(again.end.numCachedTokens).toBe(80);
      expect(essence(again)).toEqual(await fresh(engine(), next));
    });

    test.each(['read', 'write'] as const)('aborted while a %s of the host is under way', async (way) => {
      const prompt = promptOf(90, 16);
      const expected = await fresh(engine(), prompt);
      const controller = new AbortController();
      const reason = new Error('enough');
      const store = engine().runner.hostStore;
      const original = store[way].bind(store);
      let numHeld = 0;
      let open: () => void = () => undefined;
      const gate = new Promise<void>((resolve) => (open = resolve));
      vi.spyOn(store, way).mockImplementation(async (...args: Parameters<typeof store.read>) => {
        numHeld++;
        await gate;
        await original(...args);
      });
      const reading = run(engine(), promptOf(100, 17), {}).catch((error: unknown) => error);
      const aborted = answer(engine(), requestOf(promptOf(110, 18), { maxTokens: 60 }), controller.signal);
      await vi.waitFor(() => expect(numHeld).toBeGreaterThan(0), { timeout: 60_000 });
      controller.abort(reason);
      await expect(aborted).rejects.toBe(reason);
      open();
      await reading;
      vi.restoreAllMocks();
      expect(await fresh(engine(), prompt)).toEqual(expected);
    });
  });
}
