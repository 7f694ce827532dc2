/** The self-test's selections of pages, against a sort. */
import type { KernelSpec } from '../gpu/kernel';
import { flatGrid } from '../gpu/recorder';
import { elementOf } from '../kernels/attention/kv-format';
import { selectPages } from '../kernels/select/select-pages';
import { selectionHead, topK } from '../kernels/select/top-k';
import { toF16Array } from '../util/f16';
import type { SelfTestCheck, SelfTestShape } from './self-test-check';

const numPages = 200;
/** The last page, and an odd number of others, so that one of two equals gets in. */
const budget = 72;

/** The best of many pages for one head, by one kernel and by the second of two; scores come in pairs of equals. */
export function selectionChecks({ kv, headDim, group, isFused }: SelfTestShape): SelfTestCheck[] {
  const scores = Float32Array.from({ length: numPages }, (_, page) => (((page >> 1) * 37) % 101) - 50);
  scores[numPages - 1] = 3.4028234e38;
  const pages = Array.from(scores.keys());
  const best = pages.sort((a, b) => scores[b]! - scores[a]! || a - b).slice(0, budget);
  const params = {
    numTasks: 1,
    kvHeads: 1,
    budget,
    listOffset: 0,
    numLists: 1,
    listCapacity: budget,
    scoreStride: numPages,
    firstRow: 0,
    numQueries: 1,
    firstTask: 0,
    qkvStride: (group + 2) * headDim,
    firstKvHead: 0,
    maxPages: numPages,
    numSummarySlots: numPages,
    window: 1,
    sinks: 0,
  };
  const buffers = {
    rows: Uint32Array.of(0, numPages * 16 - 1, 0, 0),
    scores,
    listState: new Uint32Array(2),
    lists: new Uint32Array(budget),
  };
  const check = (spec: KernelSpec, constants: Record<string, number>, more: SelfTestCheck['buffers']) => ({
    steps: [{ spec, constants, params, grid: flatGrid(1), list: Uint32Array.of(0, selectionHead(0, [0])) }],
    buffers: { ...buffers, ...more },
    result: 'lists',
    expected: Uint32Array.from(best.sort((a, b) => a - b)),
  });
  const top = check(topK(numPages), {}, {});
  if (!isFused) return [top];
  // Bounds are the wanted scores in the first channel, and queries look at that alone.
  const bounds = new Float32Array(numPages * 2 * headDim);
  const qkv = new Float32Array(params.qkvStride);
  for (let head = 0; head < group; head++) qkv[head * headDim] = 1;
  for (let i = 0; i < 2 * (numPages - 1); i++) bounds[i * headDim] = scores[i >> 1]!;
  const f16 = new Uint16Array(bounds.length);
  toF16Array(bounds, f16);
  const element = elementOf(kv);
  const fused = check(
    selectPages(element),
    { HEAD_DIM: headDim, GROUP: group },
    {
      qkv,
      summaryTable: Uint32Array.from(scores.keys()),
      summaries: element === 'f16' ? f16 : bounds,
      scores: new Float32Array(numPages),
    },
  );
  return [top, fused];
}
