/** Pages that a decode step fills: they leave for the host in one copy, all layers and heads of them. */
import type { KvCache } from '../cache/kv-cache';
import { pageOf, pageTokens } from '../cache/page';
import type { Recorder } from '../gpu/recorder';
import type { FilledDigests } from '../graph/page-digests';
import type { PagePacker } from '../graph/page-packer';
import type { HostTraffic } from '../graph/tile-traffic';
import type { PageRun } from '../offload/offloader';
import type { RunnerParts } from './runner-parts';
import type { Sequence } from './sequence';
import type { RiddenRow, StepReturn, StepRider, StepWait } from './step-rider';

/** A sequence, and where in it a step stores a token. */
interface StoredRow {
  readonly sequence: number;
  readonly position: number;
}

/** Whether the token at `position` is the last of its page. */
const fillsPage = (position: number): boolean => (position + 1) % pageTokens === 0;

/** Sends filled pages on their way. */
export class FilledPages implements StepRider {
  readonly #cache: KvCache;
  readonly #host: HostTraffic;
  readonly #packer: PagePacker | undefined;
  readonly #digests: FilledDigests | undefined;

  /**
   * @param packer present when pages are packed as they leave
   * @param digests present when pages are chosen by digests
   */
  constructor(
    cache: KvCache,
    host: HostTraffic,
    { packer, digests }: Pick<RunnerParts, 'packer' | 'digests'>,
  ) {
    this.#cache = cache;
    this.#host = host;
    this.#packer = packer;
    this.#digests = digests;
  }

  /** A step that fills a page needs a way to the host for it. */
  waitOf({ index, numStored }: Sequence): StepWait | undefined {
    const { offloader } = this.#host;
    if (!fillsPage(numStored) || !this.#host.isKept(index) || offloader.hasFreeSlot) return undefined;
    return { cause: 'offload', until: () => offloader.slotFreed() };
  }

  /** Records what is to become of the pages that a step fills; those of a prompt are its prefill's. */
  after(recorder: Recorder, rows: readonly RiddenRow[]): StepReturn[] {
    const filling = rows.filter(({ position, isPromptEnd }) => !isPromptEnd && fillsPage(position));
    const kept = filling.filter(({ sequence }) => this.#host.isKept(sequence));
    for (const { sequence, position } of filling) {
      if (!this.#host.isKept(sequence)) this.#packer?.record(recorder, sequence, pageOf(position));
    }
    if (kept.length > 0) {
      const { numLayers, numKvHeads } = this.#cache.shape;
      const sizeBytes = kept.length * numLayers * numKvHeads * this.#cache.layout.hostPageBytes;
      this.#host.offloader.record(recorder, this.#runsOf(recorder, kept), sizeBytes);
    }
    // Of what the pages hold once they are packed.
    for (const { sequence, position } of filling) this.#digests?.record(recorder, sequence, pageOf(position));
    return [];
  }

  /** One page after the other: all are packed in the same place. */
  *#runsOf(recorder: Recorder, rows: readonly StoredRow[]): Generator<PageRun> {
    const cache = this.#cache;
    const { numLayers, numKvHeads } = cache.shape;
    for (const { sequence, position } of rows) {
      const page = pageOf(position);
      const packed = this.#packer?.record(recorder, sequence, page);
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
