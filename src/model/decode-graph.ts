/** One decode step as bound operations: seven dispatches a layer, for a fixed number of batch rows. */
import type { KvCache } from '../cache/kv-cache';
import { numSummarySlots } from '../cache/cache-layout';
import { pageOf } from '../cache/page';
import type { GpuBuffer } from '../gpu/buffer';
import type { Recorder } from '../gpu/recorder';
import {
  mergeSplits,
  mergeSplitsGrid,
  sparseDecode,
  sparseDecodeGrid,
} from '../kernels/attention/sparse-decode';
import { numSplits, pagesPerSplit } from '../kernels/attention/page-splits';
import { ropeAppend, ropeAppendGrid } from '../kernels/cache/rope-append';
import { gatedActivation, gatedActivationGrid } from '../kernels/linear/gated-activation';
import { activationCodes } from '../kernels/linear/matvec-gated';
import { ceilDiv } from '../util/math';
import { qkvWidth, type Activations } from './activations';
import {
  bindEmbed,
  bindMatvec,
  bindMatvecGated,
  latestTokenOf,
  type LinearContext,
  type Operation,
} from './linear';
import type { MassWish, PageMasses } from './page-masses';
import { bindSelection, type SelectionPair } from './selection';
import type { HostTraffic } from './tile-traffic';
import type { LayerWeights, ModelWeights } from './weights';

/** One row of a decode step. */
export interface DecodeRow {
  /** Index of the sequence in tables and token buffer. */
  readonly sequence: number;
  /** Position of the token that is processed: the sequence's latest sampled one. */
  readonly position: number;
  /** Every page is attended, whatever the budget. */
  readonly isExact: boolean;
  /**
   * Layers `[first, end)` whose stable heads select anew in this step, with this step's query; they still attend their old set.
   */
  readonly reranking: { readonly first: number; readonly end: number } | undefined;
  /** All heads also select without effect, so that their stability is measured. */
  readonly isObserved: boolean;
  /** The page masses that are wanted; needs `PageMasses`. */
  readonly masses?: MassWish | undefined;
}

/** Everything that a graph binds. */
export interface GraphContext extends LinearContext {
  readonly weights: ModelWeights;
  readonly cache: KvCache;
  readonly host: HostTraffic;
  readonly activations: Activations;
  /** Latest sampled token of every sequence. */
  readonly tokens: GpuBuffer;
  readonly ropeTable: GpuBuffer;
}

type LayerOperation = (
  recorder: Recorder,
  rows: readonly DecodeRow[],
  masses: PageMasses | undefined,
) => void;

/** Records decode steps of up to `rows` sequences: `Activations.rows` holds them, logits come out. */
export class DecodeGraph {
  readonly #embed: Awaited<ReturnType<typeof bindEmbed>>;
  readonly #layers: readonly LayerOperation[];
  readonly #head: Operation;

  private constructor(
    embed: Awaited<ReturnType<typeof bindEmbed>>,
    layers: readonly LayerOperation[],
    head: Operation,
  ) {
    this.#embed = embed;
    this.#layers = layers;
    this.#head = head;
  }

  /** Compiles and binds everything for a batch of exactly `rows` rows (1, 2, 4 or 8). */
  static async create(context: GraphContext, rows: number): Promise<DecodeGraph> {
    const { weights, activations, tokens } = context;
    const [embed, head, layers] = await Promise.all([
      bindEmbed(context, weights.embedding, { tokens, hidden: activations.hidden }),
      bindHead(context, rows),
      Promise.all(weights.layers.map((layer, index) => bindLayer(context, layer, index, rows))),
    ]);
    return new DecodeGraph(embed, layers, head);
  }

  /**
   * Records one step: tokens of `rows` in, logits out. The KV of each row's position is appended. `masses` takes those of the
   * rows that want them.
   */
  record(recorder: Recorder, rows: readonly DecodeRow[], masses?: PageMasses): void {
    this.#embed(
      recorder,
      Uint32Array.from(rows, ({ sequence }) => latestTokenOf(sequence)),
    );
    rows.forEach((row, index) => row.masses && masses?.beginRow(recorder, index));
    for (const layer of this.#layers) layer(recorder, rows, masses);
    this.#head(recorder);
  }

  /** Records final norm and head alone: `hidden` in, logits out. */
  recordHead(recorder: Recorder): void {
    this.#head(recorder);
  }
}

