/** What decode steps fill arrives on the host, copied from where they are or gathered, and as the pools have it. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { HeadSet } from '../../src/cache/head-set';
import { KvCache } from '../../src/cache/kv-cache';
import type { PageIndex } from '../../src/cache/page';
import type { GpuBuffer } from '../../src/gpu/buffer';
import { Recorder } from '../../src/gpu/recorder';
import { PageGatherer } from '../../src/graph/page-gatherer';
import { MemoryHostStore } from '../../src/offload/memory-host-store';
import { Offloader } from '../../src/offload/offloader';
import { Reloader } from '../../src/offload/reloader';
import { FilledPages } from '../../src/runner/filled-pages';
import { riddenRow } from '../../src/runner/step-rider';
import { useDevice } from '../kernels/use-device';

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
  maxPages: 6,
  unstable: new HeadSet(2, 3, [1]),
  exactHeads: new HeadSet(2, 3, []),
  pagesPerHead: 2,
  slotsPerStableHead: 4,
  numPageIds: 12,
} as const;
const numPages = shape.numLayers * shape.numKvHeads;

const gpu = useDevice();
let recorder: Recorder;
let cache: KvCache;

beforeAll(async () => {
  recorder = new Recorder(gpu.compiler);
  cache = await KvCache.create(gpu.compiler, shape);
  for (const { pool } of cache.layers.flat()) {
    const words = Uint32Array.from({ length: pool.sizeBytes / 4 }, (_, i) => wordAt(pool, i));
    gpu.device.write(pool, 0, words);
  }
});
afterAll(() => {
  cache.destroy();
  recorder.destroy();
});

/** What stands in a pool, other in each of them. */
function wordAt({ sizeBytes }: GpuBuffer, index: number): number {
  return 1000 * sizeBytes + index;
}

/** Fills page 1 of one sequence and page 2 of another in one step. @returns the bytes of each copy that this took */
async function leave(isGathered: boolean) {
  const { device, compiler } = gpu;
  const { pageBytes } = cache.layout;
  const store = new MemoryHostStore({ ...shape, pageBytes }, 2 ** 20);
  const offloader = new Offloader(device, store, cache, 2 * numPages * pageBytes);
  const reloader = await Reloader.create(compiler, store, [], { ...shape, numUploads: 0 });
  const gathered = device.buffers.create({
    label: 'page',
    category: 'tiles',
    sizeBytes: numPages * pageBytes,
  });
  const gatherer = isGathered ? await PageGatherer.create(compiler, cache, gathered) : undefined;
  const pages = new FilledPages(
    cache,
    { offloader, reloader, isKept: () => true },
    { gatherer, digests: undefined },
  );
  const sequences = [cache.takeSequence()!, cache.takeSequence()!];
  const rows = sequences.map((sequence, i) => {
    const position = 31 + 16 * i;
    cache.extend(sequence, position + 1, true);
    return riddenRow({ sequence, position, isExact: false });
  });
  const copies: number[] = [];
  const copy = recorder.copy.bind(recorder);
  recorder.copy = (...args) => {
    copies.push(args[4]);
    copy(...args);
  };
  pages.after(recorder, rows);
  recorder.copy = copy;
  recorder.submit();
  await offloader.settled();
  for (const { sequence, position } of rows) {
    const page = Math.floor(position / 16) as PageIndex;
    for (let list = 0; list < numPages; list++) {
      const [layer, kvHead] = [Math.floor(list / shape.numKvHeads), list % shape.numKvHeads];
      const bytes = new Uint8Array(pageBytes);
      store.read(layer, kvHead, [cache.pagesOf(sequence)[page]!], bytes);
      const { pool } = cache.slabOf(layer, kvHead);
      const first = (cache.table.get(layer, sequence, kvHead, page) * pageBytes) / 4;
      expect([...new Uint32Array(bytes.buffer)]).toEqual(
        Array.from({ length: pageBytes / 4 }, (_, i) => wordAt(pool, first + i)),
      );
    }
  }
  for (const sequence of sequences) cache.releaseSequence(sequence);
  for (const part of [offloader, reloader, gathered]) part.destroy();
  return copies;
}

test('neighbours by one copy, or all of a page by one', async () => {
  const plain = await leave(false);
  const gathered = await leave(true);
  const { pageBytes } = cache.layout;
  expect(plain.length).toBeGreaterThan(2);
  expect(plain.reduce((sum, bytes) => sum + bytes)).toBe(2 * numPages * pageBytes);
  expect(gathered).toEqual([numPages * pageBytes, numPages * pageBytes]);
});
