/** Pages on their way from the host to their slots: through mapped buffers, and through ordinary memory where none is free. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PageId, Slot } from '../../src/cache/page';
import type { GpuBuffer } from '../../src/gpu/buffer';
import type { Device } from '../../src/gpu/device';
import { KernelCompiler } from '../../src/gpu/kernel';
import { readBuffer } from '../../src/gpu/readback';
import { Recorder } from '../../src/gpu/recorder';
import { MemoryHostStore } from '../../src/offload/memory-host-store';
import { Reloader } from '../../src/offload/reloader';
import { pieceBytes } from '../../src/offload/upload-pieces';
import { requestTestDevice } from '../kernels/harness';

// Three pages a piece, twelve in the staging buffer.
const pageBytes = 300 * 1024;
const numPages = 32;
const ids = Array.from({ length: numPages }, (_, id) => id as PageId);
const formats = { format: 'f16', hostFormat: 'f16', headDim: 8 } as const;

let device: Device;
let compiler: KernelCompiler;
let recorder: Recorder;
let pools: GpuBuffer[];
let store: MemoryHostStore;

beforeAll(async () => {
  device = await requestTestDevice();
  compiler = new KernelCompiler(device);
  recorder = new Recorder(compiler);
  pools = [0, 1].map((pool) =>
    device.buffers.create({ label: `pool ${pool}`, category: 'kv', sizeBytes: numPages * pageBytes }),
  );
  store = new MemoryHostStore({ numLayers: 1, numKvHeads: 2, pageBytes }, 2 ** 26);
  for (const kvHead of [0, 1]) {
    const bytes = new Uint8Array(numPages * pageBytes);
    new Uint32Array(bytes.buffer).forEach((_, i, words) => (words[i] = kvHead * 1e6 + i));
    store.write(0, kvHead, ids, bytes);
  }
});
afterAll(() => {
  recorder.destroy();
  for (const pool of pools) pool.destroy();
  expect(device.buffers.use.total).toBe(0);
  device.destroy();
});

/** Brings `numOfFirst` pages of head 0 and 5 of head 1 to slots in reverse order, and looks at them. */
async function expectArrival(reloader: Reloader, numOfFirst: number): Promise<void> {
  const wanted = [
    { layer: 0, kvHead: 0, ids: ids.slice(1, 1 + numOfFirst) },
    { layer: 0, kvHead: 1, ids: ids.slice(7, 12) },
  ];
  const fetched = await reloader.fetch(wanted);
  expect(fetched.numBytes).toBe((numOfFirst + 5) * pageBytes);
  const promoted = wanted.map((head, i) => ({
    pool: pools[i]!,
    slots: head.ids.map((_, page) => (numPages - 1 - page) as Slot),
  }));
  reloader.record(recorder, promoted, fetched);
  recorder.submit();
  for (const { kvHead, ids: arrived } of wanted) {
    const words = new Uint32Array(await readBuffer(device, pools[kvHead]!));
    arrived.forEach((id, page) => {
      const first = ((numPages - 1 - page) * pageBytes) / 4;
      const last = first + pageBytes / 4 - 1;
      const expected = kvHead * 1e6 + (id * pageBytes) / 4;
      expect([words[first], words[last]]).toEqual([expected, expected + last - first]);
    });
  }
}

test.each([0, 1, 3, 20])(
  'pages of two heads arrive by %i mapped buffers, time and again',
  async (numUploads) => {
    expect(pieceBytes(pageBytes)).toBe(3 * pageBytes);
    const reloader = await Reloader.create(compiler, store, pools, { ...formats, numUploads });
    // Fewer than a piece holds, several pieces, and more than the staging buffer holds.
    for (const numOfFirst of [1, 8, 27, 2]) await expectArrival(reloader, numOfFirst);
    reloader.destroy();
  },
);

test('what is dropped, or could not be read, leaves its buffers to others', async () => {
  const reloader = await Reloader.create(compiler, store, pools, { ...formats, numUploads: 2 });
  const few = [{ layer: 0, kvHead: 0, ids: ids.slice(0, 6) }];
  reloader.drop(await reloader.fetch(few));
  await expect(reloader.fetch([...few, { layer: 0, kvHead: 1, ids: [99 as PageId] }])).rejects.toThrow(
    'page 99',
  );
  // With both buffers free a flip is one submission; ordinary memory would take one more where something is recorded.
  const fetched = await reloader.fetch(few);
  const before = recorder.counts.submits;
  recorder.clear(pools[1]!, 0, 4);
  reloader.record(recorder, [{ pool: pools[0]!, slots: few[0]!.ids as unknown as Slot[] }], fetched);
  recorder.submit();
  expect(recorder.counts.submits).toBe(before + 1);
  reloader.destroy();
});
