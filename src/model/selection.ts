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

/** Records a selection, the longest of whose sequences has `numPages` pages. */
export type Selection = (recorder: Recorder, target: SelectionTarget, numPages: number) => void;

/**
 * Makes the selection of `pairs`, to be recorded any number of times; queries are in `qkv` from row `firstRow` on, `numQueries`
 * a row.
 */
export type PrepareSelection = (
  pairs: readonly SelectionPair[],
  firstRow?: number,
  numQueries?: number,
) => Selection;

/** Binds the selection of one layer to queries in `qkv` of the rows in `rows`. */
export async function bindSelection(
  context: GraphContext,
  layer: number,
  { qkv, rows }: { readonly qkv: GpuBuffer; readonly rows: GpuBuffer },
): Promise<PrepareSelection> {
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
  return (pairs, firstRow = 0, numQueries = 1) => {
    // Pairs of a slab lie together, so that a slab is one dispatch.
    const parts = slabs.map(({ firstKvHead, endKvHead, score }) => ({
      firstKvHead,
      score,
      own: pairs.filter(([, kvHead]) => kvHead >= firstKvHead && kvHead < endKvHead),
    }));
    let firstTask = 0;
    const scoring = parts.map(({ firstKvHead, score, own }) => {
      const params = {
        firstRow,
        numQueries,
        firstTask,
        qkvStride,
        firstKvHead,
        maxPages,
        numSummarySlots: numSummarySlots(cache.shape),
        scoreStride: maxPages,
      };
      firstTask += own.length;
      return { score, params, numTasks: own.length, list: Uint32Array.from(own.flat()) };
    });
    const numTasks = firstTask;
    const list = Uint32Array.from(parts.flatMap(({ own }) => own.flat()));
    const params = {
      numTasks,
      kvHeads: numKvHeads,
      budget,
      listOffset,
      listCapacity: budget,
      scoreStride: maxPages,
    };
    return (recorder, target, numPages) => {
      const bound = targets[target];
      assert(bound, 'only a cache that is observed has a place for selections without effect');
      for (const { score, params: scoreParams, numTasks: numInSlab, list: own } of scoring) {
        recorder.dispatch(score, scoreParams, pageScoreGrid(numInSlab, numPages), own);
      }
      recorder.dispatch(bound, params, flatGrid(numTasks), list);
    };
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
  const [prepare, prepareEarlier] = await Promise.all([
    bindSelection(context, layer, { qkv, rows: segmentRow }),
    isFollowUpSparse ? bindSelection(context, layer, { qkv, rows: sparseRow }) : undefined,
  ]);
  // What was never selected has the state (0, 0), which stands for all pages.
  const pairs = Array.from({ length: config.numKvHeads }, (_, kvHead): SelectionPair => [0, kvHead]).filter(
    ([, kvHead]) => !cache.shape.exactHeads.has(layer, kvHead),
  );
  return {
    last: (recorder: Recorder, { firstRow, firstPosition }: Chunk) => {
      prepare(pairs, firstRow)(recorder, 'selections', pagesFor(firstPosition + 1));
    },
    earlier:
      prepareEarlier &&
      ((recorder: Recorder, { firstRow, numRows }: Chunk, numPages: number) => {
        prepareEarlier(pairs, firstRow, numRows)(recorder, 'lists', numPages);
      }),
  };
}
