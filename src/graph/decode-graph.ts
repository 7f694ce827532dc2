/** One decode step as bound operations: seven dispatches a layer, for a fixed number of batch rows. */
import { hasRanges, openSlots, type CacheShape } from '../cache/cache-layout';
import { pageOf } from '../cache/page';
import type { GpuBuffer } from '../gpu/buffer';
import { flatGrid, type Recorder } from '../gpu/recorder';
import {
  mergeSplits,
  mergeSplitsGrid,
  sparseDecode,
  sparseDecodeGrid,
} from '../kernels/attention/sparse-decode';
import { mostSplits, numSplits, wantedSplits } from '../kernels/attention/page-splits';
import { ropeAppend, ropeAppendGrid } from '../kernels/cache/rope-append';
import { rmsNorm } from '../kernels/norm/rms-norm';
import { qkvWidth } from './activations';
import type { DecodeRow } from './decode-row';
import type { GraphContext } from './graph-context';
import { appendConstants, attentionConstants, headConstants } from './head-constants';
import { bindHeadNorms } from './head-norms';
import { bindEmbed, bindMatvec, bindMatvecGated, latestTokenOf } from './linear';
import type { MatvecOperands, Operation } from './linear-context';
import { bindSelection, type PrepareSelection, type Selection } from './selection';
import { mostWholePages } from './selection-path';
import { selectionTasks } from './selection-tasks';
import { hasOtherLayers } from '../config/model-extras';
import { fetched } from '../util/fetched';
import type { LayerWeights, Matrix } from '../weights/weights';

type LayerOperation = (recorder: Recorder, rows: readonly DecodeRow[]) => void;

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

  /** Records one step: tokens of `rows` in, logits out. The KV of each row's position is appended. */
  record(recorder: Recorder, rows: readonly DecodeRow[]): void {
    this.#embed(
      recorder,
      Uint32Array.from(rows, ({ sequence }) => latestTokenOf(sequence)),
    );
    for (const layer of this.#layers) layer(recorder, rows);
    this.#head(recorder);
  }

  /** Records final norm and head alone: `hidden` in, logits out. */
  recordHead(recorder: Recorder): void {
    this.#head(recorder);
  }
}

async function bindHead(context: GraphContext, rows: number): Promise<Operation> {
  const { weights, activations, config } = context;
  const multiply = config.isLayerNorm
    ? await (await fetched(import('./other-layers'))).bindOtherHead(context, rows)
    : await bindMatvec(context, weights.head ?? weights.embedding, {
        x: activations.hidden,
        y: activations.logits,
        outputStride: config.vocabSize,
        normWeight: weights.finalNorm,
        rows,
        // What is rounded here is rounded in the logits.
        isInFloats: true,
      });
  if (config.logitSoftCap === undefined) return multiply;
  return (await fetched(import('./soft-cap'))).bindSoftCap(context, rows, config.logitSoftCap, multiply);
}

async function bindLayer(
  context: GraphContext,
  layer: LayerWeights,
  layerIndex: number,
  rows: number,
): Promise<LayerOperation> {
  const { activations, config } = context;
  if (hasOtherLayers(config)) {
    const { bindOtherLayer } = await fetched(import('./other-layers'));
    return bindOtherLayer(context, layer, rows, await bindAttention(context, layer, layerIndex));
  }
  const { hidden, qkv, attended, inner } = activations;
  const { attentionNorm, mlpNorm, attentionOutputNorm, mlpOutputNorm } = layer;
  const { qkvBias, outputBias } = layer;
  const [project, normHeads, attend, output, gateUp, down] = await Promise.all([
    bindMatvec(context, layer.qkv, {
      x: hidden,
      y: qkv,
      outputStride: qkvWidth(config),
      ...(attentionNorm && { normWeight: attentionNorm }),
      bias: qkvBias,
      rows,
    }),
    bindHeadNorms(context, layer, qkv),
    bindAttention(context, layer, layerIndex),
    bindBranch(context, layer.output, attentionOutputNorm, { x: attended, bias: outputBias, rows }),
    bindMatvecGated(context, layer.gateUp, {
      x: hidden,
      y: inner,
      ...(mlpNorm && { normWeight: mlpNorm }),
      rows,
    }),
    bindBranch(context, layer.down, mlpOutputNorm, { x: inner, rows }),
  ]);
  return (recorder, decodeRows) => {
    project(recorder);
    normHeads?.(recorder, { firstRow: 0, numRows: rows });
    attend(recorder, decodeRows);
    output(recorder);
    gateUp(recorder);
    down(recorder);
  };
}

