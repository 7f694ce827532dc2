/** Softmax mass of the pages that chosen heads attend: recorded behind a layer's attention, and only for who asks. */
import type { GpuBuffer } from '../gpu/buffer';
import type { Recorder } from '../gpu/recorder';
import { pageMass } from '../kernels/attention/page-mass';
import { numSplits } from '../kernels/attention/page-splits';
import { sparseDecode, sparseDecodeGrid } from '../kernels/attention/sparse-decode';
import { qkvWidth } from './activations';
import type { GraphContext } from './decode-graph';

/** Which masses are wanted. */
export interface MassWish {
  /** Heads to take the mean over, as indices `layer · numKvHeads + kvHead`. */
  readonly heads: readonly number[];
  /** Positions whose mass counts, `[firstCounted, endCounted)`, unsigned 32-bit. */
  readonly firstCounted: number;
  readonly endCounted: number;
}

/** A token whose masses are wanted. */
export interface MassRow {
  readonly sequence: number;
  readonly position: number;
  readonly masses: MassWish;
}

type BoundSlab = Awaited<ReturnType<typeof bindLayer>>[number];

/**
 * A row of a decode step fills its row of `Activations.pageMasses [maxRows, maxPages]`, the last token of a prompt
 * `Activations.promptMasses [maxPages]`: means over heads and their query heads, so that a row sums to 1 where
 * all positions count.
 */
export class PageMasses {
  readonly #context: GraphContext;
  readonly #layers: readonly (readonly BoundSlab[])[];

  private constructor(context: GraphContext, layers: readonly (readonly BoundSlab[])[]) {
    this.#context = context;
    this.#layers = layers;
  }

  /** Compiles and binds everything. */
  static async create(context: GraphContext): Promise<PageMasses> {
    const layers = context.cache.layers.map((_, layer) => bindLayer(context, layer));
    return new PageMasses(context, await Promise.all(layers));
  }

  /** Records the beginning of decode row `row`: nothing is attended yet. */
  beginRow(recorder: Recorder, row: number): void {
    const { activations, cache } = this.#context;
    const rowBytes = 4 * cache.shape.maxPages;
    recorder.clear(activations.pageMasses, row * rowBytes, rowBytes);
  }

  /** Records, behind the layer's `sparseDecode` with its `maxSplits`, what decode row `row` attended. */
  addRow(recorder: Recorder, layer: number, row: number, massRow: MassRow, maxSplits: number): void {
    const massOffset = row * this.#context.cache.shape.maxPages;
    this.#add(recorder, layer, massRow, ({ decode }) => decode, { row, maxSplits, massOffset });
  }

  /** Records the beginning of a prompt's last token. */
  beginPrompt(recorder: Recorder): void {
    recorder.clear(this.#context.activations.promptMasses, 0, 4 * this.#context.cache.shape.maxPages);
  }

  /**
   * Records, once all that a layer keeps is in its place, what the prompt's last token, row `segmentRow` of the segment, attends as
   * a decode step would: what the layer has selected for it with `isSelecting`, else everything. `Activations.segmentRow` names it.
   */
  addPrompt(
    recorder: Recorder,
    layer: number,
    segmentRow: number,
    massRow: MassRow,
    isSelecting: boolean,
  ): void {
    const { activations, config } = this.#context;
    if (this.#kvHeadsOf(layer, massRow).length === 0) return;
    const rowBytes = 4 * qkvWidth(config);
    recorder.copy(activations.segmentQkv, segmentRow * rowBytes, activations.qkv, 0, rowBytes);
    const { position } = massRow;
    // Some heads attend everything, whatever the others have selected.
    const maxSplits = numSplits({ position, window: config.layers[layer]!.slidingWindow ?? 0 });
    const of = ({ selected, listed }: BoundSlab) => (isSelecting ? selected : listed);
    for (const slab of this.#layers[layer]!) {
      const { firstKvHead, numKvHeads } = slab;
      recorder.dispatch(
        of(slab).attend,
        { ...this.#shared(layer), numRows: 1, firstKvHead, maxSplits },
        sparseDecodeGrid(1, numKvHeads, maxSplits),
      );
    }
    this.#add(recorder, layer, massRow, (slab) => of(slab).mass, { row: 0, maxSplits, massOffset: 0 });
  }

  #add(
    recorder: Recorder,
    layer: number,
    massRow: MassRow,
    choose: (slab: BoundSlab) => BoundSlab['decode'],
    place: { readonly row: number; readonly maxSplits: number; readonly massOffset: number },
  ): void {
    const { numHeads, numKvHeads: kvHeads } = this.#context.config;
    const { sequence, position } = massRow;
    const { heads, firstCounted, endCounted } = massRow.masses;
    const weight = kvHeads / (numHeads * heads.length);
    const own = { ...place, sequence, position, firstCounted, endCounted, weight };
    const kvHeadsOfLayer = this.#kvHeadsOf(layer, massRow);
    for (const slab of this.#layers[layer]!) {
      for (const kvHead of kvHeadsOfLayer) {
        if (kvHead < slab.firstKvHead || kvHead >= slab.firstKvHead + slab.numKvHeads) continue;
        recorder.dispatch(choose(slab), { ...this.#shared(layer), ...own, kvHead }, [place.maxSplits]);
      }
    }
  }

  #kvHeadsOf(layer: number, { masses }: MassRow): number[] {
    const { numKvHeads } = this.#context.config;
    const first = layer * numKvHeads;
    return masses.heads
      .filter((head) => head >= first && head < first + numKvHeads)
      .map((head) => head - first);
  }

  #shared(layer: number) {
    const { config, cache } = this.#context;
    const { maxPages, numSequences, pagesPerHead } = cache.shape;
    return {
      qkvStride: qkvWidth(config),
      kvHeads: config.numKvHeads,
      tableOffset: cache.table.layerOffset(layer),
      maxPages,
      listOffset: layer * numSequences * config.numKvHeads,
      listCapacity: pagesPerHead,
      window: config.layers[layer]!.slidingWindow ?? 0,
      scale: config.headDim ** -0.5,
    };
  }
}

async function bindLayer({ compiler, config, cache, activations }: GraphContext, layer: number) {
  const { qkv, partials, segmentRow: rows, pageMasses, promptMasses } = activations;
  const { blockTable, lists, listState, selections, selectionState } = cache;
  const { headDim, numHeads, numKvHeads } = config;
  const constants = { HEAD_DIM: headDim, GROUP: numHeads / numKvHeads };
  const { format } = cache.shape;
  const [massKernel, attendKernel] = await Promise.all([
    compiler.compile(pageMass(format), constants),
    compiler.compile(sparseDecode(format), constants),
  ]);
  return cache.layers[layer]!.map(({ firstKvHead, numKvHeads: numInSlab, pool }) => {
    const massOf = (masses: GpuBuffer, of: { readonly lists: GpuBuffer; readonly listState: GpuBuffer }) =>
      massKernel.bind({ qkv, pool, blockTable, partials, masses, ...of });
    const promptOf = (of: { readonly lists: GpuBuffer; readonly listState: GpuBuffer }) => ({
      attend: attendKernel.bind({ qkv, pool, blockTable, rows, partials, ...of }),
      mass: massOf(promptMasses, of),
    });
    return {
      firstKvHead,
      numKvHeads: numInSlab,
      decode: massOf(pageMasses, { lists, listState }),
      listed: promptOf({ lists, listState }),
      selected: promptOf({ lists: selections, listState: selectionState }),
    };
  });
}
