/** Sequences brought back from the host's pages alone: what they answer is what a fresh engine answers, to the bit. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { wholePageTokens, type PageId } from '../../src/cache/page';
import type { EngineCore } from '../../src/engine/engine';
import type { KvOptions } from '../../src/runner/memory-plan';
import type { HostStore } from '../../src/offload/host-store';
import { checkIntegrity } from '../../tools/util/check-integrity';
import { answer, loadEngine, promptOf, requestOf, type Answer } from '../support/engine';
import { tinyLlamaModel } from '../../tools/tiny-models/models';

const options = { maxTokens: 30, logprobs: 5, ignoreEos: true };
const essence = ({ tokenIds, logprobs }: Answer) => ({ tokenIds, logprobs });
const kv: KvOptions = {
  contextTokens: 512,
  numSequences: 2,
  pagesPerHead: 4,
  unstableShare: 0.5,
  rerankInterval: 8,
};

/** Copies a sequence's pages from one store to another, as a disk or a lost device's store would give them. */
async function copyPages(
  from: HostStore,
  fromIds: readonly PageId[],
  to: HostStore,
  toIds: readonly PageId[],
): Promise<void> {
  const { numLayers, numKvHeads, pageBytes } = from.shape;
  const bytes = new Uint8Array(fromIds.length * pageBytes);
  for (let layer = 0; layer < numLayers; layer++) {
    for (let kvHead = 0; kvHead < numKvHeads; kvHead++) {
      await from.read(layer, kvHead, fromIds, bytes);
      await to.write(layer, kvHead, toIds, bytes);
    }
  }
}

describe('half of the heads stable, four pages each', () => {
  let first: EngineCore;
  let second: EngineCore;
  beforeAll(async () => {
    [first, second] = [
      await loadEngine(tinyLlamaModel(), { kv }),
      await loadEngine(tinyLlamaModel(), { kv }),
    ];
  });
  afterAll(async () => {
    for (const engine of [first, second]) {
      checkIntegrity(engine.runner.cache);
      await engine.dispose();
      expect(engine.device.buffers.use.total).toBe(0);
    }
  });

  test.each([
    [207, false],
    [208, true],
    [209, false],
  ])('a prompt of %i tokens goes on from its pages (same ids: %s)', async (length, isKeepingIds) => {
    const prompt = promptOf(length, length);
    const wanted = await answer(first, requestOf(prompt, options));
    const numTokens = wholePageTokens(length - 1);
    const cache = first.runner.cache;
    const numPages = numTokens / 16;
    // The sequence that ran last is the one with these pages.
    const index = [0, 1].find((sequence) => cache.numPages(sequence) > numPages)!;
    const fromIds = cache.pagesOf(index).slice(0, numPages);
    let toIds: readonly PageId[] = [];
    await second.loop.restore(
      prompt.slice(0, numTokens),
      (ids) => {
        toIds = [...ids];
        return copyPages(first.runner.hostStore, fromIds, second.runner.hostStore, ids);
      },
      isKeepingIds ? { ids: fromIds } : {},
    );
    if (isKeepingIds) expect(toIds).toEqual(fromIds);
    const { end, ...got } = await answer(second, requestOf(prompt, options));
    expect(end.numCachedTokens).toBe(numTokens);
    expect(essence({ end, ...got })).toEqual(essence(wanted));
    // Both forget, for the next length.
    for (const engine of [first, second]) {
      await Promise.all([1, 2].map((seed) => answer(engine, requestOf(promptOf(3, seed), { maxTokens: 1 }))));
    }
  });

  test('pages that cannot be read leave nothing behind', async () => {
    const failure = new Error('no such page');
    const numFree = second.runner.cache.numFreePages;
    const failing = second.loop.restore(promptOf(64), () => {
      throw failure;
    });
    await expect(failing).rejects.toBe(failure);
    expect(second.runner.cache.numFreePages).toBeGreaterThanOrEqual(numFree);
    checkIntegrity(second.runner.cache);
  });

  test('what exceeds all sequences together is refused', async () => {
    await expect(second.loop.restore(promptOf(512 * 4), () => undefined)).rejects.toMatchObject({
      code: 'context-too-long',
    });
  });
});
