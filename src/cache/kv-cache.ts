/**
 * The paged KV cache on the GPU: pools per layer, block table, summaries. It knows which sequence owns which page;
 * what is in the pages is written and read by the attention kernels.
 */
import type { GpuBuffer } from '../gpu/buffer';
import type { Device } from '../gpu/device';
import type { BoundKernel, KernelCompiler } from '../gpu/kernel';
import { flatGrid, type Recorder } from '../gpu/recorder';
import { copyPagesWithin } from '../kernels/cache/copy-pages';
import { writeTable, writeTableGrid } from '../kernels/cache/write-table';
import { assert } from '../util/assert';
import { BlockTable } from './block-table';
import { planCacheLayout, type CacheLayout, type CacheShape, type Slab } from './cache-layout';
import { notResident, pageOf, pagesFor, pageTokens, type PageIndex, type Slot } from './page';
import { PagePool } from './page-pool';

/** One slab of one layer: its pages, their owners and its share of the summaries. */
export interface LayerSlab extends Slab {
  readonly pool: GpuBuffer;
  readonly owners: PagePool;
  /** `[numKvHeads, slotsPerHead, 2, headDim]` in the KV format. */
  readonly summaries: GpuBuffer;
  readonly copyWithin: BoundKernel<keyof typeof copyPagesWithin.params>;
}

/** Table pairs in one dispatch. */
const maxPairs = 32_768;

/** Owns every buffer of the cache; `destroy` gives them back. */
export class KvCache {
  readonly shape: CacheShape;
  readonly layout: CacheLayout;
  readonly layers: readonly (readonly LayerSlab[])[];
  readonly table: BlockTable;
  /** GPU copies of the block table, the summary table `[sequences, maxPages]` and the page lists. */
  readonly blockTable: GpuBuffer;
  readonly summaryTable: GpuBuffer;
  readonly listState: GpuBuffer;
  readonly lists: GpuBuffer;
  readonly #summarySlots: PagePool;
  readonly #summaryOf: Uint32Array;
  /** Latest summary slot by index: the kernel that writes them has no order among its pairs. */
  readonly #summaryChanges = new Map<number, Slot>();
  readonly #numPages: Uint32Array;
  readonly #isTaken: boolean[];
  readonly #writeBlockTable: BoundKernel<'numPairs'>;
  readonly #writeSummaryTable: BoundKernel<'numPairs'>;

  private constructor(device: Device, shape: CacheShape, kernels: CacheKernels) {
    const { numLayers, numKvHeads, numSequences, maxPages, slotsPerHead } = shape;
    this.shape = shape;
    this.layout = planCacheLayout(shape, device.maxBindingBytes);
    const create = (label: string, category: 'kv' | 'summaries' | 'tables', sizeBytes: number) =>
      device.buffers.create({ label, category, sizeBytes });
    this.layers = Array.from({ length: numLayers }, (_, layer) =>
      this.layout.slabs.map((slab): LayerSlab => {
        const numSlots = slab.numKvHeads * slotsPerHead;
        const pool = create(`pool ${layer}`, 'kv', numSlots * this.layout.pageBytes);
        return {
          ...slab,
          pool,
          copyWithin: kernels.copyWithin.bind({ pool }),
          summaries: create(`summaries ${layer}`, 'summaries', numSlots * this.layout.summaryBytes),
          owners: new PagePool(numSlots),
        };
      }),
    );
    this.table = new BlockTable({ numLayers, numSequences, numKvHeads, maxPages });
    this.blockTable = create('block table', 'tables', 4 * numLayers * numSequences * numKvHeads * maxPages);
    this.summaryTable = create('summary table', 'tables', 4 * numSequences * maxPages);
    this.listState = create('list states', 'tables', 8 * numLayers * numSequences * numKvHeads);
    this.lists = create('lists', 'tables', 4 * numLayers * numSequences * numKvHeads);
    this.#summarySlots = new PagePool(slotsPerHead);
    this.#summaryOf = new Uint32Array(numSequences * maxPages).fill(notResident);
    this.#numPages = new Uint32Array(numSequences);
    this.#isTaken = Array.from({ length: numSequences }, () => false);
    this.#writeBlockTable = kernels.write.bind({ table: this.blockTable });
    this.#writeSummaryTable = kernels.write.bind({ table: this.summaryTable });
  }