/** `hidden += [norm](W·x [+ bias])`. */
async function bindBranch(
  context: GraphContext,
  matrix: Matrix,
  norm: GpuBuffer | undefined,
  operands: Pick<MatvecOperands, 'x' | 'rows' | 'bias'>,
): Promise<Operation> {
  const { compiler, config, activations } = context;
  const { hidden, branch } = activations;
  const { hiddenSize: width, normEpsilon: epsilon } = config;
  const { rows } = operands;
  const multiply = await bindMatvec(context, matrix, {
    ...operands,
    y: norm ? branch : hidden,
    outputStride: width,
    isResidual: !norm,
  });
  if (!norm) return multiply;
  const kernel = await compiler.compile(rmsNorm, { RESIDUAL: 1 });
  const add = kernel.bind({ x: branch, weight: norm, y: hidden });
  const params = { rows, width, epsilon, inputRow: 0, outputRow: 0 };
  return (recorder) => {
    multiply(recorder);
    recorder.dispatch(add, params, flatGrid(rows));
  };
}

async function bindAttention(
  context: GraphContext,
  layer: LayerWeights,
  layerIndex: number,
): Promise<LayerOperation> {
  const { compiler, config, cache, activations, unused } = context;
  const { qkv, partials, attended, rows } = activations;
  const { blockTable, pageTable: summaryTable, listState, lists } = cache;
  const { rerankQueries } = cache.shape;
  const { numHeads, numKvHeads, headDim } = config;
  const { maxPages, format, numSequences, pagesPerHead, exactHeads } = cache.shape;
  const { usesRope, usesWindowRope, slidingWindow: window = 0 } = config.layers[layerIndex]!;
  const ropeTable = usesWindowRope ? context.windowRopeTable : context.ropeTable;
  const group = numHeads / numKvHeads;
  const splits = wantedSplits(numKvHeads);
  // A layer with a sliding window attends all of it.
  const isSparse = cache.isSparse && window === 0;
  const [appendKernel, attendKernel, mergeKernel, selection] = await Promise.all([
    compiler.compile(ropeAppend(format), {
      ...appendConstants(config),
      SUMMARY: Number(hasRanges(cache.shape, layerIndex)),
    }),
    compiler.compile(sparseDecode(format), attentionConstants(config)),
    compiler.compile(mergeSplits, headConstants(config)),
    isSparse ? bindSelection(context, layerIndex, { qkv, rows, isRing: true }) : undefined,
  ]);
  const qkNorm = layer.qkNorm ?? unused;
  const slabs = cache.layers[layerIndex]!.map(({ firstKvHead, numKvHeads: numInSlab, pool, open }) => ({
    firstKvHead,
    numKvHeads: numInSlab,
    append: appendKernel.bind({
      qkv,
      ropeTable,
      qkNorm,
      rows,
      blockTable,
      pool,
      summaryTable,
      summaries: open,
    }),
    attend: attendKernel.bind({ qkv, pool, blockTable, rows, listState, lists, partials }),
  }));
  // A stable head attends its set and the pages born since.
  const sparseEntries = Math.max(pagesPerHead, cache.shape.slotsPerStableHead);
  const maxEntries = isSparse && exactHeads.count(layerIndex) === 0 ? sparseEntries : Infinity;
  const wholePages = mostWholePages(compiler.device.features, pagesPerHead);
  const hasUnstable = cache.shape.unstable.count(layerIndex) > 0;
  const merge = mergeKernel.bind({ partials, rows, listState, attended });
  const shared = {
    qkvStride: qkvWidth(config),
    kvHeads: numKvHeads,
    tableOffset: cache.table.layerOffset(layerIndex),
    listOffset: layerIndex * numSequences * numKvHeads,
    maxPages,
  };
  const select = selection && selectionByRows(selection.prepare, cache.shape, layerIndex);
  const holding =
    selection && cache.shape.isObserved && cache.shape.selection === 'digest'
      ? await (await fetched(import('./held-masses'))).bindHeldMasses(context, layerIndex, selection.prepare)
      : undefined;
  const { first: firstOpenSlot, perHead: numSummarySlots } = openSlots(cache.shape, layerIndex);
  const prepare = (numRows: number, maxSplits: number) => {
    const attention = {
      ...shared,
      numRows,
      listCapacity: pagesPerHead,
      window,
      splits,
      maxSplits,
      scale: config.attentionScale,
    };
    return {
      numRows,
      maxSplits,
      slabs: slabs.map(({ append, attend, firstKvHead, numKvHeads: numInSlab }) => ({
        append,
        appendParams: {
          ...shared,
          numRows,
          firstKvHead,
          numKvHeads: numInSlab,
          rotaryDim: usesRope ? config.rope.rotaryDim : 0,
          numSummarySlots,
          firstOpenSlot,
          epsilon: config.normEpsilon,
        },
        appendGrid: ropeAppendGrid(numRows, numInSlab, group, headDim),
        attend,
        attendParams: { ...attention, firstKvHead },
        attendGrid: sparseDecodeGrid(numRows, numInSlab, maxSplits),
      })),
      mergeParams: attention,
      mergeGrid: mergeSplitsGrid(numRows, numHeads),
    };
  };
  // Numbers of the latest step: those of the next are the same as a rule.
  let latest = prepare(1, 1);
  return (recorder, decodeRows) => {
    let [maxSplits, numPages] = [0, 0];
    for (const row of decodeRows) {
      const isWhole = row.isExact || (hasUnstable && !isChoosing(row, wholePages));
      maxSplits = Math.max(maxSplits, splitsOf(row, window, splits, isWhole ? Infinity : maxEntries));
      numPages = Math.max(numPages, pageOf(row.position) + 1);
    }
    if (latest.numRows !== decodeRows.length || latest.maxSplits !== maxSplits) {
      latest = prepare(decodeRows.length, maxSplits);
    }
    for (const { append, appendParams, appendGrid } of latest.slabs) {
      recorder.dispatch(append, appendParams, appendGrid);
    }
    const selecting = select?.(
      rowBits(decodeRows, isChoosing, wholePages),
      rowBits(decodeRows, isReranking, layerIndex),
      // By digests it is measured apart, by one query.
      holding ? 0 : rowBits(decodeRows, isObserving, layerIndex),
    );
    // A rerank may use queries of steps in which nothing is selected.
    const isTaking =
      rerankQueries > 1
        ? numPages > pagesPerHead
        : selecting !== undefined || (holding && decodeRows.some(({ observed }) => observed));
    if (isTaking) selection?.takeQueries?.(recorder, decodeRows.length);
    selecting?.(recorder, numPages);
    decodeRows.forEach((row, index) => row.observed && holding?.(recorder, index, row));
    for (const { attend, attendParams, attendGrid } of latest.slabs) {
      recorder.dispatch(attend, attendParams, attendGrid);
    }
    recorder.dispatch(merge, latest.mergeParams, latest.mergeGrid);
    for (const { onAttended } of decodeRows) onAttended?.(recorder, layerIndex, maxSplits);
  };
}

