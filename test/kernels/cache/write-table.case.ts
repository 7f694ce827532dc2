import { writeTable, writeTableGrid } from '../../../src/kernels/cache/write-table';
import { writeTable as reference } from '../../../src/reference/cache/write-table';
import { shuffled } from '../attention/kv-fixture';
import type { KernelCase } from '../harness';

export const cases = [1, 64, 577].map((numPairs): KernelCase => {
  const table = shuffled(2 * numPairs, 1);
  const list = new Uint32Array(2 * numPairs);
  shuffled(2 * numPairs, 2)
    .subarray(0, numPairs)
    .forEach((index, i) => list.set([index, 0xffffffff - i], 2 * i));
  return {
    title: `${numPairs} pairs`,
    spec: writeTable,
    buffers: { table },
    params: { numPairs },
    grid: writeTableGrid(numPairs),
    list,
    expected: () => ({ table: reference(table, list) }),
    tolerance: { absolute: 0 },
  };
});
