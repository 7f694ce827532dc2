import { heldMass } from '../../../src/kernels/select/held-mass';
import { loadKv } from '../../../src/reference/cache/kv-data';
import { loadPacked } from '../../../src/reference/cache/pack-pages';
import { heldMass as reference } from '../../../src/reference/select/held-mass';
import { randomFloats } from '../../../tools/util/random';
import { randomKv, randomPacked, shuffled } from '../attention/kv-fixture';
import type { KernelCase } from '../harness';

const shapes = [
  { format: 'f16', headDim: 8, group: 1, kvHeads: 1, length: 33 },
  { format: 'f16', headDim: 80, group: 7, kvHeads: 3, length: 1041 },
  { format: 'f32', headDim: 32, group: 2, kvHeads: 4, length: 2000 },
  { format: 'int8', headDim: 96, group: 3, kvHeads: 2, length: 592 },
] as const;

export const cases = shapes.map(({ format, headDim, group, kvHeads, length }): KernelCase => {
  const position = length - 1;
  const lastPage = position >> 4;
  const maxPages = lastPage + 3;
  const [numSlots, listCapacity, row, firstTask] = [5, 9, 1, 2];
  const [numLists, listOffset, tableOffset, massOffset] = [2 * kvHeads, kvHeads, maxPages * kvHeads, 3];
  const qkvStride = (group + 2) * kvHeads * headDim;
  const scale = headDim ** -0.5;
  const qkv = randomFloats(2 * qkvStride, 1, 2);
  const pool =
    format === 'int8' ? randomPacked(numSlots, headDim, 2) : randomKv(format, numSlots * 32 * headDim, 2);
  const blockTable = new Uint32Array(2 * maxPages * kvHeads).fill(0xffffffff);
  const scoreStride = maxPages + 1;
  const logMasses = randomFloats((firstTask + kvHeads) * group * scoreStride, 3, 4);
  const lists = new Uint32Array(2 * numLists * listCapacity);
  const listState = new Uint32Array(2 * 2 * numLists);
  const slotOf = (kvHead: number) => (kvHead + 2) % numSlots;
  const count = Math.min(listCapacity, lastPage + 1);
  // Held: chosen when there was a page less; now: the last page and others.
  const heads = Array.from({ length: kvHeads }, (_, kvHead) => {
    blockTable[tableOffset + kvHead * maxPages + lastPage] = slotOf(kvHead);
    const some = (seed: number, end: number) =>
      [...shuffled(end, seed)]
        .slice(0, count - 1)
        .concat(end)
        .sort((a, b) => a - b);
    const [now, held] = [some(kvHead + 1, lastPage), some(kvHead + 9, lastPage - 1)];
    [now, held].forEach((pages, target) => {
      const index = target * numLists + listOffset + kvHead;
      lists.set(pages, index * listCapacity);
      listState.set([pages.length, target === 0 ? lastPage + 1 : lastPage], 2 * index);
    });
    return { kvHead, now, held };
  });
  // The order of the tasks, not of the heads.
  const order = [...heads].reverse();
  const masses = new Float32Array(2 * (massOffset + kvHeads)).fill(-1);
  const key = (slot: number, token: number, channel: number) =>
    format === 'int8'
      ? loadPacked({ words: pool as Uint32Array, headDim }, slot, token, channel)
      : loadKv(pool, (slot * 32 + token) * headDim + channel);
  return {
    title: `${length} tokens, headDim ${headDim}, group ${group}, ${format}`,
    spec: heldMass(format),
    constants: { HEAD_DIM: headDim, GROUP: group },
    buffers: { qkv, pool, blockTable, logMasses, lists, listState, masses },
    params: {
      row,
      position,
      qkvStride,
      tableOffset,
      maxPages,
      firstTask,
      scoreStride,
      numLists,
      listOffset,
      listCapacity,
      now: 0,
      held: 1,
      massOffset,
      scale,
    },
    grid: [kvHeads],
    list: Uint32Array.from(order, ({ kvHead }) => kvHead),
    expected: () => {
      const wanted = masses.slice();
      order.forEach(({ kvHead, now, held }, task) => {
        const sums = [0, 0];
        for (let head = 0; head < group; head++) {
          const query = row * qkvStride + (kvHead * group + head) * headDim;
          const ownLogits = Array.from({ length: (position % 16) + 1 }, (_, token) => {
            let sum = 0;
            for (let i = 0; i < headDim; i++) sum += qkv[query + i]! * key(slotOf(kvHead), token, i);
            return sum * scale * Math.LOG2E;
          });
          const start = ((firstTask + task) * group + head) * scoreStride;
          const logs = logMasses.subarray(start, start + lastPage);
          const shares = reference({ logMasses: logs, ownLogits, now, held, tailStart: lastPage });
          shares.forEach((share, i) => (sums[i]! += share / group));
        }
        wanted.set(sums, 2 * (massOffset + kvHead));
      });
      return { masses: wanted };
    },
    tolerance: { absolute: 1e-5, relative: 1e-4 },
  };
});