/** Whether unstable heads of a row have more pages than they attend as they are, so that they select in every step. */
function isChoosing({ position, isExact }: DecodeRow, wholePages: number): boolean {
  return !isExact && pageOf(position) + 1 > wholePages;
}

function isReranking({ reranking }: DecodeRow, layer: number): boolean {
  return reranking !== undefined && layer >= reranking.first && layer < reranking.end;
}

function isObserving({ observed }: DecodeRow): boolean {
  return observed !== undefined;
}

/** The rows of a batch of which `isWanted` holds: bit i for row i. */
function rowBits(
  rows: readonly DecodeRow[],
  isWanted: (row: DecodeRow, argument: number) => boolean,
  argument: number,
): number {
  let bits = 0;
  for (let i = 0; i < rows.length; i++) if (isWanted(rows[i]!, argument)) bits |= 1 << i;
  return bits;
}

/** Selections that are kept: those of a few sequences with all their phases. */
const maxSelections = 256;

/**
 * The selection of a layer by the rows whose unstable heads choose, whose stable heads rerank, and all of whose heads are
 * observed, each by `rowBits`; undefined where there is nothing to select. Each is made once.
 */
function selectionByRows(prepare: PrepareSelection, shape: CacheShape, layer: number) {
  const known = new Map<number, Selection | undefined>();
  return (choosing: number, reranking: number, observing: number): Selection | undefined => {
    const key = choosing | (reranking << 8) | (observing << 16);
    if (!known.has(key)) {
      if (known.size === maxSelections) known.clear();
      const tasks = selectionTasks({ choosing, reranking, observing }, shape, layer);
      known.set(key, tasks.length > 0 ? prepare(tasks) : undefined);
    }
    return known.get(key);
  };
}

/** The most splits of any of a row's lists, which have at most `maxEntries` entries. */
function splitsOf({ position }: DecodeRow, window: number, splits: number, maxEntries: number): number {
  if (window > 0) return numSplits({ position, window, splits });
  return mostSplits(Math.min(pageOf(position) + 1, maxEntries), splits);
}
