import { rotateQueries, rotateQueriesGrid } from '../../../src/kernels/select/rotate-queries';
import { rotateQuery } from '../../../src/reference/select/rotate-queries';
import { randomFloats } from '../../../tools/util/random';
import type { KernelCase } from '../harness';

const shapes = [
  { headDim: 8, numHeads: 1, ringSize: 0 },
  { headDim: 32, numHeads: 8, ringSize: 16 },
  { headDim: 64, numHeads: 3, ringSize: 4 },
  { headDim: 80, numHeads: 2, ringSize: 0 },
  { headDim: 96, numHeads: 2, ringSize: 16 },
  { headDim: 128, numHeads: 5, ringSize: 3 },
  { headDim: 256, numHeads: 1, ringSize: 3 },
  { headDim: 512, numHeads: 1, ringSize: 0 },
] as const;

export const cases = shapes.map(({ headDim, numHeads, ringSize }): KernelCase => {
  const qkvStride = (numHeads + 2) * headDim;
  // The last row is nought.
  const qkv = randomFloats(4 * qkvStride, headDim);
  qkv.fill(0, 3 * qkvStride);
  const rows = Uint32Array.from([1, 9, 2, 1, 0, 9, 0, 1, 1, 9, 1, 1]);
  const places =
    ringSize > 0 ? [0, 1, 2].map((row) => 1 + rows[4 * row]! * ringSize + rows[4 * row + 2]!) : [0, 1, 2];
  const queries = new Uint32Array((1 + 2 * Math.max(ringSize, 2)) * numHeads * (headDim / 4 + 2)).fill(9);
  const scale = headDim ** -0.5;
  return {
    title: `${numHeads} heads of ${headDim}, ring of ${ringSize}`,
    spec: rotateQueries,
    constants: { HEAD_DIM: headDim },
    buffers: { qkv, rows, queries },
    params: { qkvStride, numHeads, firstRow: 1, ringOffset: 1, ringSize, scale },
    grid: rotateQueriesGrid(numHeads, 3),
    expected: () => {
      const wanted = queries.slice();
      places.forEach((place, row) => {
        for (let head = 0; head < numHeads; head++) {
          const start = (1 + row) * qkvStride + head * headDim;
          rotateQuery(qkv.slice(start, start + headDim), scale, wanted, place * numHeads + head);
        }
      });
      return { queries: wanted };
    },
    tolerance: { absolute: 0 },
  };
});
