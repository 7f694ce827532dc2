/** Scores pages and selects what heads will attend: bound for a layer, recorded for pairs of (row, KV head). */
import type { GpuBuffer } from '../gpu/buffer';
import { flatGrid, type Recorder } from '../gpu/recorder';
import { elementOf } from '../kernels/attention/kv-format';
import { pageScore, pageScoreGrid } from '../kernels/select/page-score';
import { topK } from '../kernels/select/top-k';
import { numSummarySlots } from '../cache/cache-layout';
import { pagesFor } from '../cache/page';
import { assert } from '../util/assert';
import { qkvWidth } from './activations';
import type { GraphContext } from './decode-graph';
import type { Chunk } from './prefill-plan';

/** A row of the step and one of its KV heads. */
export type SelectionPair = readonly [row: number, kvHead: number];

/** Where a selection goes: the lists that are attended, the selections that take over later, or where it is only looked at. */
export type SelectionTarget = 'lists' | 'selections' | 'observed';

/**
 * Records the selection of `pairs`, the longest of whose sequences has `numPages` pages; queries from row `firstRow` on,
 * `numQueries` a row.
 */
export type Selection = (
  recorder: Recorder,
  target: SelectionTarget,
  pairs: readonly SelectionPair[],
  numPages: number,
  firstRow?: number,
  numQueries?: number,
) => void;

/** Binds the selection of one layer to queries in `qkv` of the rows in `rows`. */
export async function bindSelection(
  context: GraphContext,
  layer: number,
  { qkv, rows }: { readonly qkv: GpuBuffer; readonly rows: GpuBuffer },
): Promise<Selection> {
  const { compiler, config, cache, activations } = context;
  const { headDim, numHeads, numKvHeads } = config;
  const { format, maxPages, numSequences, pagesPerHead: budget } = cache.shape;
  const { pageTable: summaryTable, lists, listState, selections, selectionState, observed } = cache;
  const { scores } = activations;
  const [scoreKernel, topKernel] = await Promise.all([
    compiler.compile(pageScore(elementOf(format)), { HEAD_DIM: headDim, GROUP: numHeads / numKvHeads }),
    compiler.compile(topK),
  ]);
  const slabs = cache.layers[layer]!.map(({ firstKvHead, numKvHeads: numInSlab, summaries }) => ({
    firstKvHead,
    endKvHead: firstKvHead + numInSlab,
    score: scoreKernel.bind({ qkv, rows, summaryTable, summaries, scores }),
  }));
  const targets = {
    lists: topKernel.bind({ scores, rows, lists, listState }),
    selections: topKernel.bind({ scores, rows, lists: selections, listState: selectionState }),
    observed:
      observed && topKernel.bind({ scores, rows, lists: observed.selections, listState: observed.states }),
  };
  const listOffset = layer * numSequences * numKvHeads;
  const qkvStride = qkvWidth(config);
  return (recorder, target, pairs, numPages, firstRow = 0, numQueries = 1) => {
    if (pairs.length === 0) return;
    // Pairs of a slab lie together, so that a slab is one dispatch.
    const ordered: SelectionPair[] = [];
    for (const { firstKvHead, endKvHead, score } of slabs) {
      const own = pairs.filter(([, kvHead]) => kvHead >= firstKvHead && kvHead < endKvHead);
      const params = {
        firstRow,
        numQueries,
        firstTask: ordered.length,
        qkvStride,
        firstKvHead,
        maxPages,
        numSummarySlots: numSummarySlots(cache.shape),
        scoreStride: maxPages,
      };
      const list = Uint32Array.from(own.flat());
      if (own.length > 0) recorder.dispatch(score, params, pageScoreGrid(own.length, numPages), list);
      ordered.push(...own);
    }
    const numTasks = ordered.length;
    const params = {
      numTasks,
      kvHeads: numKvHeads,
      budget,
      listOffset,
      listCapacity: budget,
      scoreStride: maxPages,
    };
    const bound = targets[target];
    assert(bound, 'only a cache that is observed has a place for selections without effect');
    recorder.dispatch(bound, params, flatGrid(numTasks), Uint32Array.from(ordered.flat()));
  };
}

/**
 * Binds the selections of a prefill, of all heads but those that attend everything: `last`, of a prompt's last token, into the
 * selections, with `Activations.segmentRow` as its row; with `isFollowUpSparse` also `earlier`, of a segment of a sparse
 * follow-up, into the lists: of the `numPages` pages up to the position in `Activations.sparseRow`, those that any row of the
 * segment scores highest.
 */
export async function bindPrefillSelection(context: GraphContext, layer: number, isFollowUpSparse: boolean) {
  const { config, cache, activations } = context;
  const { segmentQkv: qkv, segmentRow, sparseRow } = activations;
  const [select, selectEarlier] = await Promise.all([
    bindSelection(context, layer, { qkv, rows: segmentRow }),
    isFollowUpSparse ? bindSelection(context, layer, { qkv, rows: sparseRow }) : undefined,
  ]);
  // What was never selected has the state (0, 0), which stands for all pages.
  const pairs = Array.from({ length: config.numKvHeads }, (_, kvHead): SelectionPair => [0, kvHead]).filter(
    ([, kvHead]) => !cache.shape.exactHeads.has(layer, kvHead),
  );
  return {
    last: (recorder: Recorder, { firstRow, firstPosition }: Chunk) => {
      select(recorder, 'selections', pairs, pagesFor(firstPosition + 1), firstRow);
    },
    earlier:
      selectEarlier &&
      ((recorder: Recorder, { firstRow, numRows }: Chunk, numPages: number) => {
        selectEarlier(recorder, 'lists', pairs, numPages, firstRow, numRows);
      }),
  };
}
