/** Scores of pages and the highest of them in one dispatch: for lists that one workgroup a head reads fast enough. */
import portable from '../../../shaders/lib/order-portable.wgsl';
import subgroups from '../../../shaders/lib/order-subgroups.wgsl';
import forcedPages from '../../../shaders/lib/forced-pages.wgsl';
import pageBound from '../../../shaders/lib/page-bound.wgsl';
import radixSelect from '../../../shaders/lib/radix-select.wgsl';
import shader from '../../../shaders/select/select-pages.wgsl';
import type { KernelSpec } from '../../gpu/kernel';
import type { KvElement } from '../attention/kv-format';
import { kvLibrary } from '../attention/kv-library';
import { pageScore } from './page-score';

/**
 * What `pageScore` and then `topK` do, with the parameters of both; tasks are of one slab, and `firstTask` is where their scores
 * begin. Grid: `flatGrid(numTasks)`.
 */
export function selectPages(format: KvElement) {
  const common = [pageBound, forcedPages, radixSelect, shader] as const;
  return {
    name: `select/select-pages:${format}`,
    bindings: {
      ...pageScore(format).bindings,
      listState: 'read_write',
      lists: 'read_write',
    },
    params: {
      numTasks: 'u32',
      kvHeads: 'u32',
      budget: 'u32',
      listOffset: 'u32',
      numLists: 'u32',
      listCapacity: 'u32',
      ...pageScore(format).params,
    },
    constants: { HEAD_DIM: 64, GROUP: 1, threads: 256 },
    hasList: true,
    variants: [
      {
        name: 'subgroups',
        sources: [subgroups, kvLibrary[format], ...common],
        requires: ['subgroups'],
        except: ['software'],
      },
      { name: 'portable', sources: [portable, kvLibrary[format], ...common] },
    ],
  } as const satisfies KernelSpec;
}
