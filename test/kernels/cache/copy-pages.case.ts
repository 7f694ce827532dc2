import { flatGrid } from '../../../src/gpu/recorder';
import { copyPages } from '../../../src/kernels/cache/copy-pages';
import { copyPages as reference } from '../../../src/reference/cache/copy-pages';
import { shuffled } from '../attention/kv-fixture';
import type { KernelCase } from '../harness';

const shapes = [
  [1, 128],
  [17, 256],
  [40, 1284],
] as const;

export const cases = shapes.flatMap(([numPages, wordsPerPage]): KernelCase[] => {
  const source = shuffled(2 * numPages * wordsPerPage, 1);
  const destination = shuffled(2 * numPages * wordsPerPage, 2);
  const order = shuffled(2 * numPages, 3);
  const pairs = new Uint32Array(2 * numPages);
  const shared = {
    params: { numPages, wordsPerPage },
    grid: flatGrid(numPages),
    list: pairs,
    tolerance: { absolute: 0 },
  };
  for (let i = 0; i < numPages; i++) pairs.set([order[i]!, order[numPages + i]!], 2 * i);
  return [
    {
      ...shared,
      title: `${numPages} pages of ${wordsPerPage} words`,
      spec: copyPages,
      buffers: { source, destination },
      expected: () => ({ destination: reference(source, destination, pairs, wordsPerPage) }),
    },
  ];
});
