/**
 * Prefill of one segment: all its tokens through layer 0, then layer 1, …, attention tile by tile with carried softmax
 * state, so that no buffer grows with the context. Recording is a generator: its caller submits wherever it likes.
 */
import { listTargets, numLists } from '../cache/cache-layout';
import { pageOf, pagesFor, pageTokens } from '../cache/page';
import { firstPageSeen } from '../cache/window-pages';
import { flatGrid, type Recorder } from '../gpu/recorder';
import { prefillAttentionGrid } from '../kernels/attention/prefill-attention';
import { ropeAppendGrid } from '../kernels/cache/rope-append';
import { gatedActivationGrid } from '../kernels/linear/gated-activation';
import type { HostWait } from '../offload/offloader';
import { qkvWidth } from './activations';
import type { GraphContext } from './graph-context';
import { allHeads, pageRange, selectedPages, tileParts, type PageLists } from './earlier-pages';
import { bindEmbed } from './linear';
import {
  bindPrefillLayer,
  compilePrefillKernels,
  type PrefillKernels,
  type PrefillLayer,
} from './prefill-layer';
import { fetched } from '../util/fetched';
import { planChunks, type Chunk, type RowsAtOnce, type Segment } from './prefill-plan';
import type { WindowTraffic } from './window-traffic';

/** What was recorded costs so many multiply-adds: the caller's measure of when to submit. */
export type Cost = number;

/** The cost of what was recorded; or a wait for the host: the caller submits what is recorded, then waits. */
export type PrefillStep = Cost | HostWait;

/** Reads the last hidden states of a prompt's tokens. */
export interface HiddenReader {
  /** Whether those of all tokens are wanted, else that of the last. */
  readonly isWhole: boolean;
  /** Records what reads those of a segment that is through all layers. */
  read(recorder: Recorder, segment: Segment): Generator<PrefillStep, void>;
}

/** What the last token of a prompt is wanted for. */
export interface PromptEnd {
  /** It selects what heads attend first. */
  readonly isSelecting: boolean;
  /**
   * Records what rides along once all that a layer keeps is in its place: the token is row `segmentRow` of the segment, and
   * with `isPlacing` the layer has selected for it.
   */
  readonly onKept?:
    | ((recorder: Recorder, layer: number, segmentRow: number, isPlacing: boolean) => void)
    | undefined;
  /** Goes with every segment, not with the last alone. */
  readonly hidden?: HiddenReader | undefined;
}

/** The pages before a segment's own tile that a layer attends. */
interface EarlierPages {
  readonly lists: PageLists;
  /** The page that the first of each list counts as. */
  readonly firstPage: number;
  /** Whether lists begin with what the prompt's last token selects, entry by entry; else they run from `firstPage` on. */
  readonly isListed: boolean;
}

/** What a graph is made of. */
interface BoundParts {
  readonly activation: PrefillKernels['activation'];
  readonly embed: Awaited<ReturnType<typeof bindEmbed>>;
  readonly layers: readonly PrefillLayer[];
  /** Present where layers have rings. */
  readonly windows: WindowTraffic | undefined;
}

/** Records segments of one sequence at a time. */
export class PrefillGraph {
  readonly #context: GraphContext;
  /** Tokens of a tile: a multiple of the attention kernel's key block. */
  readonly #tileTokens: number;
  readonly #activation: PrefillKernels['activation'];
  readonly #embed: BoundParts['embed'];
  readonly #layers: readonly PrefillLayer[];
  readonly #windows: WindowTraffic | undefined;

  private constructor(
    context: GraphContext,
    tileTokens: number,
    { activation, embed, layers, windows }: BoundParts,
  ) {
    this.#context = context;
    this.#tileTokens = tileTokens;
    this.#activation = activation;
    this.#embed = embed;
    this.#layers = layers;
    this.#windows = windows;
  }

  /** Compiles and binds everything; segments with `sparseTokens` need `isFollowUpSparse`. */
  static async create(
    context: GraphContext,
    tileTokens: number,
    isFollowUpSparse: boolean,
  ): Promise<PrefillGraph> {
    const { tokens, activations, weights } = context;
    const [kernels, embed] = await Promise.all([
      compilePrefillKernels(context),
      bindEmbed(context, weights.embedding, { tokens, hidden: activations.segmentHidden }),
    ]);
    const options = { tilePages: tileTokens / pageTokens, isFollowUpSparse };
    const layers = await Promise.all(
      weights.layers.map((layer, index) => bindPrefillLayer(context, kernels, layer, index, options)),
    );
    const windows = context.cache.shape.ringPages
      ? new (await fetched(import('./window-traffic'))).WindowTraffic(context)
      : undefined;
    return new PrefillGraph(context, tileTokens, { activation: kernels.activation, embed, layers, windows });
  }

