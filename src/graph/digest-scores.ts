/** Scores of pages by their digests: queries are rotated, pages weighed, and the weights made shares. Bound for a layer. */
import type { GpuBuffer } from '../gpu/buffer';
import type { Recorder } from '../gpu/recorder';
import { digestScore, digestScoreGrid } from '../kernels/select/digest-score';
import { normalizeScores } from '../kernels/select/normalize-scores';
import { rotateQueries, rotateQueriesGrid } from '../kernels/select/rotate-queries';
import { numSummarySlots } from '../cache/cache-layout';
import { qkvWidth, segmentQueryRows } from './activations';
import type { GraphContext } from './graph-context';

/** A row of the step, one of its KV heads, and how many queries score it: the row's own and those after it; 0: its ring. */
type DigestTask = readonly [row: number, kvHead: number, numQueries: number];

/** Records scores of tasks, the longest of whose sequences has `numPages` pages, into `Activations.scores`. */
type RecordScores = (recorder: Recorder, numPages: number) => void;

/** Where queries come from. */
export interface QuerySource {
  readonly qkv: GpuBuffer;
  readonly rows: GpuBuffer;
  /** Decoding: every sequence has a ring of its latest queries. Prefill: the rows of a segment. */
  readonly isRing: boolean;
}

/** The scores of a layer. */
interface DigestScores {
  /** Takes the queries of the first `numRows` rows of a decode step into their rings. */
  readonly takeQueries: (recorder: Recorder, numRows: number) => void;
  /** Makes the scores of tasks in order, those of a slab together; in a prefill, of `numQueries` queries from row `firstRow` on. */
  readonly prepare: (tasks: readonly DigestTask[], firstRow: number, numQueries: number) => RecordScores;
}

/** Binds the scores of one layer. */
export async function bindDigestScores(
  { compiler, config, cache, activations }: GraphContext,
  layer: number,
  { qkv, rows, isRing }: QuerySource,
): Promise<DigestScores> {
  const { headDim, numHeads, numKvHeads: kvHeads } = config;
  const { maxPages, numSequences, rerankQueries, window, sinks } = cache.shape;
  const { scores, logMasses, segmentQueries, queryRing } = activations;
  const group = numHeads / kvHeads;
  const constants = { HEAD_DIM: headDim, GROUP: group };
  const [rotateKernel, scoreKernel, normalizeKernel] = await Promise.all([
    compiler.compile(rotateQueries, { HEAD_DIM: headDim }),
    compiler.compile(digestScore, constants),
    compiler.compile(normalizeScores, { GROUP: group }),
  ]);
  const queries = isRing ? queryRing : segmentQueries;
  const ring = isRing
    ? { ringOffset: layer * numSequences * rerankQueries, ringSize: rerankQueries }
    : { ringOffset: 0, ringSize: 0 };
  const rotate = rotateKernel.bind({ qkv, rows, queries });
  const normalize = normalizeKernel.bind({ rows, logMasses, scores });
  const slabs = cache.layers[layer]!.map(({ firstKvHead, numKvHeads, summaries: digests }) => ({
    firstKvHead,
    endKvHead: firstKvHead + numKvHeads,
    score: scoreKernel.bind({ queries, rows, summaryTable: cache.pageTable, digests, logMasses }),
  }));
  const rotation = { qkvStride: qkvWidth(config), numHeads, ...ring, scale: headDim ** -0.5 };
  const decoding = { ...rotation, firstRow: 0 };
  const shared = {
    kvHeads,
    maxPages,
    numSummarySlots: numSummarySlots(cache.shape),
    scoreStride: maxPages,
    ...ring,
  };
  return {
    takeQueries: (recorder, numRows) => {
      recorder.dispatch(rotate, decoding, rotateQueriesGrid(numHeads, numRows));
    },
    prepare: (tasks, firstRow, numQueries) => {
      const perQuery = 4 * tasks.length * group * maxPages;
      const most = Math.min(segmentQueryRows, Math.floor(logMasses.sizeBytes / perQuery));
      const listOf = (some: readonly DigestTask[]) => Uint32Array.from(some.flatMap((task) => [...task, 0]));
      let firstTask = 0;
      const parts = slabs.map(({ firstKvHead, endKvHead, score }) => {
        const own = tasks.filter(([, kvHead]) => kvHead >= firstKvHead && kvHead < endKvHead);
        const part = {
          score,
          numTasks: own.length,
          list: listOf(own),
          of: { ...shared, firstTask, firstKvHead },
        };
        firstTask += own.length;
        return part;
      });
      const all = listOf(tasks);
      const batches = Array.from({ length: Math.ceil(numQueries / most) }, (_, i) => {
        const firstQuery = i * most;
        const batch = { firstQuery, numQueries: Math.min(most, numQueries - firstQuery) };
        return {
          rotation: { ...rotation, firstRow: firstRow + firstQuery },
          numQueries: batch.numQueries,
          parts: parts.map(({ of, ...part }) => ({
            ...part,
            params: { ...of, ...batch, queryOffset: isRing ? firstQuery : 0 },
          })),
          params: { ...batch, firstTask: 0, scoreStride: maxPages, window, sinks },
        };
      });
      return (recorder, numPages) => {
        for (const batch of batches) {
          if (!isRing) {
            recorder.dispatch(rotate, batch.rotation, rotateQueriesGrid(numHeads, batch.numQueries));
          }
          for (const { score, params, list, numTasks } of batch.parts) {
            recorder.dispatch(score, params, digestScoreGrid(numTasks, numPages, batch.numQueries), list);
          }
          recorder.dispatch(normalize, batch.params, [tasks.length], all);
        }
      };
    },
  };
}
