import { normalizeScores } from '../../../src/kernels/select/normalize-scores';
import { normalizeScores as reference } from '../../../src/reference/select/normalize-scores';
import { randomFloats } from '../../../tools/util/random';
import type { KernelCase } from '../harness';
import { sceneOf, shapes } from './digest-scene';

export const cases = shapes.map((shape): KernelCase => {
  const { title, group, rows, list, params: all, numLogs, numTasks } = sceneOf(shape);
  const { firstTask, firstQuery, numQueries, scoreStride } = all;
  // Some with more pages that are always chosen than there are, some with the row's own alone.
  const forced = group > 1 ? { window: 4, sinks: 2 } : { window: 1, sinks: 0 };
  const params = { firstTask, firstQuery, numQueries, scoreStride, ...forced };
  const logMasses = randomFloats(numLogs * scoreStride, 7, 40);
  // What earlier queries scored: some of it stays.
  const scores = randomFloats((1 + numTasks) * scoreStride, 8).map((x) => Math.abs(x) / 20);
  return {
    title,
    spec: normalizeScores,
    constants: { GROUP: group },
    buffers: { rows, logMasses, scores },
    params,
    grid: [numTasks],
    list,
    expected: () => {
      const wanted = scores.slice();
      reference({ ...params, group, rows, list }, logMasses, wanted);
      return { scores: wanted };
    },
    tolerance: { absolute: 1e-5, relative: 1e-4 },
  };
});