  /**
   * Records the segment's tokens `ids` (those at `[segment.start, segment.end)`) for `sequence`, whose pages exist, in
   * chunks of so many rows at most; no result depends on how many. `promptEnd` goes with the last segment:
   * `Activations.segmentRow` names its token then. With `sparseTokens`, `Activations.sparseRow` names the last of those.
   * Yields the cost of what it recorded since the last yield. The last token's hidden state of the last segment ends
   * in row 0 of `Activations.hidden`.
   */
  *record(
    recorder: Recorder,
    sequence: number,
    segment: Segment,
    ids: readonly number[],
    { chunkTokens, attendedTokens }: RowsAtOnce,
    { isSelecting, onKept, hidden }: PromptEnd,
  ): Generator<PrefillStep, void> {
    const { config, activations } = this.#context;
    const { hiddenSize } = config;
    const chunks = planChunks(segment, chunkTokens);
    yield* this.#bringWindows(recorder, sequence, segment);
    this.#embed(recorder, Uint32Array.from(ids));
    yield ids.length * hiddenSize;
    for (const [index, layer] of this.#layers.entries()) {
      const isLastLayer = index === this.#layers.length - 1;
      // Beyond its keys and values, the last layer matters only for the token whose logits are wanted.
      const needed = !isLastLayer || hidden?.isWhole ? chunks : segment.isLast ? [lastRow(segment)] : [];
      if (needed.length > 0) yield* this.#recordEarlierPages(recorder, layer, sequence, segment);
      yield* this.#recordKeysAndValues(recorder, layer, sequence, segment, chunks);
      const isPlacing = isSelecting && layer.select !== undefined;
      if (isSelecting) layer.select?.last(recorder, lastRow(segment));
      if (needed.length > 0) {
        const attending = isLastLayer ? needed : planChunks(segment, attendedTokens);
        const earlier = yield* this.#planEarlier(recorder, layer, sequence, segment, attending, isSelecting);
        yield* this.#recordAttention(recorder, layer, sequence, segment, attending, earlier, isPlacing);
      }
      if (layer.window > 0) this.#store(recorder, layer, sequence, segment);
      onKept?.(recorder, index, lastRow(segment).firstRow, isPlacing);
      yield* this.#recordFeedForward(recorder, layer, needed);
    }
    if (segment.isLast) {
      const rowBytes = 4 * hiddenSize;
      const lastRowOffset = (segment.end - segment.start - 1) * rowBytes;
      recorder.copy(activations.segmentHidden, lastRowOffset, activations.hidden, 0, rowBytes);
    }
    if (hidden) yield* hidden.read(recorder, segment);
  }

  /** The windows before the segment are in their rings, and its own pages are on their way there. */
  *#bringWindows(recorder: Recorder, sequence: number, segment: Segment): Generator<PrefillStep> {
    if (!this.#windows) return;
    yield* this.#windows.bring(recorder, sequence, pageOf(segment.start));
    // From now on, whatever becomes of the segment, its pages may stand in the places of others.
    this.#context.cache.rings?.append(sequence, pagesFor(segment.end));
  }

