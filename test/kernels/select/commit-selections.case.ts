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
  const lists = numbered(2 * numLists * budget, 10_000);
  // Counts of what was selected, and of what is attended until then.
  const listState = Uint32Array.from({ length: 4 * numLists }, (_, i) =>
    i % 2 === 0 ? 4 + 6 * ((i / 2) % numLists) : 500 + i,
  );
  return {
    title,
    spec: commitSelections,
    buffers: { lists, listState },
    params: { firstLayer, sequence, numSequences, kvHeads, numLists, budget },
    grid: [layers * kvHeads],
    expected: () => {
      const newLists = lists.slice();
      const newState = listState.slice();
      for (let index = 0; index < numLists; index++) {
        if (Math.floor(index / kvHeads) % numSequences !== sequence) continue;
        const layer = Math.floor(index / (kvHeads * numSequences));
        if (layer < firstLayer || layer >= firstLayer + layers) continue;
        const selected = numLists + index;
        newState.set(listState.subarray(2 * selected, 2 * selected + 2), 2 * index);
        const count = listState[2 * selected]!;
        newLists.set(lists.subarray(selected * budget, selected * budget + count), index * budget);
      }
      return { lists: newLists, listState: newState };
    },
    tolerance: { absolute: 0 },
  };
});
