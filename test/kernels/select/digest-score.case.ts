import { digestScore, digestScoreGrid } from '../../../src/kernels/select/digest-score';
import { digestScore as reference } from '../../../src/reference/select/digest-score';
import { rotateQuery } from '../../../src/reference/select/rotate-queries';
import { toF16Bits } from '../../../src/util/f16';
import { randomFloats } from '../../../tools/util/random';
import { randomKv } from '../attention/kv-fixture';
import type { KernelCase } from '../harness';
import { sceneOf, shapes } from './digest-scene';

export const cases = shapes.map((shape): KernelCase => {
  const { title, headDim, group, lengths, rows, list, summaryTable, params, ...scene } = sceneOf(shape);
  const { kvHeads, firstKvHead, numSummarySlots, scoreStride, numQueries } = params;
  const queries = new Uint32Array(scene.numPlaces * kvHeads * group * (headDim / 4 + 2));
  const heads = randomFloats(scene.numPlaces * kvHeads * group * headDim, 5, 3);
  for (let i = 0; i < scene.numPlaces * kvHeads * group; i++) {
    rotateQuery(heads.slice(i * headDim, (i + 1) * headDim), headDim ** -0.5, queries, i);
  }
  // Codes of all kinds, and scales of about 1/8.
  const words = headDim + 8;
  const noise = randomKv('f16', 2 * (kvHeads - firstKvHead) * numSummarySlots * words, 3);
  const digests = Uint32Array.from(noise, (word, i) => {
    const scale = (n: number) => toF16Bits(((word >>> n) & 255) / 2048);
    return i % words < headDim ? (word * 2654435761) >>> 0 : scale(0) | (scale(8) << 16);
  });
  const logMasses = new Float32Array(scene.numLogs * scoreStride).fill(-1);
  return {
    title,
    spec: digestScore,
    constants: { HEAD_DIM: headDim, GROUP: group },
    buffers: { queries, rows, summaryTable, digests, logMasses },
    params,
    grid: digestScoreGrid(scene.numTasks, Math.ceil(Math.max(...lengths) / 16), numQueries),
    list,
    expected: () => {
      const wanted = logMasses.slice();
      reference({ ...params, headDim, group, queries, rows, list, summaryTable, digests }, wanted);
      return { logMasses: wanted };
    },
    tolerance: { absolute: 1e-4, relative: 1e-5 },
  };
});