  /** What the tile of the segment holds of earlier tokens, which are attended with the segment's own. */
  #recordEarlierPages(
    recorder: Recorder,
    layer: PrefillLayer,
    sequence: number,
    segment: Segment,
  ): Generator<PrefillStep> {
    const tilePage = pageOf(segment.tileStart);
    const firstPage = Math.max(tilePage, firstPageSeen(segment.start, layer.window));
    const pages = pageRange(firstPage, pageOf(segment.start));
    const lists = allHeads(this.#context.config.numKvHeads, pages);
    return layer.ownTile.traffic.fill(recorder, sequence, lists, firstPage - tilePage);
  }

  /** The pages before the segment's own tile that a layer attends: in a sparse follow-up what it selects, else all it sees. */
  *#planEarlier(
    recorder: Recorder,
    layer: PrefillLayer,
    sequence: number,
    segment: Segment,
    chunks: readonly Chunk[],
    isSelecting: boolean,
  ): Generator<PrefillStep, EarlierPages> {
    const endPage = pageOf(segment.tileStart);
    const select = layer.select?.earlier;
    if (segment.sparseTokens > 0 && select) {
      const numRows = chunks.reduce((sum, chunk) => sum + chunk.numRows, 0);
      select(recorder, { ...chunks[0]!, numRows }, pagesFor(segment.sparseTokens));
      const lists = yield* this.#readSelected(recorder, layer.index, sequence, segment, isSelecting);
      return { lists, firstPage: 0, isListed: true };
    }
    const firstPage = Math.min(firstPageSeen(chunks[0]!.firstPosition, layer.window), endPage);
    const lists = allHeads(this.#context.config.numKvHeads, pageRange(firstPage, endPage));
    return { lists, firstPage, isListed: false };
  }

  /** Reads back what the heads of a layer have selected, since the host must know which pages to bring. */
  *#readSelected(
    recorder: Recorder,
    layer: number,
    sequence: number,
    segment: Segment,
    isSelecting: boolean,
  ): Generator<PrefillStep, PageLists> {
    const { cache, host } = this.#context;
    const { numSequences, numKvHeads, pagesPerHead, exactHeads } = cache.shape;
    const sizeBytes = 4 * numKvHeads * pagesPerHead;
    const { attended, selected } = listTargets;
    const targets = isSelecting ? [attended, selected] : [attended];
    let words = new Uint32Array();
    yield async () => {
      const parts = targets.map((target) => {
        const list = target * numLists(cache.shape) + (layer * numSequences + sequence) * numKvHeads;
        return { source: cache.lists, offsetBytes: 4 * list * pagesPerHead, sizeBytes };
      });
      words = new Uint32Array((await host.offloader.readBack(recorder, parts)).buffer);
    };
    const lists = Array.from({ length: targets.length * numKvHeads }, (_, list) =>
      words.subarray(list * pagesPerHead, (list + 1) * pagesPerHead),
    );
    return selectedPages({
      ofSegment: lists
        .slice(0, numKvHeads)
        .map((pages, kvHead) => (exactHeads.has(layer, kvHead) ? undefined : pages)),
      ofLast: isSelecting ? lists.slice(numKvHeads) : undefined,
      sparsePages: pagesFor(segment.sparseTokens),
      endPage: pageOf(segment.tileStart),
    });
  }

  *#recordKeysAndValues(
    recorder: Recorder,
    layer: PrefillLayer,
    sequence: number,
    segment: Segment,
    chunks: readonly Chunk[],
  ): Generator<PrefillStep> {
    const { config } = this.#context;
    const { hiddenSize, numKvHeads, numHeads, headDim, normEpsilon: epsilon } = config;
    const view = { sequence, firstPage: pageOf(segment.tileStart) };
    const firstPage = pageOf(segment.start);
    for (const { firstRow, numRows, firstPosition } of chunks) {
      layer.other?.norm(recorder, { firstRow, numRows });
      const firstInputRow = layer.other ? 0 : this.#normed(recorder, layer.attentionNorm, firstRow, numRows);
      layer.project(recorder, { numRows, firstInputRow, firstOutputRow: firstRow });
      layer.normHeads?.(recorder, { firstRow, numRows });
      recorder.dispatch(
        layer.append,
        {
          numRows,
          firstRow,
          firstPosition,
          qkvStride: qkvWidth(config),
          kvHeads: numKvHeads,
          rotaryDim: layer.rotaryDim,
          tileFirstPage: view.firstPage,
          tilePages: this.#tilePages,
          epsilon,
        },
        ropeAppendGrid(numRows, numKvHeads, numHeads / numKvHeads, headDim),
      );
      yield numRows * hiddenSize * qkvWidth(config);
    }
    const numFullPages = Math.floor(segment.end / pageTokens) - firstPage;
    layer.ownTile.traffic.pack(recorder, view, segment.start, segment.end);
    if (numFullPages > 0) {
      const full = { sequence, firstPage, numPages: numFullPages, tileFirstPage: view.firstPage };
      layer.summarize(recorder, full);
    }
    if (layer.window === 0) this.#store(recorder, layer, sequence, segment);
    yield* layer.ownTile.traffic.offload(recorder, view, firstPage, firstPage + numFullPages);
  }

  /** The segment's pages go to their slots: those of a window once the earlier ones are read whose places they take. */
  #store(recorder: Recorder, layer: PrefillLayer, sequence: number, segment: Segment): void {
    const view = { sequence, firstPage: pageOf(segment.tileStart) };
    layer.ownTile.traffic.store(recorder, view, pageOf(segment.start), pagesFor(segment.end));
  }

  *#recordAttention(
    recorder: Recorder,
    layer: PrefillLayer,
    sequence: number,
    segment: Segment,
    chunks: readonly Chunk[],
    { lists, firstPage, isListed }: EarlierPages,
    isPlacing: boolean,
  ): Generator<PrefillStep> {
    const { config } = this.#context;
    const { numHeads, numKvHeads, headDim } = config;
    const group = numHeads / numKvHeads;
    const tilePages = this.#tilePages;
    const ownPage = pageOf(segment.tileStart);
    const shared = { qkvStride: qkvWidth(config), kvHeads: numKvHeads, tilePages, window: layer.window };
    const attend = function* (
      bound: PrefillLayer['ownTile'],
      heads: { readonly firstKvHead: number; readonly numKvHeads: number },
      tile: { readonly tileFirstPage: number; readonly tileTokens: number },
      { isFirst, isLast }: { readonly isFirst: boolean; readonly isLast: boolean },
    ): Generator<Cost> {
      for (const { firstRow, numRows, firstPosition } of chunks) {
        const params = {
          ...shared,
          ...tile,
          numRows,
          firstRow,
          firstPosition,
          firstKvHead: heads.firstKvHead,
          isFirst: Number(isFirst),
          isLast: Number(isLast),
          scale: config.attentionScale,
        };
        recorder.dispatch(bound.attend, params, prefillAttentionGrid(numRows, heads.numKvHeads, group));
        yield 2 * numRows * tile.tileTokens * heads.numKvHeads * group * headDim;
      }
    };
    const parts = tileParts(lists, tilePages);
    for (const [index, { lists: part, groups }] of parts.entries()) {
      const bound = layer.earlierTiles[index % layer.earlierTiles.length]!;
      yield* bound.traffic.fill(recorder, sequence, part);
      const tileFirstPage = firstPage + index * tilePages;
      for (const { numPages, ...heads } of groups) {
        const tile = { tileFirstPage, tileTokens: numPages * pageTokens };
        yield* attend(bound, heads, tile, { isFirst: index === 0, isLast: false });
      }
      if (!isPlacing) continue;
      const endPage = isListed ? ownPage : undefined;
      bound.traffic.place(recorder, sequence, { first: tileFirstPage, numPages: tilePages, endPage });
    }
    const own = { tileFirstPage: ownPage, tileTokens: segment.end - segment.tileStart };
    const all = { firstKvHead: 0, numKvHeads };
    yield* attend(layer.ownTile, all, own, { isFirst: parts.length === 0, isLast: true });
    if (!isPlacing) return;
    const numPages = pagesFor(own.tileTokens);
    layer.ownTile.traffic.place(recorder, sequence, { first: ownPage, numPages });
  }

  *#recordFeedForward(
    recorder: Recorder,
    layer: PrefillLayer,
    chunks: readonly Chunk[],
  ): Generator<PrefillStep> {
    const { hiddenSize, intermediateSize, numHeads, headDim, normEpsilon: epsilon } = this.#context.config;
    for (const { firstRow, numRows } of chunks) {
      if (layer.other) {
        layer.other.feedForward(recorder, { firstRow, numRows });
        yield numRows * hiddenSize * (numHeads * headDim + 3 * intermediateSize);
        continue;
      }
      const { attentionOutputNorm, mlpOutputNorm } = layer;
      const add = (norm: NonNullable<PrefillLayer['attentionOutputNorm']>) => {
        const params = { rows: numRows, width: hiddenSize, epsilon, inputRow: 0, outputRow: firstRow };
        recorder.dispatch(norm, params, flatGrid(numRows));
      };
      const outputRow = attentionOutputNorm ? 0 : firstRow;
      layer.output(recorder, { numRows, firstInputRow: firstRow, firstOutputRow: outputRow });
      if (attentionOutputNorm) add(attentionOutputNorm);
      const firstInputRow = this.#normed(recorder, layer.mlpNorm, firstRow, numRows);
      layer.gateUp(recorder, { numRows, firstInputRow, firstOutputRow: 0 });
      recorder.dispatch(
        this.#activation,
        { rows: numRows, width: intermediateSize },
        gatedActivationGrid(numRows, intermediateSize),
      );
      layer.down(recorder, { numRows, firstInputRow: 0, firstOutputRow: mlpOutputNorm ? 0 : firstRow });
      if (mlpOutputNorm) add(mlpOutputNorm);
      yield numRows * hiddenSize * (numHeads * headDim + 3 * intermediateSize);
    }
  }

  /** Norms a chunk's rows, where the model does that; the row at which the next product finds them. */
  #normed(
    recorder: Recorder,
    norm: PrefillLayer['attentionNorm'],
    firstRow: number,
    numRows: number,
  ): number {
    if (!norm) return firstRow;
    const { hiddenSize: width, normEpsilon: epsilon } = this.#context.config;
    const params = { rows: numRows, width, epsilon, inputRow: firstRow, outputRow: 0 };
    recorder.dispatch(norm, params, flatGrid(numRows));
    return 0;
  }

  get #tilePages(): number {
    return this.#tileTokens / pageTokens;
  }
}

function lastRow(segment: Segment): Chunk {
  return { firstRow: segment.end - 1 - segment.start, numRows: 1, firstPosition: segment.end - 1 };
}
