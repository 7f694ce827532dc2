/** The cache on the GPU: its tables are the host's, whole pages are shared, and the integrity check can fail. */
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { HeadSet } from '../../src/cache/head-set';
import { KvCache } from '../../src/cache/kv-cache';
import { notResident, type PageIndex } from '../../src/cache/page';
import { readBuffer } from '../../src/gpu/readback';
import { Recorder } from '../../src/gpu/recorder';
import { useDevice } from '../kernels/use-device';
import { checkIntegrity } from '../../tools/util/check-integrity';

const shape = {
  format: 'f16',
  hostFormat: 'f16',
  selection: 'minmax',
  rerankQueries: 1,
  window: 1,
  sinks: 0,
  numLayers: 2,
  numKvHeads: 3,
  headDim: 8,
  numSequences: 2,
  maxPages: 5,
  unstable: HeadSet.all(2, 3),
  exactHeads: new HeadSet(2, 3, []),
  pagesPerHead: 5,
  slotsPerStableHead: 0,
  numPageIds: 7,
} as const;

const gpu = useDevice();
let recorder: Recorder;
let cache: KvCache;

beforeAll(async () => {
  recorder = new Recorder(gpu.compiler);
});
beforeEach(async () => {
  cache = await KvCache.create(gpu.compiler, shape);
});
afterEach(() => {
  recorder.submit();
  cache.destroy();
});

const words = async (buffer: Parameters<typeof readBuffer>[1]) =>
  new Uint32Array(await readBuffer(gpu.device, buffer));

/** Every resident entry of the host's block table stands in the GPU's, and every summary entry names one slot. */
async function expectTables(): Promise<void> {
  cache.flush(recorder);
  recorder.submit();
  const [onGpu, summaries] = [await words(cache.blockTable), await words(cache.pageTable)];
  const { numLayers, numSequences, numKvHeads, maxPages } = shape;
  let numChecked = 0;
  for (let layer = 0; layer < numLayers; layer++)
    for (let sequence = 0; sequence < numSequences; sequence++)
      for (let head = 0; head < numKvHeads; head++)
        for (let page = 0; page < cache.numPages(sequence); page++) {
          const slot = cache.table.get(layer, sequence, head, page as PageIndex);
          expect(slot).not.toBe(notResident);
          expect(onGpu[((layer * numSequences + sequence) * numKvHeads + head) * maxPages + page]).toBe(slot);
          expect(summaries[sequence * maxPages + page]).toBeLessThan(shape.numPageIds);
          numChecked++;
        }
  expect(numChecked).toBeGreaterThan(0);
  checkIntegrity(cache);
}

test('tables on the GPU follow extend, share and truncate', async () => {
  const [a, b] = [cache.takeSequence()!, cache.takeSequence()!];
  expect(cache.takeSequence()).toBeUndefined();
  cache.extend(a, 40, false);
  await expectTables();
  cache.share(a, b, 2);
  cache.extend(b, 50, false);
  await expectTables();
  expect(cache.numFreePages).toBe(7 - 3 - 2);
  cache.truncate(a, 16);
  cache.extend(a, 33, false);
  await expectTables();
  cache.releaseSequence(a);
  cache.releaseSequence(b);
  checkIntegrity(cache);
  expect(cache.numFreePages).toBe(7);
});

test('what truncation frees is known beforehand, shared pages counted once their last owner lets go', () => {
  const [a, b] = [cache.takeSequence()!, cache.takeSequence()!];
  cache.extend(a, 64, false);
  cache.share(a, b, 3);
  cache.extend(b, 80, false);
  const numFree = cache.numFreePages;
  const cut = (sequence: number, numTokens: number) => ({ sequence, numTokens });
  expect(cache.numFreedBy([])).toBe(0);
  expect(cache.numFreedBy([cut(a, 0)])).toBe(1);
  expect(cache.numFreedBy([cut(b, 0)])).toBe(2);
  expect(cache.numFreedBy([cut(a, 17), cut(b, 16)])).toBe(1 + 2 + 1);
  cache.truncate(a, 17);
  cache.truncate(b, 16);
  expect(cache.numFreePages).toBe(numFree + 4);
});

test('the integrity check finds an owner too many and one too few', () => {
  const a = cache.takeSequence()!;
  cache.extend(a, 20, false);
  checkIntegrity(cache);
  const { owners } = cache.layers[1]![0]!;
  const slot = cache.table.get(1, a, 2, 1 as PageIndex);
  owners.share(slot);
  expect(() => checkIntegrity(cache)).toThrow(`layer 1, slot ${slot}: 2 owners, 1 users`);
  owners.release(slot);
  checkIntegrity(cache);
  owners.release(slot);
  expect(() => checkIntegrity(cache)).toThrow(`layer 1, slot ${slot}: 0 owners, 1 users`);
});

test('misuse is a broken invariant', () => {
  const [a, b] = [cache.takeSequence()!, cache.takeSequence()!];
  expect(() => cache.extend(a, 81, false)).toThrow('6 pages are more than a sequence may have');
  cache.extend(a, 80, false);
  expect(() => cache.extend(b, 33, false)).toThrow('the page pool has no free slot');
  cache.truncate(b, 0);
  expect(() => cache.share(a, b, 1)).not.toThrow();
  expect(() => cache.share(a, b, 1)).toThrow('only an empty sequence takes a shared prefix');
  cache.releaseSequence(a);
  expect(() => cache.releaseSequence(a)).toThrow(`sequence ${a} is not taken`);
});
