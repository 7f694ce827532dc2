/** Digests of pages: the same whether a page filled in a prefill or in decoding, or came back from the host. */
import { describe, expect, test } from 'vitest';
import { inFullRun } from '../support/full-run';
import { numSummarySlots } from '../../src/cache/cache-layout';
import { wholePageTokens, type PageId } from '../../src/cache/page';
import type { EngineCore } from '../../src/engine/engine';
import { readBuffer } from '../../src/gpu/readback';
import { checkIntegrity } from '../../tools/util/check-integrity';
import { answer, loadEngine, promptOf, requestOf } from '../support/engine';
import { architectureModel, tinyLlamaModel } from '../../tools/tiny-models/models';

const kv = {
  selection: 'digest',
  contextTokens: 512,
  numSequences: 2,
  pagesPerHead: 4,
  unstableShare: 0.5,
  rerankInterval: 8,
} as const;

/** Digests of some pages, by layer and KV head. */
async function digestsOf({ device, runner }: EngineCore, ids: readonly PageId[]): Promise<Uint8Array[][]> {
  const { cache } = runner;
  const { summaryBytes } = cache.layout;
  const lists: Uint8Array[][] = [];
  for (const slab of cache.layers.flat()) {
    const bytes = new Uint8Array(await readBuffer(device, slab.summaries));
    for (let head = 0; head < slab.numKvHeads; head++) {
      const first = head * numSummarySlots(cache.shape);
      lists.push(ids.map((id) => bytes.slice((first + id) * summaryBytes, (first + id + 1) * summaryBytes)));
    }
  }
  return lists;
}

describe.each([
  ['f16', tinyLlamaModel(), {}],
  ['8 bits', tinyLlamaModel(), { format: 'int8' }],
  ...inFullRun(
    ['f32, on the host in 8 bits', tinyLlamaModel(), { format: 'f32', hostFormat: 'int8' }] as const,
    ['f32', architectureModel('llama-linear'), { format: 'f32' }] as const,
    ['f16, on the host in 8 bits', tinyLlamaModel(), { hostFormat: 'int8' }] as const,
  ),
] as const)('%s', (_, model, formats) => {
  test('a page that comes back has the digest that it had, and the answer goes on the same way', async () => {
    const load = () => loadEngine(model, { kv: { ...kv, ...formats } });
    const [first, second] = [await load(), await load()];
    const { vocabSize } = first.config;
    const options = { maxTokens: 70, ignoreEos: true };
    const prompt = promptOf(161, 7, vocabSize);
    const { tokenIds } = await answer(first, requestOf(prompt, options));
    const tokens = [...prompt, ...tokenIds];
    const numTokens = wholePageTokens(tokens.length - 1);
    const { cache, hostStore } = first.runner;
    const index = [0, 1].find((sequence) => cache.numPages(sequence) > 0)!;
    const fromIds = cache.pagesOf(index).slice(0, numTokens / 16);
    // Some filled in the prefill, some in decoding.
    expect(fromIds.length).toBeGreaterThan(13);
    let toIds: readonly PageId[] = [];
    await second.loop.restore(tokens.slice(0, numTokens), async (ids) => {
      toIds = [...ids];
      const { numLayers, numKvHeads, pageBytes } = hostStore.shape;
      const bytes = new Uint8Array(fromIds.length * pageBytes);
      for (let layer = 0; layer < numLayers; layer++) {
        for (let kvHead = 0; kvHead < numKvHeads; kvHead++) {
          await hostStore.read(layer, kvHead, fromIds, bytes);
          await second.runner.hostStore.write(layer, kvHead, ids, bytes);
        }
      }
    });
    for (const { device, runner } of [first, second]) {
      expect(device.buffers.use.peakTotal).toBeLessThanOrEqual(runner.plan.totalGpuBytes);
    }
    const wanted = await digestsOf(first, fromIds);
    expect(await digestsOf(second, toIds)).toEqual(wanted);
    // Not all the same, nor nought.
    expect(new Set(wanted.flat().map(String)).size).toBe(wanted.flat().length);
    const further = requestOf([...tokens, ...promptOf(9, 3, vocabSize)], options);
    const [goesOn, goesOnToo] = [await answer(first, further), await answer(second, further)];
    expect(goesOnToo.end.numCachedTokens).toBe(goesOn.end.numCachedTokens);
    expect(goesOnToo.tokenIds).toEqual(goesOn.tokenIds);
    for (const engine of [first, second]) {
      checkIntegrity(engine.runner.cache);
      await engine.dispose();
      expect(engine.device.buffers.use.total).toBe(0);
    }
  });
});

test('a budget that holds all pages is exact, to the bit', async () => {
  const load = (pagesPerHead: number, unstableShare: number) =>
    loadEngine(tinyLlamaModel(), { weights: 'f32', kv: { ...kv, pagesPerHead, unstableShare } });
  const [dense, roomy] = [await load(32, 1), await load(31, 0)];
  const request = (isExact: boolean) =>
    requestOf(promptOf(330, 3), { maxTokens: 40, ignoreEos: true, logprobs: 3, isExact });
  const [wanted, got] = [await answer(dense, request(true)), await answer(roomy, request(false))];
  expect([got.tokenIds, got.logprobs]).toEqual([wanted.tokenIds, wanted.logprobs]);
  await dense.dispose();
  await roomy.dispose();
});
