/** Watching the hierarchy: the map of a sequence's pages, the events of its reranks, the figures, while an answer runs. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CacheEvent, RerankEvent } from '../../src/runner/cache-event';
import { pageBits, type CacheMap } from '../../src/runner/cache-map';
import type { EngineCore } from '../../src/engine/engine';
import { checkIntegrity } from '../../tools/util/check-integrity';
import { answer, loadEngine, promptOf, requestOf } from '../support/engine';
import { tinyLlamaModel } from '../../tools/tiny-models/models';

const [numLayers, numKvHeads, pagesPerHead, interval] = [3, 2, 4, 8];

let engine: EngineCore;
beforeAll(async () => {
  const kv = {
    contextTokens: 512,
    numSequences: 1,
    pagesPerHead,
    unstableShare: 0.5,
    rerankInterval: interval,
    rerankStagger: false,
  };
  engine = await loadEngine(tinyLlamaModel(), { kv });
});
afterAll(async () => {
  checkIntegrity(engine.runner.cache);
  await engine.dispose();
});

const request = (length: number, maxTokens: number) =>
  requestOf(promptOf(length, 1), { maxTokens, ignoreEos: true });

/** Pages of a head that have a bit. */
function pagesWith(map: CacheMap, head: number, bit: number): number[] {
  const own = map.pages.subarray(head * map.numPages, (head + 1) * map.numPages);
  return [...own.keys()].filter((page) => (own[page]! & bit) !== 0);
}

test('a map in mid-answer: every head attends what it has; every full page has a copy', async () => {
  const maps: CacheMap[] = [];
  let numTokens = 0;
  for await (const event of engine.generate(request(150, 70))) {
    if (event.kind !== 'delta' || ++numTokens % 20 !== 0) continue;
    // Two at once share one buffer.
    const [map, again] = await Promise.all([engine.cacheMap(), engine.cacheMap()]);
    expect(again.numPages).toBeGreaterThanOrEqual(map.numPages);
    maps.push(map);
  }
  expect(maps.length).toBe(3);
  for (const map of maps) {
    expect(map).toMatchObject({ numLayers, numKvHeads, pagesPerHead });
    expect([...map.isUnstable]).toEqual([1, 0, 1, 0, 1, 0]);
    expect(map.numPages).toBeGreaterThanOrEqual(10);
    for (let head = 0; head < numLayers * numKvHeads; head++) {
      const [resident, attended] = [pagesWith(map, head, 1), pagesWith(map, head, 4)];
      // The copies of the latest pages may still be on their way.
      expect(pagesWith(map, head, pageBits.host).length).toBeGreaterThanOrEqual(map.numPages - 2);
      expect(pagesWith(map, head, pageBits.disk)).toEqual([]);
      if (map.isUnstable[head]) {
        expect(resident.length).toBe(map.numPages);
        expect(attended.length).toBe(pagesPerHead);
      } else {
        expect(resident).toEqual(attended);
        expect(resident.length).toBeLessThanOrEqual(pagesPerHead + 2);
      }
      expect(attended).toContain(map.numPages - 1);
    }
  }
  // An answer that is over leaves nothing of stable heads on the GPU.
  expect(pagesWith(await engine.cacheMap(), 1, pageBits.resident)).toEqual([]);
});

