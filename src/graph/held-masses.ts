/** What heads lose by keeping to the pages that they chose at the first step of a chunk: measured without effect, bound for a layer. */
import { listTargets, numLists } from '../cache/cache-layout';
import { pagesFor } from '../cache/page';
import type { Recorder } from '../gpu/recorder';
import { heldMass } from '../kernels/select/held-mass';
import { qkvWidth } from './activations';
import type { DecodeRow } from './decode-row';
import type { GraphContext } from './graph-context';
import type { PrepareSelection, Selection, SelectionTask } from './selection';

/** Records the masses of the layer's heads for a row of a decode step that is observed. */
type RecordHeldMasses = (recorder: Recorder, rowIndex: number, row: DecodeRow) => void;

/** Binds a layer's: the heads select anew into `listTargets.observed`, at a chunk's first step also into `held`. */
export async function bindHeldMasses(
  { compiler, config, cache, activations }: GraphContext,
  layer: number,
  prepare: PrepareSelection,
): Promise<RecordHeldMasses> {
  const { headDim, numHeads, numKvHeads } = config;
  const { format, maxPages, numSequences, pagesPerHead } = cache.shape;
  const { qkv, logMasses, heldMasses: masses } = activations;
  const { blockTable, lists, listState } = cache;
  const { observed, held } = listTargets;
  const kernel = await compiler.compile(heldMass(format), {
    HEAD_DIM: headDim,
    GROUP: numHeads / numKvHeads,
  });
  const slabs = cache.layers[layer]!.map(({ firstKvHead, numKvHeads: numInSlab, pool }) => ({
    firstTask: firstKvHead,
    list: Uint32Array.from({ length: numInSlab }, (_, i) => firstKvHead + i),
    bound: kernel.bind({ qkv, pool, blockTable, logMasses, lists, listState, masses }),
  }));
  const selections = new Map<number, Selection>();
  const selectionOf = (row: number, isFirst: boolean): Selection => {
    const key = 2 * row + Number(isFirst);
    const known = selections.get(key);
    if (known) return known;
    const targets = isFirst ? [observed, held] : [observed];
    const tasks = Array.from({ length: numKvHeads }, (_, kvHead): SelectionTask => [row, kvHead, targets]);
    const made = prepare(tasks);
    selections.set(key, made);
    return made;
  };
  return (recorder, rowIndex, { sequence, position, observed: observing }) => {
    selectionOf(rowIndex, observing!.isFirst)(recorder, pagesFor(position + 1));
    for (const { firstTask, list, bound } of slabs) {
      const params = {
        row: rowIndex,
        position,
        qkvStride: qkvWidth(config),
        tableOffset: cache.table.layerOffset(layer) + sequence * numKvHeads * maxPages,
        maxPages,
        firstTask,
        scoreStride: maxPages,
        numLists: numLists(cache.shape),
        listOffset: (layer * numSequences + sequence) * numKvHeads,
        listCapacity: pagesPerHead,
        now: observed,
        held,
        massOffset: layer * numKvHeads,
        scale: headDim ** -0.5,
      };
      recorder.dispatch(bound, params, [list.length], list);
    }
  };
}
