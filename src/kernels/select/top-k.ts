/** The pages with the highest scores, as the lists that decode attention reads. */
import portable from '../../../shaders/lib/order-portable.wgsl';
import subgroups from '../../../shaders/lib/order-subgroups.wgsl';
import radixSelect from '../../../shaders/lib/radix-select.wgsl';
import shader from '../../../shaders/select/top-k.wgsl';
import bindings from '../../../shaders/select/top-k-bindings.wgsl';
import type { KernelSpec } from '../../gpu/kernel';

/** For few lengths of context. */
const registers = () => import('../../../shaders/select/top-k-registers.wgsl');
const naive = () => import('../../../shaders/select/top-k-naive.wgsl');

/**
 * Limits between which invocations keep scores in registers: they hold no more, and an H200 takes 15.6 µs so and 13.4 otherwise for
 * 2,048 pages, 21.6 and 32.7 for 8,128.
 */
const fewestRegisterPages = 4097;
const mostRegisterPages = 8192;

/**
 * For each task t = (row, head) of the list, the min(`budget`, pages) highest of `scores[t · scoreStride + p]`, ties to the
 * lower PageIndex, ascending by PageIndex, to `lists[(target · numLists + listOffset + sequence · kvHeads + kvHead) ·
 * listCapacity]` for each of its targets; and `listState` of that index = (their number, the page after the row's own). `head` is
 * `selectionHead(kvHead, targets)`. `budget` is in [1, listCapacity]. No row has more than `maxPages` pages. Grid:
 * `flatGrid(numTasks)`.
 */
export function topK(maxPages: number) {
  const isInRegisters = maxPages >= fewestRegisterPages && maxPages <= mostRegisterPages;
  return {
    name: isInRegisters ? 'select/top-k:registers' : 'select/top-k',
    bindings: { rows: 'read', scores: 'read', listState: 'read_write', lists: 'read_write' },
    params: {
      numTasks: 'u32',
      kvHeads: 'u32',
      budget: 'u32',
      listOffset: 'u32',
      numLists: 'u32',
      listCapacity: 'u32',
      scoreStride: 'u32',
    },
    constants: { threads: 256 },
    hasList: true,
    variants: [
      {
        name: 'subgroups',
        sources: isInRegisters
          ? [bindings, subgroups, registers]
          : [bindings, subgroups, radixSelect, shader],
        requires: ['subgroups'],
        except: ['software'],
      },
      // It runs invocations one after the other: fewer have less to add up.
      {
        name: 'software',
        sources: [bindings, portable, radixSelect, shader],
        requires: ['software'],
        constants: { threads: 16, digitBits: 4 },
      },
      { name: 'portable', sources: [bindings, portable, radixSelect, shader] },
      { name: 'naive', sources: [bindings, naive] },
    ],
  } as const satisfies KernelSpec;
}

/** A KV head, below 65,536, and the targets of its selection, below 16, as a list names them. */
export function selectionHead(kvHead: number, targets: readonly number[]): number {
  return targets.reduce((head, target) => head | (1 << (16 + target)), kvHead);
}
