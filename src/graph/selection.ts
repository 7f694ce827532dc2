/** Scores pages and selects what heads will attend: bound for a layer, recorded for rows and KV heads. */
import { flatGrid, type Recorder } from '../gpu/recorder';
import { elementOf } from '../kernels/attention/kv-format';
import { pageScore, pageScoreGrid } from '../kernels/select/page-score';
import { selectPages } from '../kernels/select/select-pages';
import { selectionHead, topK } from '../kernels/select/top-k';
import { listTargets, numLists, numSummarySlots, type CacheShape } from '../cache/cache-layout';
import { pagesFor, pageTokens } from '../cache/page';
import { qkvWidth } from './activations';
import type { GraphContext } from './graph-context';
import { bindDigestScores, type QuerySource } from './digest-scores';
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

/** The selection of one layer. */
interface LayerSelection {
  readonly prepare: PrepareSelection;
  /** Present where sets are chosen by the latest queries: takes those of a decode step's rows, before it selects. */
  readonly takeQueries?: ((recorder: Recorder, numRows: number) => void) | undefined;
}

/** Binds the selection of one layer to queries in `qkv` of the rows in `rows`. */
export function bindSelection(
  context: GraphContext,
  layer: number,
  source: QuerySource,
): Promise<LayerSelection> {
  return context.cache.shape.selection === 'digest'
    ? bindByDigest(context, layer, source)
    : bindByRange(context, layer, source);
}

/** A part of what top-k takes, for one layer. */
function topParams({ config, cache }: GraphContext, layer: number) {
  const { numSequences, pagesPerHead, maxPages } = cache.shape;
  const { numKvHeads: kvHeads } = config;
  return {
    kvHeads,
    budget: pagesPerHead,
    listOffset: layer * numSequences * kvHeads,
    numLists: numLists(cache.shape),
    listCapacity: pagesPerHead,
    scoreStride: maxPages,
  };
}

async function bindByDigest(
  context: GraphContext,
  layer: number,
  source: QuerySource,
): Promise<LayerSelection> {
  const { compiler, cache, activations } = context;
  const { lists, listState, shape } = cache;
  const [digests, topKernel] = await Promise.all([
    bindDigestScores(context, layer, source),
    compiler.compile(topK(shape.maxPages)),
  ]);
  const top = topKernel.bind({ scores: activations.scores, rows: source.rows, lists, listState });
  const shared = topParams(context, layer);
  const slabOf = (kvHead: number) =>
    cache.layers[layer]!.findIndex((slab) => kvHead < slab.firstKvHead + slab.numKvHeads);
  const prepare: PrepareSelection = (tasks, firstRow = 0, numQueries = 1) => {
    // Tasks of a slab lie together, so that a slab is one dispatch.
    const ordered = [...tasks].sort((a, b) => slabOf(a[1]) - slabOf(b[1]));
    // What a head keeps for many steps it chooses by many queries.
    const isWide = ([, , targets]: SelectionTask) => targets.includes(listTargets.selected);
    const queriesOf = (task: SelectionTask) => (source.isRing ? (isWide(task) ? 0 : 1) : numQueries);
    const most = source.isRing && tasks.some(isWide) ? shape.rerankQueries : numQueries;
    const score = digests.prepare(
      ordered.map((task) => [task[0], task[1], queriesOf(task)]),
      firstRow,
      most,
    );
    const params = { ...shared, numTasks: tasks.length };
    const list = ordered.flatMap(([row, kvHead, targets]) => [row, selectionHead(kvHead, targets)]);
    const words = Uint32Array.from(list);
    return (recorder, numPages) => {
      score(recorder, numPages);
      recorder.dispatch(top, params, flatGrid(params.numTasks), words);
    };
  };
  return { prepare, takeQueries: digests.takeQueries };
}

async function bindByRange(
  context: GraphContext,
  layer: number,
  { qkv, rows }: QuerySource,
): Promise<LayerSelection> {
  const { compiler, config, cache, activations } = context;
  const { headDim, numHeads, numKvHeads: kvHeads } = config;
  const { format, maxPages } = cache.shape;
  const { pageTable: summaryTable, lists, listState } = cache;
  const { scores } = activations;
  const { features } = compiler.device;
  const constants = { HEAD_DIM: headDim, GROUP: numHeads / kvHeads };
  const element = elementOf(format);
  const [scoreKernel, topKernel, fusedKernel] = await Promise.all([
    compiler.compile(pageScore(element), constants),
    compiler.compile(topK(maxPages)),
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
    ...topParams(context, layer),
    qkvStride: qkvWidth(config),
    maxPages,
    numSummarySlots: numSummarySlots(cache.shape),
    window: cache.shape.window,
    sinks: cache.shape.sinks,
  };
  const prepare: PrepareSelection = (tasks, firstRow = 0, numQueries = 1) => {
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
  return { prepare };
}

/**
 * The prompt's last tokens whose queries choose the first sets, where more than one may: those of its last page, which are in its last
 * segment however it was cut.
 */
function lastQueries({ selection, rerankQueries }: CacheShape, lastPosition: number): number {
  return selection === 'digest' ? Math.min(rerankQueries, (lastPosition % pageTokens) + 1) : 1;
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
  const [ofLast, ofSegment] = await Promise.all([
    bindSelection(context, layer, { qkv, rows: segmentRow, isRing: false }),
    isFollowUpSparse ? bindSelection(context, layer, { qkv, rows: sparseRow, isRing: false }) : undefined,
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
      const numRows = lastQueries(cache.shape, firstPosition);
      ofLast.prepare(
        tasksFor(selected),
        firstRow + 1 - numRows,
        numRows,
      )(recorder, pagesFor(firstPosition + 1));
    },
    earlier:
      ofSegment &&
      ((recorder: Recorder, { firstRow, numRows }: Chunk, numPages: number) => {
        ofSegment.prepare(tasksFor(attended), firstRow, numRows)(recorder, numPages);
      }),
  };
}
