/** Reads from the GPU what heads attend, and adds what the host knows of where their pages are. */
import type { KvCache } from '../cache/kv-cache';
import type { Device } from '../gpu/device';
import { ReadbackRing } from '../gpu/readback';
import type { Recorder } from '../gpu/recorder';
import type { HostStore } from '../offload/host-store';
import { buildCacheMap, type CacheMap } from './cache-map';
import { mapSlotBytes } from './memory-plan';
import type { Reranker } from './reranker';

/** Owns a buffer to read with, unless every head attends everything. */
export class CacheMapReader {
  readonly #recorder: Recorder;
  readonly #cache: KvCache;
  readonly #store: HostStore | undefined;
  readonly #reranker: Reranker | undefined;
  readonly #ring: ReadbackRing | undefined;
  #latest: Promise<unknown> = Promise.resolve();

  constructor(
    device: Device,
    recorder: Recorder,
    cache: KvCache,
    store: HostStore | undefined,
    reranker: Reranker | undefined,
  ) {
    this.#recorder = recorder;
    this.#cache = cache;
    this.#store = store;
    this.#reranker = reranker;
    if (cache.isSparse) this.#ring = new ReadbackRing(device, 1, mapSlotBytes(cache.shape), 'cache map');
  }

  /** The map of `sequence` at this moment, or when the maps asked for before are done: they share one buffer. */
  read(sequence: number): Promise<CacheMap> {
    const map = this.#latest.then(() => this.#read(sequence));
    this.#latest = map.catch(() => undefined);
    return map;
  }

  destroy(): void {
    this.#ring?.destroy();
  }

  async #read(sequence: number): Promise<CacheMap> {
    const cache = this.#cache;
    const store = this.#store;
    const { numKvHeads } = cache.shape;
    const reading = this.#readLists(sequence);
    const ids = [...cache.pagesOf(sequence)];
    // Before a prefill's selection is back, it is not known which pages the slots reserved for it hold.
    const hasSets = this.#reranker?.hasSets(sequence) ?? false;
    const resident = new Map<number, readonly number[]>();
    for (const { layer, kvHead, pages } of hasSets ? cache.stableHeads(sequence) : []) {
      resident.set(layer * numKvHeads + kvHead, [...pages]);
    }
    return buildCacheMap({
      shape: cache.shape,
      numPages: ids.length,
      residentPages: (layer, kvHead) => resident.get(layer * numKvHeads + kvHead) ?? [],
      tierOf: (layer, kvHead, page) => {
        if (!store?.has(layer, kvHead, ids[page]!)) return undefined;
        return store.isInMemory(layer, kvHead, ids[page]!) ? 'host' : 'disk';
      },
      ...(await reading),
    });
  }

  /** Page lists of all heads, and their states; nothing when every head attends everything. */
  async #readLists(sequence: number): Promise<{ lists?: Uint32Array; listStates?: Uint32Array }> {
    if (!this.#ring) return {};
    const { lists, listState } = this.#cache;
    const { numLayers, numSequences, numKvHeads, pagesPerHead } = this.#cache.shape;
    const listBytes = 4 * numKvHeads * pagesPerHead;
    const stateBytes = 8 * numKvHeads;
    const slot = this.#ring.acquire();
    for (let layer = 0; layer < numLayers; layer++) {
      const source = layer * numSequences + sequence;
      const target = numLayers * listBytes + layer * stateBytes;
      this.#recorder.copy(lists, source * listBytes, slot.buffer, layer * listBytes, listBytes);
      this.#recorder.copy(listState, source * stateBytes, slot.buffer, target, stateBytes);
    }
    this.#recorder.submit();
    const words = new Uint32Array(await slot.read(numLayers * (listBytes + stateBytes)));
    const numEntries = (numLayers * listBytes) / 4;
    return { lists: words.subarray(0, numEntries), listStates: words.subarray(numEntries) };
  }
}
