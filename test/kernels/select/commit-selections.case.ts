import { commitSelections } from '../../../src/kernels/select/commit-selections';
import type { KernelCase } from '../harness';

const numLayers = 3;
const numSequences = 2;
const kvHeads = 2;
const budget = 70;
const sequence = 1;
const numLists = numLayers * numSequences * kvHeads;

const numbered = (length: number, from: number) => Uint32Array.from({ length }, (_, i) => from + i);

export const cases = [
  { title: 'one sequence of two, all layers and heads', firstLayer: 0, layers: numLayers },
  { title: 'one layer in the middle', firstLayer: 1, layers: 1 },
].map(({ title, firstLayer, layers }): KernelCase => {
  const selections = numbered(numLists * budget, 10_000);
  const selectionState = Uint32Array.from({ length: 2 * numLists }, (_, i) =>
    i % 2 === 0 ? 5 + 6 * (i / 2) : 500 + i,
  );
  const lists = numbered(numLists * budget, 0);
  const listState = numbered(2 * numLists, 900);
  return {
    title,
    spec: commitSelections,
    buffers: { selections, selectionState, lists, listState },
    params: { firstLayer, sequence, numSequences, kvHeads, budget },
    grid: [layers * kvHeads],
    expected: () => {
      const newLists = lists.slice();
      const newState = listState.slice();
      for (let index = 0; index < numLists; index++) {
        if (Math.floor(index / kvHeads) % numSequences !== sequence) continue;
        const layer = Math.floor(index / (kvHeads * numSequences));
        if (layer < firstLayer || layer >= firstLayer + layers) continue;
        newState.set(selectionState.subarray(2 * index, 2 * index + 2), 2 * index);
        const count = selectionState[2 * index]!;
        newLists.set(selections.subarray(index * budget, index * budget + count), index * budget);
      }
      return { lists: newLists, listState: newState };
    },
    tolerance: { absolute: 0 },
  };
});
