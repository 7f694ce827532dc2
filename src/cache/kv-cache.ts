/**
 * The paged KV cache: pools per layer on the GPU, block table, summaries, page lists; and, on the host, who owns which page.
 * A logical page (`PageId`) is 16 tokens of all layers and heads: sequences share whole ones. An unstable head has a slot for
 * each of them; a stable head has slots for its set and its tail; heads of a layer with a sliding window have a ring of slots for
 * each sequence. What is in a page is written by the attention kernels.
 */
import type { BytesByCategory, GpuBuffer } from '../gpu/buffer';
import type { Device } from '../gpu/device';
import type { BoundKernel, KernelCompiler } from '../gpu/kernel';
import type { Recorder } from '../gpu/recorder';
import { writeTable, writeTableGrid } from '../kernels/cache/write-table';
import { assert } from '../util/assert';
import { fetched } from '../util/fetched';
import { BlockTable, pairsOf } from './block-table';
import {
  hasApart,
  hasRanges,
  listTargets,
  needsHost,
  noOpenBytes,
  numListEntries,
  numLists,
  numListTargets,
  numSummarySlots,
  openBytesOf,
  planCacheLayout,
  ringPagesOf,
  slotsOfSlab,
  type CacheLayout,
  type CacheShape,
  type Slab,
} from './cache-layout';
import { notResident, pagesFor, type PageId, type PageIndex, type Slot } from './page';
import { PagePool } from './page-pool';
import type { WindowRings } from './window-rings';

/** One slab of one layer: its pages, their owners and its share of the summaries. */
export interface LayerSlab extends Slab {
  readonly pool: GpuBuffer;
  readonly owners: PagePool;
  /**
   * `[numKvHeads, numSummarySlots, 2, headDim]` in the format's element type: a summary for each logical page; then, with
   * pages of 8 bits, the keys `[16, headDim]` of each sequence's open page. Or `[numKvHeads, numPageIds, digest]`. A layer with
   * rings has none.
   */
  readonly summaries: GpuBuffer;
  /** Where the keys of open pages are, by `openSlots`: `summaries`, or with digests or rings a buffer of their own. */
  readonly open: GpuBuffer;
}

/** What a stable head of one sequence has on the GPU. */
export interface StableHead {
  readonly layer: number;
  readonly kvHead: number;
  /** Resident pages, ascending. */
  pages: PageIndex[];
  /** `slots[i]` holds `pages[i]`. */
  slots: Slot[];
}

/** GPU bytes of a cache. @throws RangeError when one head's pages do not fit a binding of `maxBindingBytes` */
export function cacheBytes(shape: CacheShape, maxBindingBytes: number): Partial<BytesByCategory> {
  const { poolBytes, summaryPoolBytes, tableBytes } = planCacheLayout(shape, maxBindingBytes);
  return { kv: poolBytes, summaries: summaryPoolBytes, tables: tableBytes };
}

/** Table pairs in one dispatch. */
const maxPairs = 32_768;

/** Owns every buffer of the cache; `destroy` gives them back. */
export class KvCache {
  readonly shape: CacheShape;
  readonly layout: CacheLayout;
  readonly layers: readonly (readonly LayerSlab[])[];
  readonly table: BlockTable;
  readonly blockTable: GpuBuffer;
  /** `[sequences, maxPages]` u32: the logical page, which is also the slot of its summaries. */
  readonly pageTable: GpuBuffer;
  /**
   * What each head attends, and what it selected for later, by `listTargets`: `[targets, layers, sequences, kvHeads, K]` u32,
   * and `[targets, layers, sequences, kvHeads] vec2<u32>`.
   */
  readonly lists: GpuBuffer;
  readonly listState: GpuBuffer;
  /** `[layers, sequences, kvHeads, K]` u32: slots for the pages that a prefill selects. */
  readonly slotTable: GpuBuffer;
  /** Called with logical pages that no sequence has any more. */
  onFree: (ids: readonly PageId[]) => void = () => undefined;
  /** Which pages the rings have; absent where no layer has any. */
  readonly rings: WindowRings | undefined;
  readonly #noOpen: GpuBuffer | undefined;
  readonly #pageIds: PagePool<PageId>;
  readonly #pagesOf: PageId[][];
  readonly #stable: (readonly StableHead[])[];
  readonly #isTaken: boolean[];
  /** Latest value by index: the kernel that writes them has no order among its pairs. */
  readonly #pageChanges = new Map<number, number>();
  readonly #listChanges = new Map<number, number>();
  readonly #slotChanges = new Map<number, number>();
  readonly #write: Record<'blockTable' | 'pageTable' | 'listState' | 'slotTable', BoundKernel<'numPairs'>>;

