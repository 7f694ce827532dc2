import { topK } from '../../../src/kernels/select/top-k';
import { topK as reference } from '../../../src/reference/select/top-k';
import { randomSource } from '../../support/random';
import type { KernelCase } from '../harness';

interface Shape {
  readonly title: string;
  /** Pages of each row's sequence. */
  readonly pages: readonly number[];
  readonly kvHeads: number;
  readonly budget: number;
  /** Scores by pair and page. */
  readonly score: (random: () => number, page: number) => number;
}

const uniform = (random: () => number) => 200 * random() - 100;

const shapes: readonly Shape[] = [
  { title: '1 page', pages: [1], kvHeads: 1, budget: 4, score: uniform },
  { title: 'as many pages as the budget', pages: [16], kvHeads: 2, budget: 16, score: uniform },
  { title: 'one page more than the budget', pages: [17], kvHeads: 2, budget: 16, score: uniform },
  { title: '577 pages, 64 of them', pages: [577], kvHeads: 3, budget: 64, score: uniform },
  { title: 'rows of different length', pages: [5, 100, 64], kvHeads: 2, budget: 32, score: uniform },
  { title: '8192 pages, 256 of them', pages: [8192], kvHeads: 1, budget: 256, score: uniform },
  { title: 'all scores equal', pages: [200], kvHeads: 1, budget: 20, score: () => 1.5 },
  {
    title: 'few different scores',
    pages: [500],
    kvHeads: 2,
    budget: 65,
    score: (random) => Math.floor(4 * random()) - 2,
  },
  {
    title: 'zeros of both signs and NaN',
    pages: [90],
    kvHeads: 1,
    budget: 50,
    score: (_, page) => [1, -1, NaN][page % 3]!,
  },
  {
    title: 'large and infinite scores',
    pages: [70],
    kvHeads: 1,
    budget: 10,
    score: (random, page) => (page % 9 === 0 ? Infinity : 3e38 * random()),
  },
];

export const cases = shapes.map(({ title, pages, kvHeads, budget, score }, index): KernelCase => {
  const random = randomSource(index + 1);
  const maxPages = Math.max(...pages) + 3;
  // Sequences in another order than rows, and a layer before this one.
  const sequenceOf = (row: number) => pages.length - 1 - row;
  const firstList = kvHeads * pages.length;
  const rows = Uint32Array.from(
    pages.flatMap((numPages, row) => [sequenceOf(row), 16 * numPages - 1 - (row % 2), 0, 0]),
  );
  const pairs = pages.flatMap((_, row) =>
    Array.from({ length: kvHeads }, (_, kvHead) => [row, kvHead] as const),
  );
  const scores = new Float32Array(pairs.length * maxPages).map((_, i) => score(random, i % maxPages));
  const numLists = 2 * firstList;
  const blank = () => new Uint32Array(numLists * budget).fill(7777);
  return {
    title,
    spec: topK,
    buffers: { scores, rows, selected: blank(), selectedState: new Uint32Array(2 * numLists) },
    params: { firstList, kvHeads, budget, maxPages },
    grid: [pairs.length],
    list: Uint32Array.from(pairs.flat()),
    expected: () => {
      const selected = blank();
      const selectedState = new Uint32Array(2 * numLists);
      pairs.forEach(([row, kvHead], pair) => {
        const numPages = pages[row]!;
        const start = pair * maxPages;
        const chosen = reference(scores.subarray(start, start + numPages), budget);
        const list = firstList + sequenceOf(row) * kvHeads + kvHead;
        selected.set(chosen, list * budget);
        selectedState.set([chosen.length, numPages], 2 * list);
      });
      return { selected, selectedState };
    },
    tolerance: { absolute: 0 },
  };
});