  /** @throws EngineError `gpu-memory` when the device has no room. */
  static async create(compiler: KernelCompiler, shape: CacheShape): Promise<KvCache> {
    const kernels = await compileKernels(compiler);
    return compiler.device.allocating('the KV cache', () => new KvCache(compiler.device, shape, kernels));
  }

  /** Pages that could still be given to a sequence, for every layer and head. */
  get numFreePages(): number {
    const free = this.layers.flat().map(({ owners, numKvHeads }) => Math.floor(owners.numFree / numKvHeads));
    return Math.min(this.#summarySlots.numFree, ...free);
  }

  /** Pages that `sequence` owns, shared ones included. */
  numPages(sequence: number): number {
    return this.#numPages[sequence]!;
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

  /** Gives `sequence` the pages that its first `numTokens` tokens need. */
  extend(sequence: number, numTokens: number): void {
    const wanted = pagesFor(numTokens);
    assert(wanted <= this.shape.maxPages, `${wanted} pages are more than a sequence may have`);
    for (let page = this.numPages(sequence); page < wanted; page++) {
      this.#setSummary(sequence, page, this.#summarySlots.allocate());
      this.#eachPlace((layer, kvHead, { owners }) => {
        this.table.set(layer, sequence, kvHead, page as PageIndex, owners.allocate());
      });
    }
    this.#numPages[sequence] = Math.max(wanted, this.numPages(sequence));
  }

