/** A sparse follow-up over again on the CPU: pages selected and attended plainly, from what the host has of them. */
import { expect, vi } from 'vitest';
import { pagesFor, pageTokens } from '../../src/cache/page';
import type { EngineCore } from '../../src/engine/engine';
import { BufferAccount, type GpuBuffer } from '../../src/gpu/buffer';
import { readBuffer } from '../../src/gpu/readback';
import { attend } from '../../src/reference/attention/attend';
import { expectClose } from './compare';
import { bestPages } from './policy-simulator';

const watched = ['segmentQkv', 'segmentAttended', 'ownTile'] as const;
type Watched = (typeof watched)[number];
/** What a layer's buffers held once a segment was attended. */
type AttendedLayer = Readonly<Record<Watched, Float32Array>>;

/** Loads an engine and notes the buffers that `watchAttention` copies from. */
export async function loadWatched(load: () => Promise<EngineCore>) {
  const create = vi.spyOn(BufferAccount.prototype, 'create');
  const engine = await load();
  const created = create.mock.results.map(({ value }) => value as GpuBuffer);
  create.mockRestore();
  const buffers = new Map(created.map((buffer) => [buffer.label, buffer]));
  return { engine, watchAttention: (numRows: number) => watchAttention(engine, buffers, numRows) };
}

/** Copies what each layer holds once all rows of a segment of `numRows` are attended; the result reads the copies. */
function watchAttention(engine: EngineCore, buffers: ReadonlyMap<string, GpuBuffer>, numRows: number) {
  const { recorder } = engine.runner;
  const copies: Record<Watched, GpuBuffer>[] = [];
  const dispatch = recorder.dispatch.bind(recorder);
  vi.spyOn(recorder, 'dispatch').mockImplementation((bound, params, grid, list) => {
    dispatch(bound, params, grid, list);
    const { isLast, firstRow, numRows: rows } = params;
    if (!bound.kernel.name.startsWith('attention/prefill-attention') || !isLast) return;
    if (firstRow! + rows! !== numRows) return;
    const copied = watched.map((label) => {
      const { sizeBytes } = buffers.get(label)!;
      const target = engine.device.buffers.create({ label, category: 'staging', sizeBytes });
      recorder.copy(buffers.get(label)!, 0, target, 0, sizeBytes);
      return [label, target] as const;
    });
    copies.push(Object.fromEntries(copied) as Record<Watched, GpuBuffer>);
  });
  return async () => {
    const layers: AttendedLayer[] = [];
    for (const copied of copies) {
      const entries: [Watched, Float32Array][] = [];
      for (const label of watched) {
        entries.push([label, new Float32Array(await readBuffer(engine.device, copied[label]))]);
        copied[label].destroy();
      }
      layers.push(Object.fromEntries(entries) as AttendedLayer);
    }
    return layers;
  };
}

/** Pages of a head of the sequence that has most, as the host has them. */
export function hostPages({ runner }: EngineCore, layer: number, kvHead: number, pages: readonly number[]) {
  const { cache, hostStore } = runner;
  const sequence = cache.numPages(0) > cache.numPages(1) ? 0 : 1;
  const bytes = new Uint8Array(pages.length * hostStore.shape.pageBytes);
  const ids = pages.map((page) => cache.pagesOf(sequence)[page]!);
  expect(hostStore.read(layer, kvHead, ids, bytes)).toBeUndefined();
  return bytes;
}

/** A prompt of `numTokens` whose first `numCached` were cached, prefilled in one segment, with pages of f32. */
export interface FollowUp {
  readonly engine: EngineCore;
  readonly numTokens: number;
  readonly numCached: number;
}

/** What a head should have attended and selected. */
export interface ExpectedHead {
  readonly layer: number;
  readonly kvHead: number;
  readonly isStable: boolean;
  /** Pages before the segment's tile that are attended, in no order. */
  readonly pages: readonly number[];
  /** Pages that the prompt's last token selects, ascending. */
  readonly ofLast: readonly number[];
}

/** Compares all that `layers` hold with attention on the CPU. Gives what each head should have attended. */
export function expectAttended(followUp: FollowUp, layers: readonly AttendedLayer[]): ExpectedHead[] {
  const { numLayers, numKvHeads } = followUp.engine.config;
  expect(layers.length).toBe(numLayers);
  return layers.flatMap((attendedLayer, layer) =>
    Array.from({ length: numKvHeads }, (_, kvHead) => expectHead(followUp, attendedLayer, layer, kvHead)),
  );
}

