/** Softmax mass of the pages that chosen heads attend: recorded behind a layer's attention, and only for who asks. */
import { listTargets, numLists } from '../cache/cache-layout';
import type { GpuBuffer } from '../gpu/buffer';
import type { Recorder } from '../gpu/recorder';
import { attentionConstants } from '../graph/head-constants';
import { pageMass } from '../kernels/attention/page-mass';
import { mostSplits, wantedSplits } from '../kernels/attention/page-splits';
import { pageOf, pagesFor } from '../cache/page';
import { sparseDecode, sparseDecodeGrid } from '../kernels/attention/sparse-decode';
import { qkvWidth } from '../graph/activations';
import type { GraphContext } from '../graph/graph-context';
import type { PromptEnd } from '../graph/prefill-graph';
import type { MassWish } from './mass-wish';
import type { RiddenRow, StepReturn, StepRider } from './step-rider';

/** A token whose masses are wanted. */
interface MassRow {
  readonly sequence: number;
  readonly position: number;
  readonly masses: MassWish;
}

/** Where a row's attention and its masses are, and which of the lists it attended. */
interface MassPlace {
  /** For a decode step's rows, or for the prompt's last token. */
  readonly kernel: 'decode' | 'prompt';
  readonly row: number;
  readonly maxSplits: number;
  readonly massOffset: number;
  readonly target: number;
}

type BoundSlab = Awaited<ReturnType<typeof bindLayer>>[number];

/**
 * A row of a decode step fills its row of `Activations.pageMasses [maxRows, maxPages]`, the last token of a prompt
 * `Activations.promptMasses [maxPages]`: means over heads and their query heads, so that a row sums to 1 where
 * all positions count.
 */
export class PageMasses implements StepRider {
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

