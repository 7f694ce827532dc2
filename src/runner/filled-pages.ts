/** Pages that a decode step fills: they leave for the host in one copy, all layers and heads of them. */
import type { KvCache } from '../cache/kv-cache';
import { pageOf, pageTokens } from '../cache/page';
import type { Recorder } from '../gpu/recorder';
import type { PagePacker } from '../graph/page-packer';
import type { HostTraffic } from '../graph/tile-traffic';
import type { PageRun } from '../offload/offloader';
import type { Sequence } from './sequence';

/** A sequence, and where in it a step stores a token. */
interface StoredRow {
  readonly sequence: number;
  readonly position: number;
}

/** Sends filled pages on their way. */
export class FilledPages {
  readonly #recorder: Recorder;
  readonly #cache: KvCache;
  readonly #host: HostTraffic;
  readonly #packer: PagePacker | undefined;

  /** @param packer present when pages are packed as they leave */
  constructor(recorder: Recorder, cache: KvCache, host: HostTraffic, packer: PagePacker | undefined) {
    this.#recorder = recorder;
    this.#cache = cache;
    this.#host = host;
    this.#packer = packer;
  }

  /** Whether the next step of a sequence fills a page that has no way to the host now. */
  lackSlot({ index, numStored }: Sequence): boolean {
    const fillsPage = (numStored + 1) % pageTokens === 0;
    return fillsPage && this.#host.isKept(index) && !this.#host.offloader.hasFreeSlot;
  }

  /** Records what is to become of the pages that a step of `rows` fills. */
  record(rows: readonly StoredRow[]): void {
    const filling = rows.filter(({ position }) => (position + 1) % pageTokens === 0);
    const kept = filling.filter(({ sequence }) => this.#host.isKept(sequence));
    for (const { sequence, position } of filling) {
      if (!this.#host.isKept(sequence)) this.#packer?.record(this.#recorder, sequence, pageOf(position));
    }
    if (kept.length === 0) return;
    const { numLayers, numKvHeads } = this.#cache.shape;
    const sizeBytes = kept.length * numLayers * numKvHeads * this.#cache.layout.hostPageBytes;
    this.#host.offloader.record(this.#recorder, this.#runsOf(kept), sizeBytes);
  }

  /** One page after the other: all are packed in the same place. */
  *#runsOf(rows: readonly StoredRow[]): Generator<PageRun> {
    const cache = this.#cache;
    const { numLayers, numKvHeads } = cache.shape;
    for (const { sequence, position } of rows) {
      const page = pageOf(position);
      const packed = this.#packer?.record(this.#recorder, sequence, page);
      const ids = [cache.pagesOf(sequence)[page]!];
      for (let layer = 0; layer < numLayers; layer++) {
        for (let kvHead = 0; kvHead < numKvHeads; kvHead++) {
          const slot = packed ? layer * numKvHeads + kvHead : cache.table.get(layer, sequence, kvHead, page);
          const source = packed ?? cache.slabOf(layer, kvHead).pool;
          yield { layer, kvHead, ids, source, offsetBytes: slot * cache.layout.hostPageBytes };
        }
      }
    }
  }
}
