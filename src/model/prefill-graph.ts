/**
 * Prefill of one segment: all its tokens through layer 0, then layer 1, …, attention tile by tile with carried softmax
 * state, so that no buffer grows with the context. Recording is a generator: its caller submits wherever it likes.
 */
import type { LayerSlab } from '../cache/kv-cache';
import { pageOf, pagesFor, pageTokens, type PageIndex } from '../cache/page';
import type { GpuBuffer } from '../gpu/buffer';
import type { BoundKernel } from '../gpu/kernel';
import { flatGrid, type Recorder } from '../gpu/recorder';
import { prefillAttention, prefillAttentionGrid } from '../kernels/attention/prefill-attention';
import { copyPages } from '../kernels/cache/copy-pages';
import { pageSummary, pageSummaryGrid } from '../kernels/cache/page-summary';
import { ropeAppendGrid, ropeAppendTile } from '../kernels/cache/rope-append';
import { gatedActivation, gatedActivationGrid } from '../kernels/linear/gated-activation';
import { activationCodes } from '../kernels/linear/matvec-gated';
import { rmsNorm } from '../kernels/norm/rms-norm';
import { qkvWidth } from './activations';
import type { GraphContext } from './decode-graph';
import { bindEmbed, bindMatmul } from './linear';
import { planChunks, type Chunk, type Segment } from './prefill-plan';
import type { LayerWeights } from './weights';

/** What a slice of recorded work costs, in multiply-adds: the caller's measure of when to submit. */
export type Cost = number;

type CopyKernel = BoundKernel<keyof typeof copyPages.params>;
type BoundLayer = Awaited<ReturnType<PrefillGraph['bindLayer']>>;
type Kernels = Awaited<ReturnType<typeof compileKernels>>;

/** Records segments of one sequence at a time. */
export class PrefillGraph {
  readonly #context: GraphContext;
  /** Tokens of a tile: a multiple of the attention kernel's key block. */
  readonly #tileTokens: number;
  readonly #kernels: Kernels;
  readonly #embed: Awaited<ReturnType<typeof bindEmbed>>;
  #layers: readonly BoundLayer[] = [];

  private constructor(
    context: GraphContext,
    tileTokens: number,
    kernels: Kernels,
    embed: Awaited<ReturnType<typeof bindEmbed>>,
  ) {
    this.#context = context;
    this.#tileTokens = tileTokens;
    this.#kernels = kernels;
    this.#embed = embed;
  }

  /** Compiles and binds everything. */
  static async create(context: GraphContext, tileTokens: number): Promise<PrefillGraph> {
    const { tokens, activations, weights } = context;
    const [kernels, embed] = await Promise.all([
      compileKernels(context),
      bindEmbed(context, weights.embedding, { tokens, hidden: activations.segmentHidden }),
    ]);
    const graph = new PrefillGraph(context, tileTokens, kernels, embed);
    graph.#layers = await Promise.all(weights.layers.map((layer, index) => graph.bindLayer(layer, index)));
    return graph;
  }

  /**
   * Records the segment's tokens `ids` (those at `[segment.start, segment.end)`) for `sequence`, whose pages exist, in
   * chunks of at most `chunkTokens` rows; no result depends on how many.
   * Yields the cost of what it recorded since the last yield. The last token's hidden state of the last segment ends
   * in row 0 of `Activations.hidden`.
   */
  *record(
    recorder: Recorder,
    sequence: number,
    segment: Segment,
    ids: readonly number[],
    chunkTokens: number,
  ): Generator<Cost, void> {
    const { config, activations } = this.#context;
    const { hiddenSize } = config;
    const chunks = planChunks(segment, chunkTokens);
    this.#embed(recorder, Uint32Array.from(ids));
    yield ids.length * hiddenSize;
    for (const [index, layer] of this.#layers.entries()) {
      const isLastLayer = index === this.#layers.length - 1;
      // Beyond its keys and values, the last layer matters only for the token whose logits are wanted.
      const needed = !isLastLayer ? chunks : segment.isLast ? [lastRow(segment)] : [];
      yield* this.#recordKeysAndValues(recorder, layer, sequence, segment, chunks);
      yield* this.#recordAttention(recorder, layer, sequence, segment, needed);
      yield* this.#recordFeedForward(recorder, layer, needed);
    }
    if (segment.isLast) {
      const rowBytes = 4 * hiddenSize;
      const lastRowOffset = (segment.end - segment.start - 1) * rowBytes;
      recorder.copy(activations.segmentHidden, lastRowOffset, activations.hidden, 0, rowBytes);
    }
  }