function expectHead(
  { engine, numTokens, numCached }: FollowUp,
  { segmentQkv, segmentAttended, ownTile }: AttendedLayer,
  layer: number,
  kvHead: number,
): ExpectedHead {
  const { numLayers, numHeads, numKvHeads, headDim, layers } = engine.config;
  const { unstable, exactHeads, pagesPerHead: budget } = engine.runner.cache.shape;
  const window = layers[layer]!.slidingWindow ?? Infinity;
  const group = numHeads / numKvHeads;
  const stride = (numHeads + 2 * numKvHeads) * headDim;
  const pageFloats = 2 * pageTokens * headDim;
  const numRows = numTokens - numCached;
  // The last layer attends for the last token alone.
  const firstRow = layer === numLayers - 1 ? numRows - 1 : 0;
  const sparsePages = 2 * Math.floor(numCached / pageTokens / 2);
  const numFull = Math.floor(numTokens / pageTokens);
  const heads = Array.from({ length: group }, (_, i) => kvHead * group + i);
  const fullPages = Array.from({ length: numFull }, (_, page) => page);
  const stored = new Float32Array(hostPages(engine, layer, kvHead, fullPages).buffer);

  const queryOf = (row: number, head: number) =>
    segmentQkv.subarray(row * stride + head * headDim, row * stride + (head + 1) * headDim);
  const bound = (page: number, query: Float32Array) =>
    query.reduce((sum, q, i) => {
      const keyAt = (token: number) => stored[page * pageFloats + token * headDim + i]!;
      return sum + Math.max(...Array.from({ length: pageTokens }, (_, token) => q * keyAt(token)));
    }, 0);
  const scoresOf = (numPages: number, from: number) => {
    const rows = Array.from({ length: numRows - from }, (_, i) => from + i);
    const queries = rows.flatMap((row) => heads.map((head) => queryOf(row, head)));
    return Array.from({ length: numPages }, (_, page) =>
      page === numPages - 1 ? Infinity : Math.max(...queries.map((query) => bound(page, query))),
    );
  };
  const ofLast = bestPages(scoresOf(pagesFor(numTokens), numRows - 1), budget);
  const selected = new Set([...bestPages(scoresOf(sparsePages, firstRow), budget), ...ofLast]);
  const isExact = exactHeads.has(layer, kvHead) || window < Infinity;
  const pages = fullPages.filter((page) => page < sparsePages && (isExact || selected.has(page)));

  // Keys of the host's pages, then of the segment's own tile.
  const tileFloats = ownTile.length / numKvHeads;
  const own = ownTile.subarray(kvHead * tileFloats, (kvHead + 1) * tileFloats);
  const load = (index: number) => (index < stored.length ? stored[index]! : own[index - stored.length]!);
  const tokensOf = (page: number, place: number) =>
    Array.from({ length: pageTokens }, (_, token) => {
      const key = place * pageFloats + token * headDim;
      return { position: page * pageTokens + token, key, value: key + pageTokens * headDim };
    });
  const numOwn = pagesFor(numTokens) - sparsePages;
  const tokens = [
    ...pages.flatMap((page) => tokensOf(page, page)),
    ...Array.from({ length: numOwn }, (_, i) => tokensOf(sparsePages + i, numFull + i)).flat(),
  ];
  for (let row = firstRow; row < numRows; row++) {
    const last = numCached + row;
    const visible = tokens.filter(({ position }) => position <= last && position > last - window);
    for (const head of heads) {
      const at = (row * numHeads + head) * headDim;
      const actual = segmentAttended.subarray(at, at + headDim);
      const wanted = Float32Array.from(attend(queryOf(row, head), visible, load, { scale: headDim ** -0.5 }));
      expectClose(
        actual,
        wanted,
        { absolute: 1e-5, relative: 1e-4 },
        `layer ${layer}, head ${head}, row ${row}`,
      );
    }
  }
  return { layer, kvHead, isStable: window === Infinity && !unstable.has(layer, kvHead), pages, ofLast };
}
