/** Reads from the GPU what heads attend, and adds what the host knows of where their pages are. */
import type { KvCache } from '../cache/kv-cache';
import type { ReadbackRing } from '../gpu/readback';
import type { Recorder } from '../gpu/recorder';
import type { HostStore } from '../offload/host-store';
import { buildCacheMap, type CacheMap } from './cache-map';
import type { Reranker } from './reranker';

/** What maps are made from. */
interface CacheMapParts {
  readonly recorder: Recorder;
  readonly cache: KvCache;
  readonly hostStore: HostStore;
  readonly reranker: Reranker | undefined;
  /** One buffer to read with; absent when every head attends everything. */
  readonly mapRing: ReadbackRing | undefined;
}

/** Reads one map after the other. */
export class CacheMapReader {
  readonly #parts: CacheMapParts;
  #latest: Promise<unknown> = Promise.resolve();

  constructor(parts: CacheMapParts) {
    this.#parts = parts;
  }

  /** The map of `sequence` at this moment, or when the maps asked for before are done: they share one buffer. */
  read(sequence: number): Promise<CacheMap> {
    const map = this.#latest.then(() => this.#read(sequence));
    this.#latest = map.catch(() => undefined);
    return map;
  }

  async #read(sequence: number): Promise<CacheMap> {
    const { cache, hostStore, reranker } = this.#parts;
    const { numKvHeads } = cache.shape;
    const reading = this.#readLists(sequence);
    const ids = [...cache.pagesOf(sequence)];
    // Before a prefill's selection is back, it is not known which pages the slots reserved for it hold.
    const hasSets = reranker?.hasSets(sequence) ?? false;
    const resident = new Map<number, readonly number[]>();
    for (const { layer, kvHead, pages } of hasSets ? cache.stableHeads(sequence) : []) {
      resident.set(layer * numKvHeads + kvHead, [...pages]);
    }
    cache.shape.ringPages?.forEach((slots, layer) => {
      if (slots === 0) return;
      const pages = cache.rings?.pagesOf(sequence, slots) ?? [];
      for (let kvHead = 0; kvHead < numKvHeads; kvHead++) resident.set(layer * numKvHeads + kvHead, pages);
    });
    return buildCacheMap({
      shape: cache.shape,
      numPages: ids.length,
      residentPages: (layer, kvHead) => resident.get(layer * numKvHeads + kvHead) ?? [],
      tierOf: (layer, kvHead, page) => {
        if (!hostStore.has(layer, kvHead, ids[page]!)) return undefined;
        return hostStore.isInMemory(layer, kvHead, ids[page]!) ? 'host' : 'disk';
      },
      ...(await reading),
    });
  }

  /** Page lists of all heads, and their states; nothing when every head attends everything. */
  async #readLists(sequence: number): Promise<{ lists?: Uint32Array; listStates?: Uint32Array }> {
    const { recorder, cache, mapRing } = this.#parts;
    if (!mapRing) return {};
    const { lists, listState } = cache;
    const { numLayers, numSequences, numKvHeads, pagesPerHead } = cache.shape;
    const listBytes = 4 * numKvHeads * pagesPerHead;
    const stateBytes = 8 * numKvHeads;
    const slot = mapRing.acquire();
    for (let layer = 0; layer < numLayers; layer++) {
      const source = layer * numSequences + sequence;
      const target = numLayers * listBytes + layer * stateBytes;
      recorder.copy(lists, source * listBytes, slot.buffer, layer * listBytes, listBytes);
      recorder.copy(listState, source * stateBytes, slot.buffer, target, stateBytes);
    }
    recorder.submit();
    const words = new Uint32Array(await slot.read(numLayers * (listBytes + stateBytes)));
    const numEntries = (numLayers * listBytes) / 4;
    return { lists: words.subarray(0, numEntries), listStates: words.subarray(numEntries) };
  }
}
