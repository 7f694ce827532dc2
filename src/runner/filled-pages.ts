/** Pages that a decode step fills: they leave for the host in one copy, all layers and heads of them. */
import { isPacked } from '../cache/cache-layout';
import type { KvCache } from '../cache/kv-cache';
import { pageOf, pageTokens, type PageIndex } from '../cache/page';
import type { Recorder } from '../gpu/recorder';
import type { FilledDigests } from '../graph/page-digests';
import type { PageGatherer } from '../graph/page-gatherer';
import type { HostTraffic } from '../graph/tile-traffic';
import { numLists } from '../offload/host-store';
import type { PageRun } from '../offload/offloader';
import type { RunnerParts } from './runner-parts';
import type { Sequence } from './sequence';
import type { RiddenRow, StepReturn, StepRider, StepWait } from './step-rider';

/** Whether the token at `position` is the last of its page. */
const fillsPage = (position: number): boolean => (position + 1) % pageTokens === 0;

/** Sends filled pages on their way. */
export class FilledPages implements StepRider {
  readonly #cache: KvCache;
  readonly #host: HostTraffic;
  readonly #gatherer: PageGatherer | undefined;
  readonly #digests: FilledDigests | undefined;

  /**
   * @param gatherer present when pages are packed, or when all heads' pages leave in one copy
   * @param digests present when pages are chosen by digests
   */
  constructor(
    cache: KvCache,
    host: HostTraffic,
    { gatherer, digests }: Pick<RunnerParts, 'gatherer' | 'digests'>,
  ) {
    this.#cache = cache;
    this.#host = host;
    this.#gatherer = gatherer;
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
    for (const { sequence, position } of filling) this.#leave(recorder, sequence, pageOf(position));
    // Of what the pages hold once they are packed.
    for (const { sequence, position } of filling) this.#digests?.record(recorder, sequence, pageOf(position));
    return [];
  }

  #leave(recorder: Recorder, sequence: number, page: PageIndex): void {
    const { shape, layout, table } = this.#cache;
    const isLeaving = this.#host.isKept(sequence);
    const gathered =
      isLeaving || isPacked(shape) ? this.#gatherer?.record(recorder, sequence, page) : undefined;
    if (!isLeaving) return;
    const ids = [this.#cache.pagesOf(sequence)[page]!];
    const runs = Array.from({ length: numLists(shape) }, (_, list): PageRun => {
      const [layer, kvHead] = [Math.floor(list / shape.numKvHeads), list % shape.numKvHeads];
      const slot = gathered ? list : table.get(layer, sequence, kvHead, page);
      const source = gathered ?? this.#cache.slabOf(layer, kvHead).pool;
      return { layer, kvHead, ids, source, offsetBytes: slot * layout.hostPageBytes };
    });
    this.#host.offloader.record(recorder, runs, runs.length * layout.hostPageBytes);
  }
}
