/** Scores pages and selects what heads will attend: bound for a layer, recorded for rows and KV heads. */
import type { GpuBuffer } from '../gpu/buffer';
import { flatGrid, type Recorder } from '../gpu/recorder';
import { elementOf } from '../kernels/attention/kv-format';
import { pageScore, pageScoreGrid } from '../kernels/select/page-score';
import { selectPages } from '../kernels/select/select-pages';
import { selectionHead, topK, topKConstants } from '../kernels/select/top-k';
import { listTargets, numLists, numSummarySlots } from '../cache/cache-layout';
import { pagesFor } from '../cache/page';
import { qkvWidth } from './activations';
import type { GraphContext } from './graph-context';
import type { Chunk } from './prefill-plan';
import { isSelectionFused } from './selection-path';

/** A row of the step, one of its KV heads, and where its selection goes: some of `listTargets`. */
export type SelectionTask = readonly [row: number, kvHead: number, targets: readonly number[]];

/** Records a selection, the longest of whose sequences has `numPages` pages. */
export type Selection = (recorder: Recorder, numPages: number) => void;

/**
 * Makes the selection of `tasks`, no row and head of which stands there twice, to be recorded any number of times; queries are
 * in `qkv` from row `firstRow` on, `numQueries` a row.
 */
export type PrepareSelection = (
  tasks: readonly SelectionTask[],
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
  const { headDim, numHeads, numKvHeads: kvHeads } = config;
  const { format, maxPages, numSequences, pagesPerHead: budget } = cache.shape;
  const { pageTable: summaryTable, lists, listState } = cache;
  const { scores } = activations;
  const { features } = compiler.device;
  const constants = { HEAD_DIM: headDim, GROUP: numHeads / kvHeads };
  const element = elementOf(format);
  const [scoreKernel, topKernel, fusedKernel] = await Promise.all([
    compiler.compile(pageScore(element), constants),
    compiler.compile(topK(maxPages), topKConstants(features)),
    features.has('fused-selection') ? compiler.compile(selectPages(element), constants) : undefined,
  ]);
  const slabs = cache.layers[layer]!.map(({ firstKvHead, numKvHeads: numInSlab, summaries }) => {
    const buffers = { qkv, rows, summaryTable, summaries, scores };
    return {
      firstKvHead,
      endKvHead: firstKvHead + numInSlab,
      score: scoreKernel.bind(buffers),
      fused: fusedKernel?.bind({ ...buffers, lists, listState }),
    };
  });
  const top = topKernel.bind({ scores, rows, lists, listState });
  const shared = {
    kvHeads,
    budget,
    listOffset: layer * numSequences * kvHeads,
    numLists: numLists(cache.shape),
    listCapacity: budget,
    qkvStride: qkvWidth(config),
    maxPages,
    numSummarySlots: numSummarySlots(cache.shape),
    scoreStride: maxPages,
  };
  return (tasks, firstRow = 0, numQueries = 1) => {
    let firstTask = 0;
    // Tasks of a slab lie together, so that a slab is one dispatch.
    const parts = slabs.map(({ firstKvHead, endKvHead, ...bound }) => {
      const own = tasks.filter(([, kvHead]) => kvHead >= firstKvHead && kvHead < endKvHead);
      const numTasks = own.length;
      const params = { ...shared, firstRow, numQueries, firstTask, firstKvHead, numTasks };
      firstTask += numTasks;
      const list = own.flatMap(([row, kvHead, targets]) => [row, selectionHead(kvHead, targets)]);
      return { ...bound, params, list: Uint32Array.from(list) };
    });
    const params = { ...shared, numTasks: firstTask };
    const list = Uint32Array.from(parts.flatMap((part) => [...part.list]));
    return (recorder, numPages) => {
      if (isSelectionFused(features, numPages * headDim, numQueries)) {
        for (const { fused, params: own, list: ownList } of parts) {
          recorder.dispatch(fused!, own, flatGrid(own.numTasks), ownList);
        }
        return;
      }
      for (const { score, params: own, list: ownList } of parts) {
        recorder.dispatch(score, own, pageScoreGrid(own.numTasks, numPages), ownList);
      }
      recorder.dispatch(top, params, flatGrid(params.numTasks), list);
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
  const { exactHeads } = cache.shape;
  const { attended, selected } = listTargets;
  const kvHeads = Array.from({ length: config.numKvHeads }, (_, kvHead) => kvHead);
  // What was never selected has the state (0, 0), which stands for all pages.
  const tasksFor = (target: number) =>
    kvHeads.flatMap((kvHead): SelectionTask[] =>
      exactHeads.has(layer, kvHead) ? [] : [[0, kvHead, [target]]],
    );
  return {
    last: (recorder: Recorder, { firstRow, firstPosition }: Chunk) => {
      prepare(tasksFor(selected), firstRow)(recorder, pagesFor(firstPosition + 1));
    },
    earlier:
      prepareEarlier &&
      ((recorder: Recorder, { firstRow, numRows }: Chunk, numPages: number) => {
        prepareEarlier(tasksFor(attended), firstRow, numRows)(recorder, numPages);
      }),
  };
}
