/** Which heads of a layer select in a decode step, and for what: pure. */
import { listTargets, type CacheShape } from '../cache/cache-layout';
import type { SelectionTask } from './selection';

/** Rows of a batch, a bit each. */
interface SelectingRows {
  /** Unstable heads select what they attend in this step. */
  readonly choosing: number;
  /** Stable heads select what they attend later. */
  readonly reranking: number;
  /** All heads select without effect. */
  readonly observing: number;
}

/** A task for each head that selects; heads that attend all their pages select nothing but to be observed. */
export function selectionTasks(
  { choosing, reranking, observing }: SelectingRows,
  { numKvHeads, unstable, exactHeads }: Pick<CacheShape, 'numKvHeads' | 'unstable' | 'exactHeads'>,
  layer: number,
): SelectionTask[] {
  const { attended, selected, observed } = listTargets;
  const tasks: SelectionTask[] = [];
  for (let row = 0; (choosing | reranking | observing) >> row > 0; row++) {
    const has = (rows: number) => ((rows >> row) & 1) === 1;
    for (let kvHead = 0; kvHead < numKvHeads; kvHead++) {
      const isUnstable = unstable.has(layer, kvHead);
      const targets = [
        ...(has(choosing) && isUnstable && !exactHeads.has(layer, kvHead) ? [attended] : []),
        ...(has(reranking) && !isUnstable ? [selected] : []),
        ...(has(observing) ? [observed] : []),
      ];
      if (targets.length > 0) tasks.push([row, kvHead, targets]);
    }
  }
  return tasks;
}