function bindHead(context: GraphContext, rows: number): Promise<Operation> {
  const { weights, activations, config } = context;
  return bindMatvec(context, weights.head ?? weights.embedding, {
    x: activations.hidden,
    y: activations.logits,
    outputStride: config.vocabSize,
    normWeight: weights.finalNorm,
    rows,
  });
}

async function bindLayer(
  context: GraphContext,
  layer: LayerWeights,
  layerIndex: number,
  rows: number,
): Promise<LayerOperation> {
  const { activations, config } = context;
  const { hidden, qkv, attended, inner } = activations;
  const { attentionNorm, mlpNorm, qkvBias, outputBias, gateUpBias, downBias } = layer;
  const [project, attend, output, gateUp, down] = await Promise.all([
    bindMatvec(context, layer.qkv, {
      x: hidden,
      y: qkv,
      outputStride: qkvWidth(config),
      normWeight: attentionNorm,
      bias: qkvBias,
      rows,
    }),
    bindAttention(context, layer, layerIndex),
    bindMatvec(context, layer.output, {
      x: attended,
      y: hidden,
      outputStride: config.hiddenSize,
      bias: outputBias,
      isResidual: true,
      rows,
    }),
    gateUpBias
      ? bindBiasedGateUp(context, layer, gateUpBias, rows)
      : bindMatvecGated(context, layer.gateUp, { x: hidden, y: inner, normWeight: mlpNorm, rows }),
    bindMatvec(context, layer.down, {
      bias: downBias,
      x: inner,
      y: hidden,
      outputStride: config.hiddenSize,
      isResidual: true,
      rows,
    }),
  ]);
  return (recorder, decodeRows, masses) => {
    project(recorder);
    attend(recorder, decodeRows, masses);
    output(recorder);
    gateUp(recorder);
    down(recorder);
  };
}

/** Projections and activation one after the other: the fused kernel knows no bias. One dispatch more a layer. */
async function bindBiasedGateUp(
  context: GraphContext,
  { gateUp, mlpNorm }: LayerWeights,
  bias: GpuBuffer,
  rows: number,
): Promise<Operation> {
  const { compiler, config, activations } = context;
  const { hidden, inner, chunkGateUp } = activations;
  const { intermediateSize, activation } = config;
  const [project, kernel] = await Promise.all([
    bindMatvec(context, gateUp, {
      x: hidden,
      y: chunkGateUp,
      outputStride: 2 * intermediateSize,
      normWeight: mlpNorm,
      bias,
      rows,
    }),
    compiler.compile(gatedActivation, { ACTIVATION: activationCodes[activation] }),
  ]);
  const activate = kernel.bind({ z: chunkGateUp, y: inner });
  return (recorder) => {
    project(recorder);
    recorder.dispatch(
      activate,
      { rows, width: intermediateSize },
      gatedActivationGrid(rows, intermediateSize),
    );
  };
}