  private constructor(
    device: Device,
    shape: CacheShape,
    writer: Awaited<ReturnType<typeof compileWriter>>,
    rings: WindowRings | undefined,
  ) {
    const { numLayers, numKvHeads, numSequences, maxPages, numPageIds } = shape;
    this.shape = shape;
    this.layout = planCacheLayout(shape, device.maxBindingBytes);
    const create = (label: string, category: 'kv' | 'summaries' | 'tables', sizeBytes: number) =>
      device.buffers.create({ label, category, sizeBytes: Math.max(sizeBytes, 4) });
    const noOpen = hasApart(shape) ? create('no open pages', 'summaries', noOpenBytes) : undefined;
    this.#noOpen = noOpen;
    this.layers = Array.from({ length: numLayers }, (_, layer) =>
      this.layout.slabs.map((slab): LayerSlab => {
        const numSlots = slotsOfSlab(shape, layer, slab);
        const summaries =
          noOpen && ringPagesOf(shape, layer) > 0
            ? noOpen
            : create(
                `summaries ${layer}`,
                'summaries',
                slab.numKvHeads * numSummarySlots(shape) * this.layout.summaryBytes,
              );
        const openBytes = openBytesOf(shape, layer);
        const openPages = (substitute: GpuBuffer) =>
          openBytes > 0
            ? create(`open pages ${layer}`, 'summaries', slab.numKvHeads * openBytes)
            : substitute;
        return {
          ...slab,
          pool: create(`pool ${layer}`, 'kv', numSlots * this.layout.pageBytes),
          owners: new PagePool(numSlots),
          summaries,
          open: noOpen && !hasRanges(shape, layer) ? openPages(noOpen) : summaries,
        };
      }),
    );
    this.table = new BlockTable({ numLayers, numSequences, numKvHeads, maxPages });
    this.blockTable = create('block table', 'tables', 4 * numLists(shape) * maxPages);
    this.pageTable = create('page table', 'tables', 4 * numSequences * maxPages);
    const numTargets = numListTargets(shape);
    this.lists = create('lists', 'tables', 4 * numTargets * numListEntries(shape));
    this.listState = create('list states', 'tables', 8 * numTargets * numLists(shape));
    this.slotTable = create('slot table', 'tables', 4 * numListEntries(shape));
    this.#pageIds = new PagePool(numPageIds);
    this.#pagesOf = Array.from({ length: numSequences }, () => []);
    this.#stable = Array.from({ length: numSequences }, () => stableHeadsOf(shape));
    this.#isTaken = Array.from({ length: numSequences }, () => false);
    this.rings = rings;
    const { blockTable, pageTable, listState, slotTable } = this;
    this.#write = {
      blockTable: writer.bind({ table: blockTable }),
      pageTable: writer.bind({ table: pageTable }),
      listState: writer.bind({ table: listState }),
      slotTable: writer.bind({ table: slotTable }),
    };
  }

  /** @throws EngineError `gpu-memory` when the device has no room; `network` when what keeps rings cannot be fetched */
  static async create(compiler: KernelCompiler, shape: CacheShape): Promise<KvCache> {
    const writer = await compileWriter(compiler);
    const { ringPages } = shape;
    const rings =
      ringPages && new (await fetched(import('./window-rings'))).WindowRings({ ...shape, ringPages });
    return compiler.device.allocating(
      'the KV cache',
      () => new KvCache(compiler.device, shape, writer, rings),
    );
  }

  /** Logical pages that could still be given to a sequence. */
  get numFreePages(): number {
    return this.#pageIds.numFree;
  }

  /** Slots that hold a page, over all layers and heads; a shared one counts once. */
  get numSlotsInUse(): number {
    const owned = this.layers.flat().reduce((sum, { owners }) => sum + owners.numSlots - owners.numFree, 0);
    return this.#isTaken.reduce((sum, _, sequence) => sum + (this.rings?.numPages(sequence) ?? 0), owned);
  }

  /** Whether a sequence may have more pages than a head attends. */
  get isSparse(): boolean {
    return this.shape.pagesPerHead < this.shape.maxPages;
  }

  /** Whether there are heads that do not keep all their pages. */
  get hasStableHeads(): boolean {
    return this.#stable[0]!.length > 0;
  }

  /** Whether some pages of every sequence are on the host alone. */
  get needsHost(): boolean {
    return needsHost(this.shape);
  }

  /** Pages that `sequence` has, shared ones included. */
  numPages(sequence: number): number {
    return this.#pagesOf[sequence]!.length;
  }

  /** The logical pages of a sequence, in order. */
  pagesOf(sequence: number): readonly PageId[] {
    return this.#pagesOf[sequence]!;
  }

  /** The stable heads of a sequence, layer by layer. */
  stableHeads(sequence: number): readonly StableHead[] {
    return this.#stable[sequence]!;
  }

  /** Pages with a slot, over all layers and heads of a sequence. */
  numResident(sequence: number): number {
    const stable = this.#stable[sequence]!.reduce((sum, { slots }) => sum + slots.length, 0);
    const inRings = this.rings?.numPages(sequence) ?? 0;
    return stable + this.shape.unstable.size * this.numPages(sequence) + inRings;
  }

  /** Pages that would become free if each of `cuts` were truncated to its `numTokens`. */
  numFreedBy(cuts: readonly { readonly sequence: number; readonly numTokens: number }[]): number {
    const numReleased = new Map<PageId, number>();
    for (const { sequence, numTokens } of cuts) {
      for (const id of this.#pagesOf[sequence]!.slice(pagesFor(numTokens))) {
        numReleased.set(id, (numReleased.get(id) ?? 0) + 1);
      }
    }
    return [...numReleased].filter(([id, count]) => count === this.#pageIds.numOwners(id)).length;
  }

  /** Takes a sequence's place in the tables, or undefined when all are taken. */
  takeSequence(): number | undefined {
    const sequence = this.#isTaken.indexOf(false);
    if (sequence < 0) return undefined;
    this.#isTaken[sequence] = true;
    return sequence;
  }

  /** Gives back a sequence's place and all its pages. */
  releaseSequence(sequence: number): void {
    assert(this.#isTaken[sequence], `sequence ${sequence} is not taken`);
    this.truncate(sequence, 0);
    this.#isTaken[sequence] = false;
  }

  /**
   * Gives `sequence` the pages that its first `numTokens` tokens need. Stable heads get slots for new pages only as a `tail`,
   * while decoding; in a prefill their pages pass through tiles, and `reserveSets` makes room for what they select. Rings are
   * written on with a tail too, and by a prefill segment by segment.
   */
  extend(sequence: number, numTokens: number, hasTail: boolean): void {
    const pages = this.#pagesOf[sequence]!;
    const wanted = pagesFor(numTokens);
    assert(wanted <= this.shape.maxPages, `${wanted} pages are more than a sequence may have`);
    while (pages.length < wanted) {
      const page = pages.length as PageIndex;
      this.#appendNew(sequence, this.#pageIds.allocate());
      if (!hasTail) continue;
      for (const head of this.#stable[sequence]!) {
        const { layer, kvHead } = head;
        const slot = this.takeStableSlot(head);
        head.pages.push(page);
        head.slots.push(slot);
        this.table.set(layer, sequence, kvHead, page, slot);
      }
    }
    if (hasTail) this.rings?.append(sequence, pages.length);
  }

  /** Gives `sequence` these logical pages, which nobody has, after those it has: what outlived an earlier cache keeps its names. */
  claim(sequence: number, ids: readonly PageId[]): void {
    assert(this.numPages(sequence) + ids.length <= this.shape.maxPages, 'a sequence has room for its pages');
    for (const id of ids) {
      this.#pageIds.claim(id);
      this.#appendNew(sequence, id);
    }
  }

  /** Releases the pages of `sequence` beyond its first `numTokens` tokens; a partly used last page stays. */
  truncate(sequence: number, numTokens: number): void {
    const pages = this.#pagesOf[sequence]!;
    const kept = Math.min(pagesFor(numTokens), pages.length);
    this.rings?.truncate(sequence, kept);
    for (const head of this.#stable[sequence]!) {
      const first = head.pages.findIndex((page) => page >= kept);
      if (first >= 0) this.#releaseStable(sequence, head, first);
    }
    const freed: PageId[] = [];
    while (pages.length > kept) {
      const id = pages.pop()!;
      if (!this.#pageIds.isShared(id)) freed.push(id);
      this.#pageIds.release(id);
      const page = pages.length as PageIndex;
      this.#eachUnstable((layer, kvHead, { owners }) => {
        owners.release(this.table.get(layer, sequence, kvHead, page));
        this.table.set(layer, sequence, kvHead, page, notResident);
      });
    }
    if (freed.length > 0) this.onFree(freed);
  }

  /** Lets the empty sequence `target` share the first `numPages` pages of `source`, all of them full. */
  share(source: number, target: number, numPages: number): void {
    assert(this.numPages(target) === 0, 'only an empty sequence takes a shared prefix');
    const pages = this.#pagesOf[source]!;
    assert(numPages <= pages.length, 'the source has the shared prefix');
    for (let page = 0 as PageIndex; page < numPages; page++) {
      this.#pageIds.share(pages[page]!);
      this.#append(target, pages[page]!);
      this.#eachUnstable((layer, kvHead, { owners }) => {
        const slot = this.table.get(layer, source, kvHead, page);
        owners.share(slot);
        this.table.set(layer, target, kvHead, page, slot);
      });
    }
  }

  /** Keeps a logical page from being reused, although its sequences may go, until `releasePage`. */
  retainPage(id: PageId): void {
    this.#pageIds.share(id);
  }

  /** Undoes `retainPage`. */
  releasePage(id: PageId): void {
    const isLast = !this.#pageIds.isShared(id);
    this.#pageIds.release(id);
    if (isLast) this.onFree([id]);
  }

  /** Empties the sets of all stable heads and takes slots for what a prefill of `numPages` pages will select. */
  reserveSets(sequence: number, numPages: number): void {
    const { pagesPerHead, numSequences, numKvHeads } = this.shape;
    const numSelected = Math.min(pagesPerHead, numPages);
    this.clearSets(sequence);
    for (const head of this.#stable[sequence]!) {
      const { layer, kvHead } = head;
      const entry = ((layer * numSequences + sequence) * numKvHeads + kvHead) * pagesPerHead;
      for (let i = 0; i < numSelected; i++) {
        const slot = this.takeStableSlot(head);
        // Which pages they will hold is known when the selection comes back: until then they count as the first ones.
        head.pages.push(i as PageIndex);
        head.slots.push(slot);
        this.#slotChanges.set(entry + i, slot);
        // The last page is always selected, and always last: decoding may fill it before the selection is back.
        const page = (i === numSelected - 1 ? numPages - 1 : i) as PageIndex;
        if (numSelected === numPages || i === numSelected - 1)
          this.table.setKnown(layer, sequence, kvHead, page, slot);
      }
    }
  }

  /** The GPU has filled the slots of `reserveSets` with these pages, ascending. */
  assignSet(sequence: number, head: StableHead, pages: readonly PageIndex[]): void {
    const { layer, kvHead, slots } = head;
    assert(pages.length <= slots.length, `a set of ${pages.length} pages has more slots reserved`);
    pages.forEach((page, i) => {
      head.pages[i] = page;
      this.table.setKnown(layer, sequence, kvHead, page, slots[i]!);
    });
  }

  /** Stable heads of a sequence that rests have nothing on the GPU. */
  clearSets(sequence: number): void {
    for (const head of this.#stable[sequence]!) this.#releaseStable(sequence, head, 0);
  }

  /** Takes a slot for a page that a stable head promotes. */
  takeStableSlot({ layer, kvHead }: StableHead): Slot {
    return this.slabOf(layer, kvHead).owners.allocate();
  }

  /** A stable head has what a rerank's plan leaves it: evicted pages are gone, promoted ones have their slots. */
  setResident(
    sequence: number,
    head: StableHead,
    plan: {
      readonly promoted: readonly { readonly page: PageIndex; readonly slot: Slot }[];
      readonly evicted: readonly PageIndex[];
      readonly released: readonly Slot[];
      readonly resident: { readonly pages: PageIndex[]; readonly slots: Slot[] };
    },
  ): void {
    const { layer, kvHead } = head;
    for (const page of plan.evicted) this.table.set(layer, sequence, kvHead, page, notResident);
    for (const slot of plan.released) this.slabOf(layer, kvHead).owners.release(slot);
    for (const { page, slot } of plan.promoted) this.table.set(layer, sequence, kvHead, page, slot);
    head.pages = plan.resident.pages;
    head.slots = plan.resident.slots;
  }

  /** A stable head gives up its pages from `pages[first]` on, and their slots. */
  #releaseStable(sequence: number, head: StableHead, first: number): void {
    const { layer, kvHead, pages, slots } = head;
    const { owners } = this.slabOf(layer, kvHead);
    for (let i = first; i < pages.length; i++) {
      owners.release(slots[i]!);
      this.table.set(layer, sequence, kvHead, pages[i]!, notResident);
    }
    pages.length = first;
    slots.length = first;
  }

  /** All heads of a sequence attend all their pages, until a selection says otherwise. */
  resetLists(sequence: number): void {
    const { numLayers, numSequences, numKvHeads } = this.shape;
    for (let layer = 0; layer < numLayers; layer++) {
      for (let kvHead = 0; kvHead < numKvHeads; kvHead++) {
        const list = (layer * numSequences + sequence) * numKvHeads + kvHead;
        this.#listChanges.set(2 * list, 0).set(2 * list + 1, 0);
      }
    }
  }

  /** What unstable heads selected for a prompt is over: they attend all their pages until they choose. Takes effect with `flush`. */
  forgetSelections(sequence: number): void {
    const { numLayers, numSequences, numKvHeads, unstable } = this.shape;
    const first = listTargets.selected * numLists(this.shape);
    for (let layer = 0; layer < numLayers; layer++) {
      for (let kvHead = 0; kvHead < numKvHeads; kvHead++) {
        if (!unstable.has(layer, kvHead)) continue;
        const list = first + (layer * numSequences + sequence) * numKvHeads + kvHead;
        this.#listChanges.set(2 * list, 0).set(2 * list + 1, 0);
      }
    }
  }

  /** Records the table changes that the GPU does not have yet: before any dispatch that may look them up. */
  flush(recorder: Recorder): void {
    const record = (bound: BoundKernel<'numPairs'>, pairs: Uint32Array) => {
      for (let start = 0; start < pairs.length; start += 2 * maxPairs) {
        const part = pairs.subarray(start, start + 2 * maxPairs);
        const numPairs = part.length / 2;
        recorder.dispatch(bound, { numPairs }, writeTableGrid(numPairs), part);
      }
    };
    const take = (changes: Map<number, number>) => {
      const pairs = pairsOf(changes);
      changes.clear();
      return pairs;
    };
    record(this.#write.blockTable, this.table.takeChanges());
    record(this.#write.pageTable, take(this.#pageChanges));
    record(this.#write.listState, take(this.#listChanges));
    record(this.#write.slotTable, take(this.#slotChanges));
  }

  destroy(): void {
    for (const { pool, summaries, open } of this.layers.flat()) {
      pool.destroy();
      for (const buffer of new Set([summaries, open])) if (buffer !== this.#noOpen) buffer.destroy();
    }
    this.#noOpen?.destroy();
    const { blockTable, pageTable, lists, listState, slotTable } = this;
    for (const buffer of [blockTable, pageTable, lists, listState, slotTable]) buffer.destroy();
  }

  /** Appends a page that has no owner yet, with a slot for every unstable head. */
  #appendNew(sequence: number, id: PageId): void {
    const page = this.numPages(sequence) as PageIndex;
    this.#append(sequence, id);
    this.#eachUnstable((layer, kvHead, { owners }) => {
      this.table.set(layer, sequence, kvHead, page, owners.allocate());
    });
  }

  #append(sequence: number, id: PageId): void {
    const pages = this.#pagesOf[sequence]!;
    this.#pageChanges.set(sequence * this.shape.maxPages + pages.length, id);
    const { numKvHeads } = this.layout.slabs[0]!;
    this.rings?.place(this.table, numKvHeads, sequence, pages.length as PageIndex);
    pages.push(id);
  }

  /** The slab that serves a KV head. */
  slabOf(layer: number, kvHead: number): LayerSlab {
    const { numKvHeads } = this.layout.slabs[0]!;
    return this.layers[layer]![Math.floor(kvHead / numKvHeads)]!;
  }

  #eachUnstable(visit: (layer: number, kvHead: number, slab: LayerSlab) => void): void {
    const { numLayers, unstable } = this.shape;
    for (let layer = 0; layer < numLayers; layer++) {
      for (const kvHead of unstable.ofLayer(layer)) visit(layer, kvHead, this.slabOf(layer, kvHead));
    }
  }
}

function stableHeadsOf(shape: CacheShape): StableHead[] {
  const { numLayers, numKvHeads, unstable } = shape;
  const heads: StableHead[] = [];
  for (let layer = 0; layer < numLayers; layer++) {
    if (ringPagesOf(shape, layer) > 0) continue;
    for (let kvHead = 0; kvHead < numKvHeads; kvHead++) {
      if (!unstable.has(layer, kvHead)) heads.push({ layer, kvHead, pages: [], slots: [] });
    }
  }
  return heads;
}

function compileWriter(compiler: KernelCompiler) {
  return compiler.compile(writeTable);
}
