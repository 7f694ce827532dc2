/** Sparse follow-ups: what is attended, against plain attention over plainly selected pages, and what does not change it. */
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { pagesFor, pageTokens, type PageIndex, type Slot } from '../../src/cache/page';
import type { EngineCore } from '../../src/engine/engine';
import type { KvOptions } from '../../src/engine/memory-plan';
import { BufferAccount, type GpuBuffer } from '../../src/gpu/buffer';
import { readBuffer } from '../../src/gpu/readback';
import { attend } from '../../src/reference/attention/attend';
import { useClock } from '../support/clock';
import { expectClose } from '../support/compare';
import { answer, loadEngine, promptOf, requestOf, type Answer } from '../support/engine';
import { retrievingProfile } from '../support/head-profile';
import { tinyLlamaModel } from '../support/models';
import { bestPages } from '../support/policy-simulator';

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
    sets.push({ layer, kvHead, pages: [...pages], slots: pages.map((page) => slots.get(page)!) });
  });
  return sets;
}

/** Pages `pages` of a head of the sequence that was run last, as the host has them. */
function hostPages({ runner }: EngineCore, layer: number, kvHead: number, pages: readonly number[]) {
  const { cache, hostStore } = runner;
  const sequence = cache.numPages(0) > cache.numPages(1) ? 0 : 1;
  const bytes = new Uint8Array(pages.length * hostStore.shape.pageBytes);
  const ids = pages.map((page) => cache.pagesOf(sequence)[page]!);
  expect(hostStore.read(layer, kvHead, ids, bytes)).toBeUndefined();
  return bytes;
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

describe('pages of f32, two heads that attend everything', () => {
  const exactHeads = [1, 4];
  let engine: EngineCore;
  const buffers = new Map<string, GpuBuffer>();
  beforeAll(async () => {
    const create = vi.spyOn(BufferAccount.prototype, 'create');
    const model = tinyLlamaModel();
    const headProfile = await retrievingProfile(model, exactHeads);
    engine = await loadEngine(model, { weights: 'f32', kv: { ...sparse, format: 'f32', headProfile } });
    create.mock.results.forEach(({ value }) => {
      const buffer = value as GpuBuffer;
      buffers.set(buffer.label, buffer);
    });
    create.mockRestore();
  });
  afterEach(() => {
    vi.restoreAllMocks();
    engine.runner.cache.checkIntegrity();
  });
  afterAll(() => engine.dispose());

  /** Copies queries and results of each layer once all rows of a segment of `numRows` are attended. */
  function watchAttention(numRows: number) {
    const { recorder } = engine.runner;
    const names = ['segmentQkv', 'segmentAttended', 'ownTile'] as const;
    const copies: Record<(typeof names)[number], GpuBuffer>[] = [];
    const dispatch = recorder.dispatch.bind(recorder);
    vi.spyOn(recorder, 'dispatch').mockImplementation((bound, params, grid, list) => {
      dispatch(bound, params, grid, list);
      const values = params as Readonly<Record<string, number>>;
      if (!bound.kernel.name.startsWith('attention/prefill-attention') || !values.isLast) return;
      if (values.firstRow! + values.numRows! !== numRows) return;
      const copied = names.map((name) => {
        const { sizeBytes } = buffers.get(name)!;
        const target = engine.device.buffers.create({ label: name, category: 'staging', sizeBytes });
        recorder.copy(buffers.get(name)!, 0, target, 0, sizeBytes);
        return [name, target] as const;
      });
      copies.push(Object.fromEntries(copied) as (typeof copies)[number]);
    });
    return async () => {
      const layers = [];
      for (const copied of copies) {
        const read = async (name: (typeof names)[number]) => {
          const values = new Float32Array(await readBuffer(engine.device, copied[name]));
          copied[name].destroy();
          return values;
        };
        layers.push({
          qkv: await read('segmentQkv'),
          attended: await read('segmentAttended'),
          tile: await read('ownTile'),
        });
      }
      return layers;
    };
  }

  test.each([
    ['with a page that has no partner', context.length - 16],
    ['all pages in pairs', context.length],
  ])(
    'each head attends what it selects, and the set that it begins with is in its place: %s',
    async (_, length) => {
      const prompt = [...context.slice(0, length), ...question];
      const numCached = pageTokens * Math.floor(length / pageTokens);
      const numRows = prompt.length - numCached;
      await prepare(engine, context.slice(0, length));
      const streamedBefore = engine.stats().kv.streamedBytes;
      const sets = watchSets(engine);
      const readLayers = watchAttention(numRows);
      expect((await run(engine, prompt, 1)).end.numCachedTokens).toBe(numCached);
      const layers = await readLayers();
      await expectPlaced(engine, sets, Math.floor(prompt.length / pageTokens));

      const { numLayers, numHeads, numKvHeads, headDim } = engine.config;
      const { unstable, pagesPerHead } = engine.runner.cache.shape;
      const group = numHeads / numKvHeads;
      const stride = (numHeads + 2 * numKvHeads) * headDim;
      const pageFloats = 2 * pageTokens * headDim;
      const sparsePages = numCached / pageTokens - ((numCached / pageTokens) % 2);
      const numFull = Math.floor(prompt.length / pageTokens);
      expect([layers.length, pagesPerHead]).toEqual([numLayers, budget]);
      let numStreamed = 0;
      for (const [layer, { qkv, attended, tile }] of layers.entries()) {
        // The last layer attends for the last token alone.
        const firstRow = layer === numLayers - 1 ? numRows - 1 : 0;
        for (let kvHead = 0; kvHead < numKvHeads; kvHead++) {
          const allFull = Array.from({ length: numFull }, (_, page) => page);
          const keys = new Float32Array(hostPages(engine, layer, kvHead, allFull).buffer);
          const queryOf = (row: number, head: number) =>
            qkv.subarray(row * stride + head * headDim, row * stride + (head + 1) * headDim);
          const bound = (page: number, query: Float32Array) =>
            query.reduce((sum, q, i) => {
              const ofPage = Array.from(
                { length: pageTokens },
                (_, t) => q * keys[page * pageFloats + t * headDim + i]!,
              );
              return sum + Math.max(...ofPage);
            }, 0);
          const scoresOf = (numPages: number, from: number) =>
            Array.from({ length: numPages }, (_, page) => {
              if (page === numPages - 1) return Infinity;
              let best = -Infinity;
              for (let row = from; row < numRows; row++) {
                for (let head = kvHead * group; head < (kvHead + 1) * group; head++) {
                  best = Math.max(best, bound(page, queryOf(row, head)));
                }
              }
              return best;
            });
          const ofLast = bestPages(scoresOf(pagesFor(prompt.length), numRows - 1), budget);
          const isExact = exactHeads.includes(layer * numKvHeads + kvHead);
          const pages = isExact
            ? Array.from({ length: sparsePages }, (_, page) => page)
            : [...new Set([...bestPages(scoresOf(sparsePages, firstRow), budget), ...ofLast])].filter(
                (page) => page < sparsePages,
              );
          if (!isExact) expect(pages.length).toBeLessThanOrEqual(2 * budget);
          const isStable = !unstable.has(layer, kvHead);
          if (isStable) {
            numStreamed += pages.length + numCached / pageTokens - sparsePages;
            expect(sets.find((set) => set.layer === layer && set.kvHead === kvHead)!.pages).toEqual(ofLast);
          }
          // The pages of the host, then those of the segment's own tile.
          const ownPages = pagesFor(prompt.length) - sparsePages;
          const tilePages = tile.length / (numKvHeads * pageFloats);
          const own = tile.subarray(
            kvHead * tilePages * pageFloats,
            (kvHead * tilePages + ownPages) * pageFloats,
          );
          const load = (index: number) => (index < keys.length ? keys[index]! : own[index - keys.length]!);
          const pairAt = (page: number, token: number) => {
            const key = page * pageFloats + token * headDim;
            return { key, value: key + pageTokens * headDim };
          };
          const earlier = pages.flatMap((page) =>
            Array.from({ length: pageTokens }, (_, token) => pairAt(page, token)),
          );
          for (let row = firstRow; row < numRows; row++) {
            const visible = Array.from({ length: numCached + row + 1 - sparsePages * pageTokens }, (_, t) =>
              pairAt(numFull + Math.floor(t / pageTokens), t % pageTokens),
            );
            for (let head = kvHead * group; head < (kvHead + 1) * group; head++) {
              const at = (row * numHeads + head) * headDim;
              const wanted = attend(queryOf(row, head), [...earlier, ...visible], load, headDim ** -0.5);
              const tolerance = { absolute: 1e-5, relative: 1e-4 };
              expectClose(
                attended.subarray(at, at + headDim),
                Float32Array.from(wanted),
                tolerance,
                `layer ${layer}, row ${row}, head ${head}`,
              );
            }
          }
        }
      }
      const { pageBytes } = engine.runner.cache.layout;
      const streamed = engine.stats().kv.streamedBytes - streamedBefore;
      expect(streamed).toBe(numStreamed * pageBytes);
      // Exact attention reads all pages of the three stable heads.
      expect(streamed).toBeLessThan((3 * numCached * pageBytes) / pageTokens / 2);
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
  engine.runner.cache.checkIntegrity();
  await engine.dispose();
  expect(engine.device.buffers.use.total).toBe(0);
});