test('events say what each rerank brought; they add up to the figures; nobody listens, nothing is said', async () => {
  const before = engine.stats().kv;
  const events: CacheEvent[] = [];
  const others: CacheEvent[] = [];
  const stop = engine.onCacheEvent((event) => events.push(event));
  const stopOther = engine.onCacheEvent((event) => others.push(event));
  await answer(engine, request(200, 50));
  stop();
  const after = engine.stats().kv;
  const reranks = events.filter((event): event is RerankEvent => event.kind === 'rerank');
  // Positions that are multiples of the interval select: 200 at step 1, and what comes is there four steps later.
  expect(reranks.map(({ step }) => step)).toEqual([5, 13, 21, 29, 37, 45]);
  expect(reranks.length).toBe(after.reranks - before.reranks);
  let numPromoted = 0;
  for (const { step, numPages, promotions, overlaps, reloadMs, reloadBytes } of reranks) {
    // Selected four steps before the flip; step 1 has the token at position 200.
    expect(numPages).toBe(Math.floor((200 + step - 4 - 1) / 16) + 1);
    expect(promotions.map(({ layer, kvHead }) => [layer, kvHead])).toEqual([
      [0, 1],
      [1, 1],
      [2, 1],
    ]);
    expect(overlaps.length).toBe(3);
    for (const overlap of overlaps) expect(overlap >= 0 && overlap <= 1).toBe(true);
    const numPromotedNow = promotions.reduce((sum, { pages }) => sum + pages.length, 0);
    expect(reloadBytes).toBe(numPromotedNow * engine.runner.cache.layout.pageBytes);
    expect(reloadMs).toBeGreaterThan(0);
    numPromoted += numPromotedNow;
  }
  expect(numPromoted).toBeGreaterThan(0);
  expect(numPromoted).toBe(after.promotions - before.promotions);
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const overlapSum = sum(reranks.flatMap(({ overlaps }) => overlaps));
  expect(overlapSum).toBeCloseTo(after.overlapSum - before.overlapSum, 9);
  expect(sum(reranks.map(({ reloadBytes }) => reloadBytes))).toBe(after.reloadBytes - before.reloadBytes);
  expect(sum(reranks.map(({ reloadMs }) => reloadMs))).toBeCloseTo(after.reloadMs - before.reloadMs, 6);
  const stalls = events.flatMap((event) => (event.kind === 'stall' ? [event.durationMs] : []));
  expect(stalls.length).toBe(after.stalls - before.stalls);
  expect(sum(stalls)).toBeCloseTo(after.stallMs - before.stallMs, 6);
  expect(after.stallShare).toBeLessThanOrEqual(1);
  expect(others).toEqual(events);

  const numEvents = events.length;
  stopOther();
  await answer(engine, request(200, 20));
  expect(engine.stats().kv.reranks).toBeGreaterThan(after.reranks);
  expect([events.length, others.length]).toEqual([numEvents, numEvents]);
});

test('bytes by tier: what is in use on the GPU, and the copies on the host', async () => {
  await answer(engine, request(200, 20));
  const { cache } = engine.runner;
  const { kv, memory } = engine.stats();
  // An idle sequence keeps its unstable heads' pages alone: one head of each layer.
  expect(kv.tierBytes.gpu).toBe(numLayers * cache.numPages(0) * cache.layout.pageBytes);
  const numFullPages = Math.floor((200 + 19) / 16);
  expect(kv.tierBytes.host).toBeGreaterThanOrEqual(
    numLayers * numKvHeads * numFullPages * cache.layout.pageBytes,
  );
  expect(kv.tierBytes.disk).toBe(0);
  expect(memory.hostBytes).toBe(kv.tierBytes.host);
});

test('a follow-up reads earlier pages of stable heads from the host', async () => {
  const first = await answer(engine, request(300, 2));
  const before = engine.stats().kv.streamedBytes;
  const next = [...promptOf(300, 1), ...first.tokenIds, ...promptOf(5, 2)];
  const { end } = await answer(engine, requestOf(next, { maxTokens: 2 }));
  expect(end.numCachedTokens).toBe(288);
  // 18 pages of one head in each layer.
  const { pageBytes } = engine.runner.cache.layout;
  expect(engine.stats().kv.streamedBytes - before).toBe(numLayers * 18 * pageBytes);
});

test('what an aborted answer still has under way does not reach the next one on its place', async () => {
  const next = requestOf(promptOf(120, 5), { maxTokens: 30, ignoreEos: true, logprobs: 5 });
  const expected = await answer(engine, next);
  for (const numTokens of [6, 7, 8]) {
    const controller = new AbortController();
    let seen = 0;
    const aborted = (async () => {
      for await (const event of engine.generate(request(220, 40), controller.signal)) {
        // Around a rerank, whose selection is on its way with steps that nobody waits for any more.
        if (event.kind === 'delta' && ++seen === numTokens) controller.abort(new Error('enough'));
      }
    })();
    await expect(aborted).rejects.toThrow('enough');
    const { logprobs } = await answer(engine, next);
    expect(logprobs).toEqual(expected.logprobs);
    checkIntegrity(engine.runner.cache);
  }
});