  before(recorder: Recorder, rows: readonly RiddenRow[]): void {
    const { maxPages } = this.#context.cache.shape;
    rows.forEach((row, index) => {
      const { sequence, position, masses } = row;
      if (!masses || row.isPromptEnd) return;
      // Nothing is attended yet.
      recorder.clear(this.#context.activations.pageMasses, index * 4 * maxPages, 4 * maxPages);
      const massRow = { sequence, position, masses };
      row.onAttended = (into, layer, maxSplits) =>
        this.#add(into, layer, massRow, {
          kernel: 'decode',
          row: index,
          maxSplits,
          massOffset: index * maxPages,
          target: listTargets.attended,
        });
    });
  }

  after(_: Recorder, rows: readonly RiddenRow[]): StepReturn[] {
    const { cache, activations } = this.#context;
    return rows.flatMap((row, index): StepReturn[] => {
      if (!row.masses) return [];
      const source = row.isPromptEnd ? activations.promptMasses : activations.pageMasses;
      const offsetBytes = row.isPromptEnd ? 0 : index * 4 * cache.shape.maxPages;
      const sizeBytes = 4 * pagesFor(row.position + 1);
      const receive = (words: Uint32Array) => {
        row.pageMasses = new Float32Array(words.buffer, words.byteOffset, words.length);
      };
      return [{ parts: [{ source, offsetBytes, sizeBytes }], receive }];
    });
  }

  /** Records, with the prefill of a prompt's last token, at `position`, the masses of the pages that this token attends. */
  ofPromptEnd(sequence: number, position: number, masses: MassWish): NonNullable<PromptEnd['onKept']> {
    const massRow = { sequence, position, masses };
    return (recorder, layer, segmentRow, isSelecting) => {
      if (layer === 0) {
        recorder.clear(this.#context.activations.promptMasses, 0, 4 * this.#context.cache.shape.maxPages);
      }
      this.#addPrompt(recorder, layer, massRow, { segmentRow, isSelecting });
    };
  }

  /**
   * Records what the prompt's last token, row `segmentRow` of the segment, attends as a decode step would: what the layer has
   * selected for it with `isSelecting`, else everything. `Activations.segmentRow` names it.
   */
  #addPrompt(
    recorder: Recorder,
    layer: number,
    massRow: MassRow,
    { segmentRow, isSelecting }: { readonly segmentRow: number; readonly isSelecting: boolean },
  ): void {
    const { activations, config } = this.#context;
    if (this.#kvHeadsOf(layer, massRow).length === 0) return;
    const rowBytes = 4 * qkvWidth(config);
    recorder.copy(activations.segmentQkv, segmentRow * rowBytes, activations.qkv, 0, rowBytes);
    const { position } = massRow;
    // Some heads attend everything, whatever the others have selected.
    const maxSplits = mostSplits(pageOf(position) + 1, wantedSplits(config.numKvHeads));
    const target = isSelecting ? listTargets.selected : listTargets.attended;
    for (const { prompt, firstKvHead, numKvHeads } of this.#layers[layer]!) {
      recorder.dispatch(
        prompt.attend,
        { ...this.#shared(layer, target), numRows: 1, firstKvHead, maxSplits },
        sparseDecodeGrid(1, numKvHeads, maxSplits),
      );
    }
    const place = { kernel: 'prompt', row: 0, maxSplits, massOffset: 0, target } as const;
    this.#add(recorder, layer, massRow, place);
  }

  #add(recorder: Recorder, layer: number, massRow: MassRow, { kernel, target, ...place }: MassPlace): void {
    const { numHeads, numKvHeads: kvHeads } = this.#context.config;
    const { sequence, position } = massRow;
    const { heads, firstCounted, endCounted } = massRow.masses;
    const weight = kvHeads / (numHeads * heads.length);
    const own = { ...place, sequence, position, firstCounted, endCounted, weight };
    const kvHeadsOfLayer = this.#kvHeadsOf(layer, massRow);
    for (const slab of this.#layers[layer]!) {
      for (const kvHead of kvHeadsOfLayer) {
        if (kvHead < slab.firstKvHead || kvHead >= slab.firstKvHead + slab.numKvHeads) continue;
        const mass = kernel === 'decode' ? slab.decode : slab.prompt.mass;
        recorder.dispatch(mass, { ...this.#shared(layer, target), ...own, kvHead }, [place.maxSplits]);
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

  #shared(layer: number, target: number) {
    const { config, cache } = this.#context;
    const { maxPages, numSequences, pagesPerHead } = cache.shape;
    return {
      qkvStride: qkvWidth(config),
      kvHeads: config.numKvHeads,
      tableOffset: cache.table.layerOffset(layer),
      maxPages,
      listOffset: target * numLists(cache.shape) + layer * numSequences * config.numKvHeads,
      listCapacity: pagesPerHead,
      window: config.layers[layer]!.slidingWindow ?? 0,
      splits: wantedSplits(config.numKvHeads),
      scale: config.attentionScale,
    };
  }
}

async function bindLayer({ compiler, config, cache, activations }: GraphContext, layer: number) {
  const { qkv, partials, segmentRow: rows, pageMasses, promptMasses } = activations;
  const { blockTable, lists, listState } = cache;
  const constants = attentionConstants(config);
  const { format } = cache.shape;
  const [massKernel, attendKernel] = await Promise.all([
    compiler.compile(pageMass(format), constants),
    compiler.compile(sparseDecode(format), constants),
  ]);
  return cache.layers[layer]!.map(({ firstKvHead, numKvHeads: numInSlab, pool }) => {
    const massOf = (masses: GpuBuffer) =>
      massKernel.bind({ qkv, pool, blockTable, partials, masses, lists, listState });
    return {
      firstKvHead,
      numKvHeads: numInSlab,
      decode: massOf(pageMasses),
      prompt: {
        attend: attendKernel.bind({ qkv, pool, blockTable, rows, partials, lists, listState }),
        mass: massOf(promptMasses),
      },
    };
  });
}
