import { routeExperts } from '../../../src/kernels/linear/route-experts';
import { routeExperts as reference, routeWords } from '../../../src/reference/linear/route-experts';
import { randomFloats } from '../../../tools/util/random';
import type { KernelCase } from '../harness';

const shapes = [
  { rows: 1, numExperts: 128, perToken: 8, isNormalized: true },
  { rows: 300, numExperts: 7, perToken: 2, isNormalized: false },
  { rows: 17, numExperts: 4, perToken: 4, isNormalized: true },
];

export const cases = shapes.map(({ rows, numExperts, perToken, isNormalized }): KernelCase => {
  const logits = randomFloats(rows * numExperts, rows, 6);
  // Two that are equal, and far above the rest.
  logits.set([90, 90], 1);
  const numPairs = rows * perToken;
  const routes = reference(logits, numExperts, perToken, isNormalized);
  return {
    title: `${perToken} of ${numExperts} experts for ${rows} rows${isNormalized ? ', shares that sum to 1' : ''}`,
    spec: routeExperts,
    buffers: {
      logits,
      routes: new Uint32Array(2 * numPairs + numExperts + 1).fill(0xffffffff),
      shares: new Float32Array(numPairs).fill(NaN),
    },
    params: { rows, numExperts, perToken, isNormalized: Number(isNormalized) },
    grid: [1],
    expected: () => ({
      routes: routeWords(routes, numExperts),
      shares: Float32Array.from(routes.flat(), ({ share }) => share),
    }),
    tolerance: { absolute: 1e-6, relative: 1e-5 },
  };
});