  *#recordKeysAndValues(
    recorder: Recorder,
    layer: BoundLayer,
    sequence: number,
    segment: Segment,
    chunks: readonly Chunk[],
  ): Generator<Cost> {
    const { config, cache } = this.#context;
    const { hiddenSize, numKvHeads, numHeads, headDim, normEpsilon: epsilon } = config;
    const tile = this.#tile(segment.tileIndex);
    const firstPage = pageOf(segment.start);
    // What the tile holds of earlier tokens comes back from the pool: whole pages before, and the page being filled.
    this.#copyTile(
      recorder,
      layer,
      sequence,
      layer.ownTile.fromPool,
      tile.firstPage,
      tile.firstPage,
      pagesFor(segment.start),
    );
    for (const { firstRow, numRows, firstPosition } of chunks) {
      recorder.dispatch(
        layer.attentionNorm,
        { rows: numRows, width: hiddenSize, epsilon, inputRow: firstRow, outputRow: 0 },
        flatGrid(numRows),
      );
      layer.project(recorder, { numRows, firstInputRow: 0, firstOutputRow: firstRow });
      recorder.dispatch(
        layer.append,
        {
          numRows,
          firstRow,
          firstPosition,
          qkvStride: qkvWidth(config),
          kvHeads: numKvHeads,
          rotaryDim: layer.rotaryDim,
          tileFirstPage: tile.firstPage,
          tilePages: this.#tilePages,
          epsilon,
        },
        ropeAppendGrid(numRows, numKvHeads, numHeads / numKvHeads, headDim),
      );
      yield numRows * hiddenSize * qkvWidth(config);
    }
    const numFullPages = Math.floor(segment.end / pageTokens) - firstPage;
    for (const { slab, summarize } of layer.slabs) {
      const params = {
        firstPage,
        numPages: numFullPages,
        firstKvHead: slab.firstKvHead,
        numKvHeads: slab.numKvHeads,
        tileFirstPage: tile.firstPage,
        tilePages: this.#tilePages,
        tableOffset: sequence * cache.shape.maxPages,
        numSummarySlots: cache.shape.slotsPerHead,
      };
      if (numFullPages > 0) {
        recorder.dispatch(summarize, params, pageSummaryGrid(numFullPages, slab.numKvHeads, headDim));
      }
    }
    this.#copyTile(
      recorder,
      layer,
      sequence,
      layer.ownTile.toPool,
      tile.firstPage,
      firstPage,
      pagesFor(segment.end),
    );
  }

  *#recordAttention(
    recorder: Recorder,
    layer: BoundLayer,
    sequence: number,
    segment: Segment,
    chunks: readonly Chunk[],
  ): Generator<Cost> {
    if (chunks.length === 0) return;
    const { config } = this.#context;
    const { numHeads, numKvHeads, headDim } = config;
    const tileTokens = this.#tileTokens;
    const oldestKey = layer.window === 0 ? 0 : Math.max(0, chunks[0]!.firstPosition + 1 - layer.window);
    const firstTile = Math.floor(oldestKey / tileTokens);
    for (let tileIndex = firstTile; tileIndex <= segment.tileIndex; tileIndex++) {
      const { firstPage } = this.#tile(tileIndex);
      const isOwn = tileIndex === segment.tileIndex;
      const bound = isOwn ? layer.ownTile : layer.earlierTiles[tileIndex % layer.earlierTiles.length]!;
      if (!isOwn) {
        this.#copyTile(
          recorder,
          layer,
          sequence,
          bound.fromPool,
          firstPage,
          firstPage,
          firstPage + this.#tilePages,
        );
      }
      const tokens = isOwn ? segment.end - tileIndex * tileTokens : tileTokens;
      for (const { firstRow, numRows, firstPosition } of chunks) {
        const params = {
          numRows,
          firstRow,
          firstPosition,
          qkvStride: qkvWidth(config),
          kvHeads: numKvHeads,
          tileFirstPage: firstPage,
          tilePages: this.#tilePages,
          tileTokens: tokens,
          window: layer.window,
          isFirst: Number(tileIndex === firstTile),
          isLast: Number(isOwn),
          scale: headDim ** -0.5,
        };
        recorder.dispatch(
          bound.attend,
          params,
          prefillAttentionGrid(numRows, numKvHeads, numHeads / numKvHeads),
        );
        yield 2 * numRows * tokens * numHeads * headDim;
      }
    }
  }

  *#recordFeedForward(recorder: Recorder, layer: BoundLayer, chunks: readonly Chunk[]): Generator<Cost> {
    const { hiddenSize, intermediateSize, numHeads, headDim, normEpsilon: epsilon } = this.#context.config;
    for (const { firstRow, numRows } of chunks) {
      const rows = { numRows, firstInputRow: 0, firstOutputRow: 0 };
      layer.output(recorder, { numRows, firstInputRow: firstRow, firstOutputRow: firstRow });
      recorder.dispatch(
        layer.mlpNorm,
        { rows: numRows, width: hiddenSize, epsilon, inputRow: firstRow, outputRow: 0 },
        flatGrid(numRows),
      );
      layer.gateUp(recorder, rows);
      recorder.dispatch(
        this.#kernels.activation,
        { rows: numRows, width: intermediateSize },
        gatedActivationGrid(numRows, intermediateSize),
      );
      layer.down(recorder, { numRows, firstInputRow: 0, firstOutputRow: firstRow });
      yield numRows * hiddenSize * (numHeads * headDim + 3 * intermediateSize);
    }
  }

  get #tilePages(): number {
    return this.#tileTokens / pageTokens;
  }

  #tile(tileIndex: number): { firstPage: number } {
    return { firstPage: tileIndex * this.#tilePages };
  }

  /** Copies pages `[from, to)` of a sequence between the pool and a tile that begins at page `tileFirstPage`. */
  #copyTile(
    recorder: Recorder,
    layer: BoundLayer,
    sequence: number,
    copies: { readonly bySlab: readonly CopyKernel[]; readonly isToPool: boolean },
    tileFirstPage: number,
    from: number,
    to: number,
  ): void {
    const { cache } = this.#context;
    const numPages = to - from;
    if (numPages <= 0) return;
    for (const [index, { slab }] of layer.slabs.entries()) {
      const pairs = new Uint32Array(2 * numPages * slab.numKvHeads);
      let at = 0;
      for (let kvHead = slab.firstKvHead; kvHead < slab.firstKvHead + slab.numKvHeads; kvHead++) {
        for (let page = from; page < to; page++) {
          const slot = cache.table.get(layer.index, sequence, kvHead, page as PageIndex);
          const inTile = kvHead * this.#tilePages + page - tileFirstPage;
          pairs[at++] = copies.isToPool ? inTile : slot;
          pairs[at++] = copies.isToPool ? slot : inTile;
        }
      }
      const params = { numPages: numPages * slab.numKvHeads, wordsPerPage: cache.layout.pageBytes / 4 };
      recorder.dispatch(copies.bySlab[index]!, params, flatGrid(params.numPages), pairs);
    }
  }

  /** Binds one layer's kernels. */
  async bindLayer(layer: LayerWeights, index: number) {
    const context = this.#context;
    const { config, cache, activations, ropeTable, unused } = context;
    const { segmentHidden, segmentQkv: qkv, segmentAttended: attended, softmaxState } = activations;
    const { chunkNormed, chunkGateUp, chunkInner, ownTile, earlierTile0, earlierTile1 } = activations;
    const { hiddenSize, intermediateSize } = config;
    const { usesRope, slidingWindow: window = 0 } = config.layers[index]!;
    const { attentionNorm, mlpNorm, qkvBias, outputBias, gateUpBias, downBias } = layer;
    const kernels = this.#kernels;
    const [project, output, gateUp, down] = await Promise.all([
      bindMatmul(context, layer.qkv, {
        x: chunkNormed,
        y: qkv,
        outputStride: qkvWidth(config),
        bias: qkvBias,
      }),
      bindMatmul(context, layer.output, {
        x: attended,
        y: segmentHidden,
        outputStride: hiddenSize,
        bias: outputBias,
        isResidual: true,
      }),
      bindMatmul(context, layer.gateUp, {
        x: chunkNormed,
        y: chunkGateUp,
        outputStride: 2 * intermediateSize,
        bias: gateUpBias,
      }),
      bindMatmul(context, layer.down, {
        bias: downBias,
        x: chunkInner,
        y: segmentHidden,
        outputStride: hiddenSize,
        isResidual: true,
      }),
    ]);
    const slabs = cache.layers[index]!;
    const copies = (from: (slab: LayerSlab) => GpuBuffer, to: (slab: LayerSlab) => GpuBuffer) =>
      slabs.map((slab): CopyKernel => kernels.copy.bind({ source: from(slab), destination: to(slab) }));
    const bindTile = (tile: GpuBuffer) => ({
      fromPool: {
        isToPool: false,
        bySlab: copies(
          ({ pool }) => pool,
          () => tile,
        ),
      },
      toPool: {
        isToPool: true,
        bySlab: copies(
          () => tile,
          ({ pool }) => pool,
        ),
      },
      attend: kernels.attend.bind({ qkv, tile, attended, softmaxState }),
    });
    return {
      index,
      window,
      rotaryDim: usesRope ? config.rope.rotaryDim : 0,
      attentionNorm: kernels.norm.bind({ x: segmentHidden, weight: attentionNorm, y: chunkNormed }),
      mlpNorm: kernels.norm.bind({ x: segmentHidden, weight: mlpNorm, y: chunkNormed }),
      project,
      append: kernels.append.bind({ qkv, ropeTable, qkNorm: layer.qkNorm ?? unused, tile: ownTile }),
      slabs: slabs.map((slab) => ({
        slab,
        summarize: kernels.summarize.bind({
          tile: ownTile,
          summaryTable: cache.summaryTable,
          summaries: slab.summaries,
        }),
      })),
      ownTile: bindTile(ownTile),
      earlierTiles: [bindTile(earlierTile0), bindTile(earlierTile1)],
      output,
      gateUp,
      down,
    };
  }
}

function lastRow(segment: Segment): Chunk {
  return { firstRow: segment.end - 1 - segment.start, numRows: 1, firstPosition: segment.end - 1 };
}

async function compileKernels({ compiler, config, cache, activations }: GraphContext) {
  const { headDim, numHeads, numKvHeads, activation } = config;
  const { format } = cache.shape;
  const constants = { HEAD_DIM: headDim, GROUP: numHeads / numKvHeads };
  const [norm, append, attend, summarize, copy, activate] = await Promise.all([
    compiler.compile(rmsNorm),
    compiler.compile(ropeAppendTile(format), { ...constants, QK_NORM: Number(config.hasQkNorm) }),
    compiler.compile(prefillAttention(format), constants),
    compiler.compile(pageSummary(format), { HEAD_DIM: headDim }),
    compiler.compile(copyPages),
    compiler.compile(gatedActivation, { ACTIVATION: activationCodes[activation] }),
  ]);
  const { chunkGateUp, chunkInner } = activations;
  return {
    norm,
    append,
    attend,
    summarize,
    copy,
    activation: activate.bind({ z: chunkGateUp, y: chunkInner }),
  };
}
