/** Runs in a browser's worker: writes, reads and page reads of one disk store, timed. */
import type { HostStore, HostStoreShape, PageId } from '../../src/offload/host-store';
import { IndexedDbHostStore } from '../../src/offload/indexeddb-host-store';
import { OpfsHostStore } from '../../src/offload/opfs-host-store';
import { randomSource } from '../../tools/util/random';

/** What one store was measured to do. */
export interface StoreFigures {
  /** Pieces of 4 MiB, one after the other: 1,024 pages of one head. */
  readonly writeMegabytesPerSecond: number;
  readonly readMegabytesPerSecond: number;
  /** What moves to the disk at once: 4 MiB as runs of every head. */
  readonly moveMegabytesPerSecond: number;
  /** A rerank: about 20 pages of each of 48 heads, scattered, all asked for at once. */
  readonly rerankMs: number;
}

const megabyte = 1e6;
const pieceBytes = 4 * 2 ** 20;
/** The embedded 24-layer shape: pages of 16 tokens, head_dim 64, f16. */
const shape: HostStoreShape = { numLayers: 24, numKvHeads: 2, pageBytes: 4096 };
const numHeads = shape.numLayers * shape.numKvHeads;
const piecePages = pieceBytes / shape.pageBytes;
const numPieces = 16;
const movedPages = Math.ceil(piecePages / numHeads);
const rerankPages = 20;

const open: Record<string, () => Promise<HostStore>> = {
  IndexedDB: async () => new IndexedDbHostStore(shape),
  OPFS: () => OpfsHostStore.open(shape),
};

async function timed(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

const range = (start: number, length: number) => Array.from({ length }, (_, i) => (start + i) as PageId);

async function measure(store: HostStore): Promise<StoreFigures> {
  const next = randomSource(1);
  // Noise, because what repeats could be compressed.
  const bytes = Uint8Array.from({ length: pieceBytes }, () => 256 * next());
  const target = new Uint8Array(pieceBytes);
  const pieces = Array.from({ length: numPieces }, (_, piece) => range(piece * piecePages, piecePages));

  const writeMs = await timed(async () => {
    for (const pages of pieces) await store.write(0, 0, pages, bytes);
  });
  const readMs = await timed(async () => {
    for (const pages of pieces) await store.read(0, 0, pages, target);
  });
  if (target.some((byte, i) => byte !== bytes[i])) throw new Error('What was read is not what was written.');

  const numMoves = 8;
  const firstMoved = numPieces * piecePages;
  const moveBytes = movedPages * shape.pageBytes;
  const moveMs = await timed(async () => {
    for (let move = 0; move < numMoves; move++) {
      const pages = range(firstMoved + move * movedPages, movedPages);
      const heads = Array.from({ length: numHeads }, (_, head) => head);
      await Promise.all(
        heads.map(async (head) => store.write(head >> 1, head & 1, pages, bytes.subarray(0, moveBytes))),
      );
    }
  });

  const numReranks = 5;
  const rerankMs = await timed(async () => {
    for (let rerank = 0; rerank < numReranks; rerank++) {
      const reads = Array.from({ length: numHeads }, async (_, head) => {
        const scattered = range(firstMoved, numMoves * movedPages)
          .filter(() => next() < (2 * rerankPages) / (numMoves * movedPages))
          .slice(0, rerankPages);
        await store.read(head >> 1, head & 1, scattered, new Uint8Array(scattered.length * shape.pageBytes));
      });
      await Promise.all(reads);
    }
  });

  const perSecond = (sizeBytes: number, durationMs: number) => sizeBytes / megabyte / (durationMs / 1000);
  return {
    writeMegabytesPerSecond: perSecond(numPieces * pieceBytes, writeMs),
    readMegabytesPerSecond: perSecond(numPieces * pieceBytes, readMs),
    moveMegabytesPerSecond: perSecond(numMoves * numHeads * moveBytes, moveMs),
    rerankMs: rerankMs / numReranks,
  };
}

self.onmessage = async ({ data }: MessageEvent<string>) => {
  try {
    const store = await open[data]!();
    const figures = await measure(store);
    await store.close();
    self.postMessage({ figures });
  } catch (error) {
    self.postMessage({ error: String(error) });
  }
};