  /** Releases the pages of `sequence` that hold nothing of its first `numTokens` tokens. */
  truncate(sequence: number, numTokens: number): void {
    const kept = Math.min(pagesFor(numTokens), this.numPages(sequence));
    for (let page = this.numPages(sequence) - 1; page >= kept; page--) {
      this.#summarySlots.release(this.#summary(sequence, page));
      this.#setSummary(sequence, page, notResident);
      this.#eachPlace((layer, kvHead, { owners }) => {
        const slot = this.table.get(layer, sequence, kvHead, page as PageIndex);
        if (slot === notResident) return;
        owners.release(slot);
        this.table.set(layer, sequence, kvHead, page as PageIndex, notResident);
      });
    }
    this.#numPages[sequence] = kept;
  }

  /** Pages that would become free if each of `cuts` were truncated to its `numTokens`. */
  numFreedBy(cuts: readonly { readonly sequence: number; readonly numTokens: number }[]): number {
    const numReleased = new Map<Slot, number>();
    for (const { sequence, numTokens } of cuts) {
      for (let page = pagesFor(numTokens); page < this.numPages(sequence); page++) {
        const summary = this.#summary(sequence, page);
        numReleased.set(summary, (numReleased.get(summary) ?? 0) + 1);
      }
    }
    return [...numReleased].filter(([slot, count]) => count === this.#summarySlots.numOwners(slot)).length;
  }

  /** Lets the empty sequence `target` share the pages of the first `numTokens` tokens of `source`. */
  share(source: number, target: number, numTokens: number): void {
    assert(this.numPages(target) === 0, 'only an empty sequence takes a shared prefix');
    const numPages = pagesFor(numTokens);
    assert(numPages <= this.numPages(source), 'the source has the shared prefix');
    for (let page = 0; page < numPages; page++) {
      const summary = this.#summary(source, page);
      this.#summarySlots.share(summary);
      this.#setSummary(target, page, summary);
      this.#eachPlace((layer, kvHead, { owners }) => {
        const slot = this.table.get(layer, source, kvHead, page as PageIndex);
        owners.share(slot);
        this.table.set(layer, target, kvHead, page as PageIndex, slot);
      });
    }
    this.#numPages[target] = numPages;
  }

  /** Whether the page that the token at `position` will be written to has other owners, so that a copy costs a page. */
  needsCopy(sequence: number, position: number): boolean {
    const page = pageOf(position);
    return (
      position % pageTokens > 0 &&
      page < this.numPages(sequence) &&
      this.#summarySlots.isShared(this.#summary(sequence, page))
    );
  }

  /** Copy on write: gives `sequence` a page of its own for `position`. Records GPU copies where the page was shared. */
  makeWritable(recorder: Recorder, sequence: number, position: number): void {
    if (!this.needsCopy(sequence, position)) return;
    const page = pageOf(position);
    this.#summarySlots.release(this.#summary(sequence, page));
    this.#setSummary(sequence, page, this.#summarySlots.allocate());
    const wordsPerPage = this.layout.pageBytes / 4;
    for (const [layer, slabs] of this.layers.entries()) {
      for (const { owners, firstKvHead, numKvHeads, copyWithin } of slabs) {
        const pairs = new Uint32Array(2 * numKvHeads);
        for (let i = 0; i < numKvHeads; i++) {
          const shared = this.table.get(layer, sequence, firstKvHead + i, page);
          const own = owners.allocate();
          pairs.set([shared, own], 2 * i);
          owners.release(shared);
          this.table.set(layer, sequence, firstKvHead + i, page, own);
        }
        recorder.dispatch(copyWithin, { numPages: numKvHeads, wordsPerPage }, flatGrid(numKvHeads), pairs);
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
    record(this.#writeBlockTable, this.table.takeChanges());
    record(this.#writeSummaryTable, Uint32Array.from([...this.#summaryChanges].flat()));
    this.#summaryChanges.clear();
  }

  /** Checks that every slot has exactly as many owners as table entries name it: for tests and idle moments. */
  checkIntegrity(): void {
    const { numSequences } = this.shape;
    const check = (what: string, owners: PagePool, counted: Uint16Array) => {
      counted.forEach((count, slot) => {
        const numOwners = owners.numOwners(slot as Slot);
        assert(numOwners === count, `${what}, slot ${slot}: ${numOwners} owners, ${count} entries`);
      });
      const numUnused = counted.filter((count) => count === 0).length;
      assert(owners.numFree === numUnused, `${what}: ${owners.numFree} free slots, ${numUnused} unused`);
    };
    const summaries = new Uint16Array(this.#summarySlots.numSlots);
    for (let sequence = 0; sequence < numSequences; sequence++) {
      const numPages = this.numPages(sequence);
      assert(numPages === 0 || this.#isTaken[sequence], `sequence ${sequence} is free but owns pages`);
      for (let page = 0; page < numPages; page++) summaries[this.#summary(sequence, page)]!++;
    }
    check('summaries', this.#summarySlots, summaries);
    this.layers.forEach((slabs, layer) => {
      for (const { owners, firstKvHead, numKvHeads } of slabs) {
        const counted = new Uint16Array(owners.numSlots);
        for (let sequence = 0; sequence < numSequences; sequence++) {
          for (let kvHead = firstKvHead; kvHead < firstKvHead + numKvHeads; kvHead++) {
            for (let page = 0; page < this.numPages(sequence); page++) {
              const slot = this.table.get(layer, sequence, kvHead, page as PageIndex);
              if (slot !== notResident) counted[slot]!++;
            }
          }
        }
        check(`layer ${layer}`, owners, counted);
      }
    });
  }

  destroy(): void {
    for (const { pool, summaries } of this.layers.flat()) {
      pool.destroy();
      summaries.destroy();
    }
    for (const buffer of [this.blockTable, this.summaryTable, this.listState, this.lists]) buffer.destroy();
  }

  #summary(sequence: number, page: number): Slot {
    return this.#summaryOf[sequence * this.shape.maxPages + page] as Slot;
  }

  #setSummary(sequence: number, page: number, slot: Slot): void {
    const index = sequence * this.shape.maxPages + page;
    this.#summaryOf[index] = slot;
    if (slot === notResident) this.#summaryChanges.delete(index);
    else this.#summaryChanges.set(index, slot);
  }

  #eachPlace(visit: (layer: number, kvHead: number, slab: LayerSlab) => void): void {
    this.layers.forEach((slabs, layer) => {
      for (const slab of slabs) {
        for (let i = 0; i < slab.numKvHeads; i++) visit(layer, slab.firstKvHead + i, slab);
      }
    });
  }
}

type CacheKernels = Awaited<ReturnType<typeof compileKernels>>;

async function compileKernels(compiler: KernelCompiler) {
  const [write, copyWithin] = await Promise.all([
    compiler.compile(writeTable),
    compiler.compile(copyPagesWithin),
  ]);
  return { write, copyWithin };
}
