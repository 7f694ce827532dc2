/** The self-test's selection of pages, against a sort. */
import { flatGrid } from '../gpu/recorder';
import { topK } from '../kernels/select/top-k';
import type { SelfTestCheck } from './self-test-check';

const numPages = 200;
/** Odd, so that one of two equals gets in. */
const budget = 71;

/** The best of many pages for one head; scores come in pairs of equals. */
export function selectionChecks(): SelfTestCheck[] {
  const scores = Float32Array.from({ length: numPages }, (_, page) => (((page >> 1) * 37) % 101) - 50);
  const pages = Array.from(scores.keys());
  const best = pages.sort((a, b) => scores[b]! - scores[a]! || a - b).slice(0, budget);
  const check: SelfTestCheck = {
    steps: [
      {
        spec: topK,
        constants: {},
        params: {
          numTasks: 1,
          kvHeads: 1,
          budget,
          listOffset: 0,
          listCapacity: budget,
          scoreStride: numPages,
        },
        grid: flatGrid(1),
        list: Uint32Array.of(0, 0),
      },
    ],
    buffers: {
      rows: Uint32Array.of(0, numPages * 16 - 1, 0, 0),
      scores,
      listState: new Uint32Array(2),
      lists: new Uint32Array(budget),
    },
    result: 'lists',
    expected: Uint32Array.from(best.sort((a, b) => a - b)),
  };
  return [check];
}