async function bindAttention(
  context: GraphContext,
  layer: LayerWeights,
  layerIndex: number,
): Promise<LayerOperation> {
  const { compiler, config, cache, activations, ropeTable, unused } = context;
  const { qkv, partials, attended, rows } = activations;
  const { blockTable, pageTable: summaryTable, listState, lists } = cache;
  const { numHeads, numKvHeads, headDim } = config;
  const { maxPages, format, numPageIds, numSequences, pagesPerHead, unstable, exactHeads } = cache.shape;
  const { usesRope, slidingWindow: window = 0 } = config.layers[layerIndex]!;
  const group = numHeads / numKvHeads;
  const constants = { HEAD_DIM: headDim, GROUP: group };
  // A layer with a sliding window attends all of it.
  const isSparse = cache.isSparse && window === 0;
  const [appendKernel, attendKernel, mergeKernel, select] = await Promise.all([
    compiler.compile(ropeAppend(format), { ...constants, QK_NORM: Number(config.hasQkNorm) }),
    compiler.compile(sparseDecode(format), constants),
    compiler.compile(mergeSplits, constants),
    isSparse ? bindSelection(context, layerIndex, { qkv, rows }) : undefined,
  ]);
  const choosingHeads = unstable.ofLayer(layerIndex).filter((kvHead) => !exactHeads.has(layerIndex, kvHead));
  const allHeads = Array.from({ length: numKvHeads }, (_, kvHead) => kvHead);
  const stableHeads = allHeads.filter((kvHead) => !unstable.has(layerIndex, kvHead));
  const qkNorm = layer.qkNorm ?? unused;
  const slabs = cache.layers[layerIndex]!.map(({ firstKvHead, numKvHeads: numInSlab, pool, summaries }) => ({
    firstKvHead,
    numKvHeads: numInSlab,
    append: appendKernel.bind({ qkv, ropeTable, qkNorm, rows, blockTable, pool, summaryTable, summaries }),
    attend: attendKernel.bind({ qkv, pool, blockTable, rows, listState, lists, partials }),
  }));
  // A stable head attends its set and the pages born since.
  const sparseEntries = Math.max(pagesPerHead, cache.shape.slotsPerStableHead);
  const maxEntries = isSparse && exactHeads.count(layerIndex) === 0 ? sparseEntries : Infinity;
  const merge = mergeKernel.bind({ partials, rows, listState, attended });
  const shared = {
    qkvStride: qkvWidth(config),
    kvHeads: numKvHeads,
    tableOffset: cache.table.layerOffset(layerIndex),
    listOffset: layerIndex * numSequences * numKvHeads,
    maxPages,
  };
  return (recorder, decodeRows, masses) => {
    const numRows = decodeRows.length;
    const maxSplits = Math.max(...decodeRows.map((row) => splitsOf(row, window, maxEntries)));
    for (const { append, firstKvHead, numKvHeads: numInSlab } of slabs) {
      const params = {
        ...shared,
        numRows,
        firstKvHead,
        numKvHeads: numInSlab,
        rotaryDim: usesRope ? config.rope.rotaryDim : 0,
        numSummarySlots: numSummarySlots(cache.shape),
        firstOpenSlot: numPageIds,
        epsilon: config.normEpsilon,
      };
      recorder.dispatch(append, params, ropeAppendGrid(numRows, numInSlab, group, headDim));
    }
    if (select) {
      const numPages = Math.max(...decodeRows.map(({ position }) => pageOf(position) + 1));
      select(recorder, 'lists', pairsOf(decodeRows, choosingHeads, isChoosing(pagesPerHead)), numPages);
      select(
        recorder,
        'selections',
        pairsOf(
          decodeRows,
          stableHeads,
          ({ reranking }) => reranking !== undefined && isIn(reranking, layerIndex),
        ),
        numPages,
      );
      select(
        recorder,
        'observed',
        pairsOf(decodeRows, allHeads, ({ isObserved }) => isObserved),
        numPages,
      );
    }
    const attention = {
      ...shared,
      numRows,
      listCapacity: pagesPerHead,
      window,
      maxSplits,
      scale: headDim ** -0.5,
    };
    for (const { attend, firstKvHead, numKvHeads: numInSlab } of slabs) {
      recorder.dispatch(
        attend,
        { ...attention, firstKvHead },
        sparseDecodeGrid(numRows, numInSlab, maxSplits),
      );
    }
    recorder.dispatch(merge, attention, mergeSplitsGrid(numRows, numHeads));
    decodeRows.forEach(({ sequence, position, masses: wish }, index) => {
      if (wish) masses?.addRow(recorder, layerIndex, index, { sequence, position, masses: wish }, maxSplits);
    });
  };
}

function isIn({ first, end }: NonNullable<DecodeRow['reranking']>, layer: number): boolean {
  return layer >= first && layer < end;
}

/** Whether an unstable head of a row has more pages than it may attend, so that it selects in every step. */
function isChoosing(pagesPerHead: number): (row: DecodeRow) => boolean {
  return ({ position, isExact }) => !isExact && pageOf(position) + 1 > pagesPerHead;
}

function pairsOf(
  rows: readonly DecodeRow[],
  kvHeads: readonly number[],
  isWanted: (row: DecodeRow) => boolean,
): SelectionPair[] {
  return rows.flatMap((row, index) =>
    isWanted(row) ? kvHeads.map((kvHead): SelectionPair => [index, kvHead]) : [],
  );
}

/** Splits of a row's longest list, which has at most `maxEntries` entries unless all pages are attended. */
function splitsOf({ position, isExact }: DecodeRow, window: number, maxEntries: number): number {
  const all = numSplits({ position, window });
  return isExact ? all : Math.min(all, ceilDiv(maxEntries, pagesPerSplit));
}
