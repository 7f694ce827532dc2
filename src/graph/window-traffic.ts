/** Brings the pages of sliding windows from the host to their rings, where a prefill goes on that finds them there no more. */
import { ringPagesOf } from '../cache/cache-layout';
import type { LayerSlab } from '../cache/kv-cache';
import { pageTokens, type PageIndex } from '../cache/page';
import { firstPageSeen } from '../cache/window-pages';
import type { Recorder } from '../gpu/recorder';
import type { HostWait } from '../offload/offloader';
import { numStagedPages } from '../offload/reloader';
import { assert } from '../util/assert';
import type { GraphContext } from './graph-context';

/** A layer with rings. */
interface RingLayer {
  readonly layer: number;
  readonly numSlots: number;
  readonly window: number;
}

/** Traffic of all layers with rings. */
export class WindowTraffic {
  readonly #context: Pick<GraphContext, 'cache' | 'host'>;
  readonly #layers: readonly RingLayer[];

  constructor(context: Pick<GraphContext, 'cache' | 'host' | 'config'>) {
    this.#context = context;
    this.#layers = context.config.layers.flatMap(({ slidingWindow: window = 0 }, layer) => {
      const numSlots = ringPagesOf(context.cache.shape, layer);
      return numSlots > 0 ? [{ layer, numSlots, window }] : [];
    });
  }

  /**
   * Sees to it that all rings of `sequence` have what a prefill from page `end` on reads. Where they have not, as in a sequence that
   * begins with the pages of another or branches off before its own last window, all of them are filled from the host. Yields the
   * bytes that it brought, or a wait for the host; who does not go on after that leaves the rings as they are.
   */
  *bring(recorder: Recorder, sequence: number, end: number): Generator<number | HostWait> {
    const { rings } = this.#context.cache;
    assert(rings, 'a cache with windows has rings');
    const isThere = this.#layers.every(({ window, numSlots }) =>
      rings.has(sequence, firstPageSeen(end * pageTokens, window), end, numSlots),
    );
    if (isThere) return;
    for (const ring of this.#layers) {
      for (const slab of this.#context.cache.layers[ring.layer]!) {
        const missing = rings.missing(sequence, end, ring.numSlots);
        yield* this.#bringSlab(recorder, ring.layer, slab, { sequence, missing });
      }
    }
    rings.fill(sequence, end);
  }

  *#bringSlab(
    recorder: Recorder,
    layer: number,
    { pool, firstKvHead, numKvHeads }: LayerSlab,
    { sequence, missing }: { readonly sequence: number; readonly missing: readonly PageIndex[] },
  ): Generator<number | HostWait> {
    const { cache, host } = this.#context;
    const { offloader, reloader } = host;
    const { store } = offloader;
    const { pageBytes } = store.shape;
    const heads = Array.from({ length: numKvHeads }, (_, i) => firstKvHead + i);
    const batch = Math.floor(numStagedPages(pageBytes) / numKvHeads);
    assert(batch > 0, 'a page of all heads fits the staging buffer');
    for (let first = 0; first < missing.length; first += batch) {
      const pages = missing.slice(first, first + batch);
      const ids = pages.map((page) => cache.pagesOf(sequence)[page]!);
      const isHere = (kvHead: number) => ids.every((id) => store.has(layer, kvHead, id));
      if (!heads.every(isHere)) yield () => offloader.settled(ids);
      const perHead = ids.length * pageBytes;
      const bytes = new Uint8Array(numKvHeads * perHead);
      const waits = heads.flatMap(
        (kvHead, i) => store.read(layer, kvHead, ids, bytes.subarray(i * perHead, (i + 1) * perHead)) ?? [],
      );
      if (waits.length > 0) yield () => Promise.all(waits).then(() => undefined);
      reloader.stage(recorder, bytes);
      const pairs = heads.flatMap((kvHead, i) =>
        pages.flatMap((page, at) => [i * ids.length + at, cache.table.get(layer, sequence, kvHead, page)]),
      );
      reloader.place(recorder, pool, pairs);
      yield bytes.byteLength;
    }
  }
}
